"""Frozen local values and their transitions: no I/O, no SQL, no HTTP."""
