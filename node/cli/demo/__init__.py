"""``hanse demo``: three universities with invented names, from the first key to the pooled dossier."""

from node.cli.demo.run import demo

__all__ = ["demo"]
