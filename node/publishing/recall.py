"""Taking something back: a retraction or an erasure of a statement of ours, or a narrower handling of a finding.

Two steps: what will be sent is shown, to the byte, and then sent. One approver is enough. What leaves is an identifier,
the places in our own log, a code, and with a narrower handling the finding that members have already; nobody learns
anything from it that they did not know, while each hour of waiting for a second person is an hour in which what should
not have left stays where it is. Whoever shares still needs a second person, and so does whoever says something new.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, TypeAlias

import msgspec

from node.clock import midnight
from node.domain.identifiers import new_id
from node.domain.ledger import Appended
from node.domain.statements import StoredStatement
from node.errors import Code, HanseError
from node.ledger.append import append
from node.ledger.keyring import Keyring
from node.publishing.drafts import default_expiry
from node.publishing.publish import own_statement
from node.storage import circles, gone
from node.storage import ledger as logs
from node.storage.database import Transaction
from node.storage.statements import decode_stored
from protocol import statements
from protocol.identifiers import CircleId, KeyId, StatementId, VocabularyCode
from protocol.limits import MAX_ERASED
from protocol.statements import (
    DAY_SECONDS,
    Correction,
    CorrectionBody,
    Erasure,
    ErasureBody,
    Finding,
    FindingBody,
    Handling,
    Retraction,
    RetractionBody,
    Timestamp,
    kind_of,
)
from protocol.vocabulary import Vocabulary

RecallKind: TypeAlias = Literal["retract", "erase", "narrow"]

RECALLABLE: Final = frozenset({"finding", "relation", "response", "reply", "sponsored", "token"})
"""Kinds of statements that can be taken back (clause 4.17)."""
HANDLINGS: Final[tuple[Handling, ...]] = ("TLP:CLEAR", "TLP:GREEN", "TLP:AMBER", "TLP:AMBER+STRICT")
"""From the widest to the narrowest."""
NARROWER: Final = VocabularyCode("handling-changed")
"""The reason of a correction that changes nothing but the handling."""
_EPOCH: Final = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Recall:
    """What would be sent."""

    circle: CircleId
    contributor: KeyId
    target: StatementId
    kind: RecallKind
    payload: bytes
    """Exactly what is signed and appended."""


def prepare(
    tx: Transaction,
    vocabulary: Vocabulary,
    circle: CircleId,
    target: StatementId,
    kind: RecallKind,
    reason: VocabularyCode,
    now: Timestamp,
    *,
    handling: Handling | None = None,
) -> Recall:
    """What would be sent to take this statement of ours back; nothing is stored.

    Raises ``NOT_FOUND`` for what no log of ours holds any more, ``CONFLICT`` for what was taken back before,
    ``INVALID`` for a kind that cannot be, or a handling that is no narrower, ``UNKNOWN_CODE`` for no reason of the
    vocabulary.
    """
    found = own_statement(tx, circle, target, now)
    if kind_of(found.statement) not in RECALLABLE:
        raise HanseError(Code.INVALID, "a statement of this kind is not taken back.")
    if found.state == "retracted" and kind != "erase":
        raise HanseError(Code.CONFLICT, "this statement is retracted.")
    statement = _statement(tx, found, kind, reason, now, handling)
    vocabulary.require_known(statement)
    return Recall(circle, found.contributor, target, kind, statements.encode(statement))


def confirm(
    tx: Transaction, vocabulary: Vocabulary, keyring: Keyring, circle: CircleId, payload: bytes, now: Timestamp
) -> Appended:
    """Sign exactly the bytes that were shown and append them to the log in which the statement stands.

    They are compared with what would be sent now: anything else than what :func:`prepare` makes is ``INVALID``, and a
    preview of another day ``CONFLICT``. The access log is the caller's.
    """
    given = statements.decode(payload)
    if not isinstance(given, Retraction | Erasure | Correction):
        raise HanseError(Code.INVALID, "nothing but a recall is sent this way.")
    kind: RecallKind = (
        "retract" if isinstance(given, Retraction) else "erase" if isinstance(given, Erasure) else "narrow"
    )
    body = given.body
    handling = body.finding.handling if isinstance(body, CorrectionBody) and body.finding is not None else None
    target, reason = body.target, VocabularyCode(body.reason)
    again = prepare(tx, vocabulary, circle, target, kind, reason, now, handling=handling)
    if not _same(statements.decode(again.payload), given):
        raise HanseError(
            Code.CONFLICT,
            "this is not what would be sent now: the statement or the day has changed since it was shown.",
            remedy="Look at it again, then confirm.",
        )
    (appended,) = append(tx, keyring, circle, [given], now, contributor=again.contributor)
    return appended


def _statement(
    tx: Transaction,
    found: StoredStatement,
    kind: RecallKind,
    reason: VocabularyCode,
    now: Timestamp,
    handling: Handling | None,
) -> Retraction | Erasure | Correction:
    day = midnight(now)
    name = StatementId(new_id())
    longest = Timestamp((default_expiry(circles.get_roster(tx, found.circle), None, now) - _EPOCH).days * DAY_SECONDS)
    target = found.statement.id
    match kind:
        case "retract":
            body = RetractionBody(target=target, reason=reason)
            return Retraction(v=1, id=name, circle=found.circle, iat=day, exp=longest, body=body)
        case "erase":
            log = logs.find_log(tx, found.circle, found.contributor)
            corrections = [] if log is None else gone.corrections_of(tx, log.id, [target])
            indices = tuple(sorted({found.index, *corrections}))
            if len(indices) > MAX_ERASED:
                raise HanseError(Code.TOO_LARGE, f"one erasure takes away at most {MAX_ERASED} entries.")
            erased = ErasureBody(target=target, indices=indices, reason=reason)
            return Erasure(v=1, id=name, circle=found.circle, iat=day, exp=longest, body=erased)
        case "narrow":
            if reason != NARROWER:
                raise HanseError(Code.INVALID, f"the reason of a narrower handling is {NARROWER}.")
            return _narrowed(tx, found, name, day, handling)


def _narrowed(
    tx: Transaction, found: StoredStatement, name: StatementId, day: Timestamp, handling: Handling | None
) -> Correction:
    """The finding as it stands, under a narrower handling; what it holds back stays held back."""
    statement, body = found.statement, found.body
    if not isinstance(statement, Finding) or not isinstance(body, FindingBody):
        raise HanseError(Code.INVALID, "only a finding's handling is narrowed.", remedy="Retract it, or erase it.")
    if handling is None or HANDLINGS.index(handling) <= HANDLINGS.index(body.handling):
        raise HanseError(Code.INVALID, f"that handling is no narrower than {body.handling}.")
    narrowed = msgspec.structs.replace(body, handling=handling)
    corrected = CorrectionBody(target=statement.id, reason=NARROWER, finding=narrowed, relation=None)
    latest = _latest(tx, found, statement)
    return Correction(
        v=1,
        id=name,
        circle=found.circle,
        iat=day,
        exp=latest.exp,
        body=corrected,
        sd=latest.sd,
        sd_alg="sha-256",
    )


def _latest(tx: Transaction, found: StoredStatement, statement: Finding) -> Finding | Correction:
    """Whose held-back fields and whose end hold: the finding's, or its latest correction's."""
    log = logs.find_log(tx, found.circle, found.contributor)
    corrections = [] if log is None else gone.corrections_of(tx, log.id, [statement.id])
    if log is None or not corrections:
        return statement
    (jws,) = logs.read_entries(tx, log, max(corrections), max(corrections) + 1)
    last = decode_stored(jws)
    return last if isinstance(last, Correction) else statement


def _same(one: statements.Statement, other: statements.Statement) -> bool:
    """Whether two statements differ in nothing but their random identifiers."""
    return statements.encode(msgspec.structs.replace(one, id=other.id)) == statements.encode(other)
