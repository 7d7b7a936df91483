"""Tests of Hanse; mirrors the layout of the code."""
