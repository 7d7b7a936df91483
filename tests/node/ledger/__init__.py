"""Tests of our own logs and of what entries mean."""
