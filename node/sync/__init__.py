"""Pulls what members have and we lack."""
