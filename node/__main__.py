"""``python -m node``: the same as the command ``hanse``."""

from node.cli.main import run

run()
