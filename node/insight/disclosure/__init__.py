"""Disclosure control for readers beyond the members: pure rules over claims, without storage.

``docs/disclosure.md`` says what they promise and shows each attack with its outcome.

1. :mod:`~node.insight.disclosure.rules`: which set of claims may be counted in a published number.
2. :mod:`~node.insight.disclosure.divide`: how the claims of a period are divided into such sets.
3. :mod:`~node.insight.disclosure.audit`: whether a finished release keeps the rules, computed another way.
"""

from node.insight.disclosure.audit import Leak, audit
from node.insight.disclosure.divide import Axes, divide
from node.insight.disclosure.rules import reasons, rules_of

__all__ = ["Axes", "Leak", "audit", "divide", "reasons", "rules_of"]
