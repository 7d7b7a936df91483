"""Checks against implementations in other languages."""
