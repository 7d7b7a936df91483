"""Writing letters: each is made for one member, kept until that member has it, and goes nowhere else.

What a letter may say is for its kind to check before it comes here. Here it gets its form and its place in the outbox;
:mod:`node.sync.letters` brings it, or gives it to its receiver who asks.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

import msgspec

from node.domain.circles import Member, Roster
from node.domain.identifiers import new_id
from node.domain.letters import Incoming, LetterKind, Outgoing, Posted
from node.domain.settings import Settings
from node.errors import Code, HanseError
from node.ledger.keyring import Keyring
from node.storage import letters as storage
from node.storage.database import Transaction
from node.storage.vault import Vault
from protocol.canonical import encode
from protocol.identifiers import KeyId, VocabularyCode
from protocol.messages.letter import Letter, LetterId, ThreadId, encode_letter
from protocol.statements import DAY_SECONDS, Timestamp
from protocol.vocabulary import Vocabulary

DEFAULT_DAYS: Final = 30
"""How long a letter waits for its receiver, in days, unless its writer says otherwise."""
MAX_WAITING: Final = 500
"""Letters that wait for one member of one circle."""
MAX_WAITING_BYTES: Final = 8_388_608
"""The same, in bytes of their text."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What it takes to read and write letters, at one moment."""

    settings: Settings
    vault: Vault
    keyring: Keyring
    vocabulary: Vocabulary
    now: Timestamp


Handler: TypeAlias = Callable[[Transaction, Desk, Incoming], None]
"""What is done with a letter of one kind, in the transaction that remembers that it has come. Whatever it raises
(``HanseError`` or ``ProtocolError``) undoes what it did. By the peer's fault it refuses the letter for good, with the
error's code; by any other the letter is tried again."""


def put(
    tx: Transaction,
    desk: Desk,
    roster: Roster,
    receiver: Member,
    kind: LetterKind,
    thread: ThreadId,
    body: msgspec.Struct,
    *,
    days: int = DEFAULT_DAYS,
) -> LetterId:
    """Write a letter to a member; it is under way once the transaction has committed and the worker looks.

    Raises ``NO_SUCH_MEMBER`` unless both sides are members now, and ``QUOTA_EXCEEDED`` when too much waits for it.
    """
    own = roster.own_member()
    if receiver.contributor not in roster.members or receiver.identity == own.identity:
        raise HanseError(Code.NO_SUCH_MEMBER, "a letter goes to another current member of the circle.")
    letter = Letter(
        v=1,
        id=LetterId(new_id()),
        circle=roster.circle,
        to=receiver.contributor,
        iat=desk.now,
        exp=Timestamp(desk.now + days * DAY_SECONDS),
        kind=VocabularyCode(kind.value),
        thread=thread,
        body=msgspec.Raw(encode(body)),
    )
    payload = encode_letter(letter)
    count, size = storage.load(tx, roster.circle, receiver.identity, desk.now)
    if count >= MAX_WAITING or size + len(payload) > MAX_WAITING_BYTES:
        raise HanseError(
            Code.QUOTA_EXCEEDED,
            "too many letters wait for this member already.",
            remedy="It has not fetched them; tell its operator, or wait until they have run out.",
        )
    posted = Posted(
        letter.id, roster.circle, receiver.identity, thread, kind, "waiting", "", created=desk.now, settled=None
    )
    storage.add(tx, desk.vault, Outgoing(letter.id, own.contributor, payload), posted, expires=letter.exp)
    return letter.id


def offer(
    tx: Transaction,
    desk: Desk,
    roster: Roster,
    receiver: Member,
    kind: LetterKind,
    thread: ThreadId,
    body: msgspec.Struct,
    *,
    days: int = DEFAULT_DAYS,
) -> bool:
    """As :func:`put`, for one letter among several: false, and nothing written, when too much waits for its receiver.

    A member that takes no letters so stops its own and nobody else's.
    """
    try:
        put(tx, desk, roster, receiver, kind, thread, body, days=days)
    except HanseError as error:
        if error.code is not Code.QUOTA_EXCEEDED:
            raise
        return False
    return True


def new_thread() -> ThreadId:
    """The name of a new exchange."""
    return ThreadId(new_id())


def current_line(roster: Roster, identity: KeyId) -> Member | None:
    """The current member of an identity, whichever key it has now."""
    return next((member for member in roster.members.values() if member.identity == identity), None)
