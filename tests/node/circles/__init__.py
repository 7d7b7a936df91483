"""Tests of node/circles."""
