"""The client against real nodes over HTTP."""
