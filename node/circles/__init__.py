"""Circles, their rosters and what we know of peers."""
