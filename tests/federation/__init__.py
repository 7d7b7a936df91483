"""Tests of several nodes together."""
