"""Tests of signals, dossiers and queries."""
