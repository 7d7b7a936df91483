"""Vectors for what the statements of one log do to each other (clauses 4.16 to 4.18)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec
from msgspec.structs import replace

from protocol import statements
from protocol.identifiers import parse_code, parse_subject_id
from protocol.projection import Cut, interpret
from protocol.statements import DAY_SECONDS, EndorsementBody, KeyBody, Statement, Subject, Timestamp
from tests.protocol import logs, samples
from tests.protocol.samples import circle_scoped, codes, finding_body, fixed_circle, relation_body
from tests.protocol.vector_file import Case, vector_file

_MOVED: Final = replace(finding_body(), indicator=logs.OTHER_INDICATOR, strength=1)
_RELATION: Final = replace(relation_body(), subject=relation_body().object, object=relation_body().subject)

STATEMENTS: Final[Mapping[str, Statement]] = {
    "finding": logs.finding("finding"),
    "other finding": logs.finding("other finding"),
    "short finding": logs.finding("short finding", exp=logs.SHORT),
    "finding with a new code": logs.finding(
        "finding with a new code",
        replace(
            finding_body(), indicator=parse_code("of-a-later-vocabulary"), evidence_kinds=codes("of-a-later-vocabulary")
        ),
    ),
    "finding with the finding's id": logs.finding("finding", replace(finding_body(), strength=4)),
    "relation": logs.relation("relation"),
    "answer": logs.response("answer", "other", "finding"),
    "answer with the finding's id": logs.response("finding", "other", "finding"),
    "corrects the finding": logs.correction("corrects the finding", "finding", replace(finding_body(), strength=4)),
    "moves the finding": logs.correction("moves the finding", "finding", _MOVED),
    "shortens the finding": logs.correction("shortens the finding", "finding", finding_body(), exp=logs.SHORT),
    "corrects the short finding": logs.correction("corrects the short finding", "short finding", finding_body()),
    "corrects the relation": logs.correction("corrects the relation", "relation", _RELATION),
    "corrects the finding as a relation": logs.correction("as a relation", "finding", relation_body()),
    "corrects the relation as a finding": logs.correction("as a finding", "relation", finding_body()),
    "corrects the answer": logs.correction("corrects the answer", "answer", finding_body()),
    "corrects the correction": logs.correction("corrects the correction", "corrects the finding", finding_body()),
    "corrects the retraction": logs.correction("corrects the retraction", "retracts the finding", finding_body()),
    "corrects what is nowhere": logs.correction("corrects what is nowhere", "nowhere", finding_body()),
    "corrects what is nowhere with the finding's id": logs.correction("finding", "nowhere", finding_body()),
    "retracts the finding": logs.retraction("retracts the finding", "finding", exp=logs.SHORT),
    "retracts the finding again": logs.retraction("retracts the finding again", "finding"),
    "retracts the relation": logs.retraction("retracts the relation", "relation"),
    "retracts the answer": logs.retraction("retracts the answer", "answer"),
    "retracts the correction": logs.retraction("retracts the correction", "corrects the finding"),
    "retracts the retraction": logs.retraction("retracts the retraction", "retracts the finding"),
    "retracts what is nowhere": logs.retraction("retracts what is nowhere", "nowhere"),
    "endorses": samples.endorsement(),
    "endorses a card that its keys have not signed": replace(
        samples.endorsement(), body=EndorsementBody(card=f"{samples.card()[:-6]}AAAAAA")
    ),
    "votes": samples.removal(),
    "leaves": samples.leave(),
    "changes the key": samples.key(),
    "changes to a key that has not signed": replace(samples.key(), body=KeyBody(card=f"{samples.card()[:-6]}AAAAAA")),
    "retracts the endorsement": logs.retraction("retracts the endorsement", "endorsement"),
    "replies": logs.reply("replies", "finding", "relation"),
    "sponsors": logs.sponsored("sponsors"),
    "sponsors what nobody has signed": logs.spoilt(logs.sponsored("sponsors what nobody has signed")),
    "sponsors for another circle": logs.sponsored("for another circle", circle=fixed_circle("another circle")),
    "sponsors what is signed tomorrow": logs.sponsored("signed tomorrow", iat=Timestamp(samples.NOW + DAY_SECONDS)),
    "sponsors for longer than it lasts": logs.sponsored("for longer", exp=logs.SHORT),
    "signs a name": logs.attribution("signs a name", "finding"),
    "signs a name to a reply": logs.attribution("signs a name to a reply", "replies"),
    "token": logs.token("token", "finding"),
    "token of an answer": logs.token("token of an answer", "answer"),
    "key for tokens": samples.token_key(),
    "retracts the reply": logs.retraction("retracts the reply", "replies"),
    "retracts the sponsored": logs.retraction("retracts the sponsored", "sponsors"),
    "retracts the token": logs.retraction("retracts the token", "token"),
    "retracts the name": logs.retraction("retracts the name", "signs a name"),
    "corrects the sponsored": logs.correction("corrects the sponsored", "sponsors", finding_body()),
    "erases the finding": logs.erasure("erases the finding", "finding", 0),
    "erases both": logs.erasure("erases both", "finding", 0, 1),
    "erases the finding again": logs.erasure("erases the finding again", "finding", 0),
    "erases the finding elsewhere": logs.erasure("erases the finding elsewhere", "finding", 1),
    "erases beyond itself": logs.erasure("erases beyond itself", "finding", 0, 7),
    "erases the answer": logs.erasure("erases the answer", "answer", 0),
    "erases the reply": logs.erasure("erases the reply", "replies", 0),
    "erases the endorsement": logs.erasure("erases the endorsement", "endorsement", 0),
    "erases the retraction": logs.erasure("erases the retraction", "retracts the finding", 1),
    "erases what is nowhere": logs.erasure("erases what is nowhere", "nowhere", 0),
    "about a subject of the circle": logs.finding(
        "about a subject of the circle",
        replace(
            finding_body(),
            subject=Subject(id=parse_subject_id(circle_scoped("programme")), label="A programme of Farhaven"),
            scope=parse_code("advanced-sensing"),
        ),
    ),
}

_Log = Sequence[str | None]
_READ: Final[Sequence[tuple[str, str, _Log]]] = (
    ("an empty log", "4.18", ()),
    (
        "one of each kind",
        "4.18",
        ("finding", "relation", "answer", "corrects the finding", "retracts the relation"),
    ),
    ("findings on three claims", "4.18", ("finding", "about a subject of the circle", "finding with a new code")),
    ("an answer to what is not held", "4.18", ("answer",)),
    ("an entry that cannot be read between", "4.18", ("finding", None, "corrects the finding", None)),
    ("a corrected finding", "4.16", ("finding", "corrects the finding")),
    ("a corrected relation", "4.16", ("relation", "corrects the relation")),
    ("a correction to another claim", "4.16", ("finding", "moves the finding")),
    ("the latest correction holds", "4.16", ("finding", "moves the finding", "corrects the finding")),
    ("the latest correction holds, the other way", "4.16", ("finding", "corrects the finding", "moves the finding")),
    ("a correction that ends early", "4.16", ("finding", "shortens the finding")),
    ("a later correction puts nothing off", "4.16", ("finding", "shortens the finding", "corrects the finding")),
    ("a correction that ends after its target", "4.16", ("short finding", "corrects the short finding")),
    ("a retracted finding", "4.17", ("finding", "retracts the finding")),
    ("a retracted relation", "4.17", ("relation", "retracts the relation")),
    ("a retracted answer", "4.17", ("answer", "retracts the answer")),
    ("what is said about membership", "4.20", ("endorses", "votes", "changes the key", "leaves")),
    ("a finding corrected, then retracted", "4.17", ("finding", "moves the finding", "retracts the finding")),
    ("a reply", "4.21", ("replies",)),
    ("a retracted reply", "4.17", ("replies", "retracts the reply")),
    ("an erased finding", "4.22", ("finding", "erases the finding")),
    (
        "a corrected finding, erased",
        "4.22",
        ("finding", "moves the finding", "erases both"),
    ),
    ("a retracted finding, erased", "4.22", ("finding", "retracts the finding", "erases the finding")),
    ("an erased answer", "4.22", ("answer", "erases the answer")),
    ("an erased reply", "4.22", ("replies", "erases the reply")),
    ("a sponsored finding", "4.24", ("sponsors",)),
    ("a sponsored finding, withdrawn by its sponsor", "4.24", ("sponsors", "retracts the sponsored")),
    ("a name signed to a finding", "4.23", ("finding", "signs a name")),
    ("a person's token", "4.25", ("finding", "token")),
    ("a withdrawn token", "4.25", ("finding", "token", "retracts the token")),
    ("an operator's key", "4.25", ("key for tokens",)),
    ("an erasure of what is not here any more", "4.22", ("gone", "erases the finding")),
    ("what acts on what is not here any more", "4.22", ("gone", "moves the finding", "retracts the finding", "token")),
)
_REFUSED: Final[Sequence[tuple[str, str, _Log]]] = (
    ("an identifier twice", "4.18", ("finding", "finding with the finding's id", "other finding")),
    ("one statement twice", "4.18", ("finding", "finding")),
    ("one identifier for two kinds", "4.18", ("finding", "answer with the finding's id")),
    ("an identifier after its retraction", "4.18", ("finding", "retracts the finding", "finding")),
    ("a second identifier outweighs its target", "4.18", ("finding", "corrects what is nowhere with the finding's id")),
    (
        "a correction acts on the first of two",
        "4.18",
        ("finding", "answer with the finding's id", "corrects the finding"),
    ),
    (
        "the identifier of an unreadable statement is free",
        "4.18",
        ("corrects the finding", "finding", "corrects the finding"),
    ),
    ("a correction of nothing", "4.18", ("corrects what is nowhere", "finding")),
    ("a correction before its target", "4.18", ("moves the finding", "finding")),
    ("a finding corrected as a relation", "4.16", ("finding", "corrects the finding as a relation")),
    ("a relation corrected as a finding", "4.16", ("relation", "corrects the relation as a finding")),
    ("a corrected answer", "4.16", ("answer", "corrects the answer")),
    ("a corrected correction", "4.16", ("finding", "corrects the finding", "corrects the correction")),
    ("a corrected retraction", "4.16", ("finding", "retracts the finding", "corrects the retraction")),
    ("a finding erased twice", "4.22", ("finding", "erases the finding", "erases the finding again")),
    ("a retraction of what was erased", "4.22", ("finding", "erases the finding", "retracts the finding")),
    ("an erasure that names another entry", "4.22", ("other finding", "finding", "erases the finding")),
    ("an erasure that names what is to come", "4.22", ("finding", "erases beyond itself")),
    ("an erasure of nothing", "4.22", ("finding", "erases what is nowhere")),
    ("an erased endorsement", "4.22", ("endorses", "erases the endorsement")),
    ("an erased retraction", "4.22", ("finding", "retracts the finding", "erases the retraction")),
    (
        "an erasure of what is not here, which names what is",
        "4.22",
        ("gone", "finding", "erases the finding elsewhere", "erases what is nowhere"),
    ),
    ("a corrected sponsored finding", "4.24", ("sponsors", "corrects the sponsored")),
    ("a sponsored finding that nobody has signed", "4.24", ("sponsors what nobody has signed",)),
    ("a sponsored finding for another circle", "4.24", ("sponsors for another circle",)),
    ("a sponsored finding that is signed later", "4.24", ("sponsors what is signed tomorrow",)),
    ("a sponsored finding that ends before", "4.24", ("sponsors for longer than it lasts",)),
    ("a name signed to a reply", "4.23", ("replies", "signs a name to a reply")),
    ("a withdrawn name", "4.23", ("finding", "signs a name", "retracts the name")),
    ("a token beside an answer", "4.25", ("answer", "token of an answer")),
    ("a retraction of nothing", "4.18", ("retracts what is nowhere", "finding")),
    ("a retraction before its target", "4.18", ("retracts the finding", "finding")),
    ("a retracted correction", "4.17", ("finding", "corrects the finding", "retracts the correction")),
    ("a retracted retraction", "4.17", ("finding", "retracts the finding", "retracts the retraction")),
    ("an endorsement of a card that is none", "4.20", ("endorses a card that its keys have not signed", "finding")),
    ("a key that has not signed", "4.20", ("changes to a key that has not signed", "changes the key")),
    ("a retracted endorsement", "4.17", ("endorses", "retracts the endorsement")),
    ("a second retraction", "4.17", ("finding", "retracts the finding", "retracts the finding again")),
    ("a correction after the retraction", "4.17", ("finding", "retracts the finding", "moves the finding")),
    (
        "what acts on nothing shortens nothing",
        "4.18",
        ("finding", "retracts the finding", "shortens the finding", "corrects the correction"),
    ),
)


_OPEN: Final = Cut()
_CUT: Final[Sequence[tuple[str, str, _Log, Cut]]] = (
    ("a finding beyond the cut", "6.14", ("finding", "other finding"), Cut(void_from=1)),
    ("a correction beyond the cut", "6.14", ("finding", "moves the finding"), Cut(void_from=1)),
    (
        "the latest correction before the cut holds",
        "6.14",
        ("finding", "shortens the finding", "moves the finding"),
        Cut(void_from=2),
    ),
    ("a retraction beyond the cut", "6.14", ("finding", "retracts the finding"), Cut(void_from=1)),
    ("an answer retracted beyond the cut", "6.14", ("answer", "retracts the answer"), Cut(void_from=1)),
    ("everything", "6.14", ("finding", "answer", "corrects the finding"), Cut(void_from=0)),
    (
        "after a change of keys",
        "6.14",
        ("finding", "changes the key", "other finding", "relation", "answer", "moves the finding"),
        Cut(closed_from=1),
    ),
    (
        "an erasure after a change of keys",
        "6.14",
        ("finding", "changes the key", "sponsors", "replies", "erases the finding"),
        Cut(closed_from=1),
    ),
    ("an erasure beyond the cut", "6.14", ("finding", "erases the finding"), Cut(void_from=1)),
    (
        "after a change of keys, and cut",
        "6.14",
        ("finding", "changes the key", "moves the finding", "retracts the finding"),
        Cut(void_from=3, closed_from=1),
    ),
    (
        "what is said about membership is never void",
        "6.14",
        ("endorses", "votes", "changes the key", "leaves"),
        Cut(void_from=0, closed_from=0),
    ),
    ("an identifier is taken by a void statement too", "6.14", ("finding", "finding"), Cut(void_from=0)),
)


def payloads(named: Mapping[str, Statement]) -> dict[str, str]:
    """The statements of a file by the names that its logs use."""
    return {name: statements.encode(statement).decode() for name, statement in named.items()}


def _case(name: str, clause: str, log: _Log, cut: Cut = _OPEN) -> Case:
    reading = interpret(logs.entries(log, STATEMENTS), {}, cut)
    return Case(
        name,
        clause,
        {
            "log": list(log),
            "cut": msgspec.to_builtins(cut),
            "rows": [msgspec.to_builtins(row) for row in reading.new.values()],
            "unreadable": [{"index": each.index, "code": each.code} for each in reading.unreadable],
        },
    )


def projections() -> bytes:
    """Logs, and what becomes of each entry."""
    about = (
        "Logs from index 0 on, by the names of their statements; null is an entry that cannot be read (8.6, here "
        "malformed), gone one whose content is not here any more (8.14). A row is a statement as it stands after the "
        "last entry: exp is when it ends; subject, object, "
        "indicator and scope are those of its latest body, of a correction those that it brings, of a retraction those "
        "of its target; answers are the targets of a reply; corrected_by, "
        "retracted_by and erased_by are indices. What is unreadable has no row and acts on nothing; "
        "what the log's cut voids (6.14) has one, and acts on nothing either."
    )
    cases = [_case(*each) for each in (*_READ, *_REFUSED)]
    cases += [_case(name, clause, log, cut) for name, clause, log, cut in _CUT]
    return vector_file(about, {}, cases, statements=payloads(STATEMENTS))


FILES: Final[dict[str, Callable[[], bytes]]] = {"vectors/projections.json": projections}
