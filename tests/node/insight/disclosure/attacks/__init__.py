"""Attacks on releases, each against a node with a real database and a circle of six."""
