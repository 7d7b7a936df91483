"""Which organisations a name or an affiliation means: links where that is safe, suggestions for a person elsewhere.

=============== =====================================================================================
``text``        the words of a text: folded, made one across languages, in their parts
``vocabulary``  the lists behind that
``index``       the registry's names by their words
``mentions``    where in a text a name may stand
``places``      which countries a text names
``candidates``  the organisations that these may mean, in a rough order
``differences`` by which words a name and the text differ
``features``    what speaks for and against each organisation, as numbers with names
``second``      more numbers, from what the first look gave the others of the text
``model``       one weight for each number, and the probability they give together
``resolve``     links, suggestions and their reasons in words: :func:`matches`
``store``       the index of the node's own registry, kept on disk: :class:`Names`
``files``       an index straight from registry files
=============== =====================================================================================

``docs/names.md`` says how well it works and where it does not. A country tells namesakes apart and is used for
nothing else.
"""

from node.subjects.matching.resolve import Match, Matcher, Mode, Suggestion, matches
from node.subjects.matching.store import Names

__all__ = ["Match", "Matcher", "Mode", "Names", "Suggestion", "matches"]
