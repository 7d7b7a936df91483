"""TAXII 2.1, read-only, at ``/taxii2/``: the circles of this node as collections of STIX 2.1 objects.

``docs/taxii.md`` says what a client finds here. Clauses in the code are those of TAXII Version 2.1, OASIS Standard.
"""

from node.api.taxii.messages import PREFIX, renderer
from node.api.taxii.routes import build

__all__ = ["PREFIX", "build", "renderer"]
