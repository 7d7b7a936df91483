"""Tests of the registry, of search and of name resolution."""
