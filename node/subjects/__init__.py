"""The registry of organisations: load, search, resolve."""
