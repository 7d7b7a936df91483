"""The words for ties: how one is said from either end, where it comes from, and how well it is known."""

from collections.abc import Mapping
from typing import Final

from node.domain.graph import Border, Knowledge, Origin, Tie
from node.web import words
from node.web.formats import counted
from protocol.identifiers import SubjectId, VocabularyCode
from protocol.vocabulary import Vocabulary

ORIGIN_WORDS: Final[Mapping[Origin, str]] = {
    "registry": "in the registry",
    "pooled": "observed by members",
    "private": "private to us",
}
REGISTRY_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "parent": ("is part of", "has as a part"),
    "child": ("has as a part", "is part of"),
    "related": ("is related to", "is related to"),
    "predecessor": ("continues", "was continued by"),
    "successor": ("was continued by", "continues"),
}
"""The registry's words, said of the subject and of the object."""
BORDER_WORDS: Final[Mapping[Border, str]] = {
    "crosses": "crosses a border",
    "stays": "stays in one country",
    "unknown": "whether it crosses a border is unknown",
}
KNOWLEDGE_WORDS: Final[Mapping[Knowledge, str]] = {
    "nobody-alone": "No single node knew this path.",
    "one-member": "One member knew all of this path.",
    "ourselves": "We knew all of this path ourselves.",
    "public": "All of this path is in the public registry.",
    "not-said": "It joins several circles; who knew how much of it is not said.",
}


def phrase(tie: Tie, here: SubjectId, vocabulary: Vocabulary) -> str:
    """How the other end is tied, as a sentence that begins with ``here``."""
    forwards = tie.subject == here
    if tie.origin == "registry":
        both = REGISTRY_WORDS.get(tie.relation, (tie.relation, f"{tie.relation} (stated of)"))
        return both[0] if forwards else both[1]
    known = vocabulary.relations.get(VocabularyCode(tie.relation))
    if known is None:
        return tie.relation if forwards else f"{tie.relation} (stated of)"
    return known.label if forwards else known.inverse_label


def evidence(tie: Tie) -> str:
    """How well a tie is known, in the words of a signal."""
    if tie.own is not None:
        return f"our own note, grade {tie.own.grade.reliability}{tie.own.grade.credibility}"
    if tie.signal is None:
        return "stated by the registry"
    if tie.signal.likelihood == "unknown":
        return "stated, but nothing counts for it"
    roots = counted(tie.signal.roots, "independent source")
    return f"{words.likelihood(tie.signal).lower()}, {tie.signal.confidence} confidence; {roots}"
