"""A typed client for the analysts' API of a Hanse node."""
