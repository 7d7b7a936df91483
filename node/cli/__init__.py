"""The command ``hanse``: one module per group of commands."""
