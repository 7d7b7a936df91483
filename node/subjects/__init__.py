"""The registry of organisations, name resolution, and subjects that a circle names itself.

Siblings use these names; the modules behind them are free to change.
"""

from node.subjects.find import get, label_of, resolve_exact, search, subject_named
from node.subjects.load import load
from node.subjects.mint import mint

__all__ = ["get", "label_of", "load", "mint", "resolve_exact", "search", "subject_named"]
