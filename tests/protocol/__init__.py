"""Tests of the protocol package: vectors, properties, garbage."""
