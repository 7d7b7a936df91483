"""The HTTP API: for members under /federation, for analysts under /api."""
