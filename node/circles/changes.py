"""Changing who is a member: endorse, vote for a removal, leave, change one's key.

Each is a statement in our log, seen by every member and never taken back, so it is made in two steps. Preparing gives
the exact bytes that will be signed, and what they do in words; confirming signs these bytes and no others. What is
confirmed on another day, or after the circle has changed so that it means something else, is prepared anew.

What lives here: the checks of the one who speaks. What does not: what the statement comes to, which every node
computes for itself (:mod:`protocol.membership`).
"""

from collections.abc import Sequence

from node.circles.found import card as make_card
from node.clock import midnight
from node.domain.circles import Member, Prepared, Roster
from node.domain.identifiers import new_id
from node.domain.ledger import Appended
from node.domain.settings import Settings
from node.errors import Code, HanseError
from node.ledger.append import append
from node.ledger.keyring import Keyring
from node.storage import circles, pins
from node.storage import ledger as logs
from node.storage import membership as facts
from node.storage.database import Transaction
from protocol import statements
from protocol.errors import ProtocolError
from protocol.identifiers import CircleId, KeyId, StatementId, VocabularyCode
from protocol.keys import PublicKey
from protocol.limits import MAX_KEY_CHANGES
from protocol.messages.card import NodeCard, fingerprint, open_card_for
from protocol.statements import (
    DAY_SECONDS,
    Endorsement,
    EndorsementBody,
    Key,
    KeyBody,
    Leave,
    LeaveBody,
    MembershipBody,
    Removal,
    RemovalBody,
    Statement,
    Timestamp,
    TokenKey,
    TokenKeyBody,
)
from protocol.vocabulary import Vocabulary


def prepare_endorse(tx: Transaction, circle: CircleId, card: bytes, now: Timestamp) -> Prepared:
    """Vouch for the institution whose card this is.

    Raises ``INVALID`` for a card that its keys have not signed or that is our own, ``NOT_CONFIRMED`` where nobody here
    has confirmed its identity key, ``CONFLICT`` where it is endorsed or admitted already.
    """
    _open(card, circle)  # only then is it ASCII
    return _prepared(tx, circle, now, EndorsementBody(card=card.decode("ascii")))


def prepare_remove(
    tx: Transaction,
    vocabulary: Vocabulary,
    circle: CircleId,
    target: KeyId,
    from_index: int,
    reason: VocabularyCode,
    now: Timestamp,
) -> Prepared:
    """Vote to end the membership of one key, and to void what its log holds from ``from_index`` on.

    Raises ``NO_SUCH_MEMBER`` for a key that was never admitted, ``INVALID`` for one of our own.
    """
    made = _prepared(tx, circle, now, RemovalBody(target=target, from_index=from_index, reason=reason))
    vocabulary.require_known(made.statement)
    return made


def prepare_leave(tx: Transaction, circle: CircleId, now: Timestamp) -> Prepared:
    """End our own membership. What we have said stays, and stays readable."""
    return _prepared(tx, circle, now, LeaveBody())


def prepare_rotate(tx: Transaction, keyring: Keyring, settings: Settings, circle: CircleId, now: Timestamp) -> Prepared:
    """Go on under a new contributor key, made here, with the name and address of today.

    Raises ``IDENTITY_OFFLINE`` where the identity key is away: it has to sign the card that names the new key.
    """
    circles.get_roster(tx, circle).own_member()  # before a key is made in vain
    card = make_card(keyring, settings, circle)
    return _prepared(tx, circle, now, KeyBody(card=card.decode("ascii")))


def read_prepared(tx: Transaction, circle: CircleId, payload: bytes, now: Timestamp) -> Prepared:
    """What was prepared, from the bytes that were shown; checked as if it were prepared now.

    Raises ``INVALID`` for bytes that are no such statement of this circle, ``CONFLICT`` for those of another day.
    """
    try:
        statement = statements.decode(payload)
    except ProtocolError as error:
        raise HanseError(Code.INVALID, f"this is no statement: {error.detail}.") from error
    if statement.circle != circle:
        raise HanseError(Code.INVALID, "this statement is for another circle.")
    if statement.iat != midnight(now):
        raise HanseError(
            Code.CONFLICT, "this was prepared on another day.", remedy="Prepare it again, look at it, then confirm."
        )
    roster = circles.get_roster(tx, circle)
    if statement.exp != _exp(roster, now):
        raise HanseError(Code.INVALID, "this statement was not prepared here.")
    return Prepared(statement, payload, tuple(_words(tx, roster, statement)))


def confirm(tx: Transaction, keyring: Keyring, circle: CircleId, payload: bytes, now: Timestamp) -> Appended:
    """Sign exactly these bytes and put them into our log, in the caller's transaction.

    Everything is checked once more; raises as the preparation does, and as :func:`node.ledger.append.append`.
    """
    prepared = read_prepared(tx, circle, payload, now)
    following = None
    if isinstance(prepared.statement, Key):
        following = keyring.contributor(
            _open(prepared.statement.body.card.encode("ascii"), circle).key_id
        ).public.key_id
    (appended,) = append(tx, keyring, circle, [prepared.statement], now)
    if following is not None:
        # Named this moment, in a log that was compared with what members hold: nobody can hold anything of it.
        keyring.confirm_log(following, 0)
    return appended


def _prepared(
    tx: Transaction,
    circle: CircleId,
    now: Timestamp,
    body: MembershipBody,
) -> Prepared:
    roster = circles.get_roster(tx, circle)
    statement = _statement(roster, body, now)
    words = tuple(_words(tx, roster, statement))
    try:
        return Prepared(statement, statements.encode(statement), words)
    except ProtocolError as error:
        raise HanseError(Code.INVALID, f"this cannot become a statement: {error.detail}.") from error


def _statement(roster: Roster, body: MembershipBody, now: Timestamp) -> Statement:
    name, iat, exp = StatementId(new_id()), midnight(now), _exp(roster, now)
    match body:
        case EndorsementBody():
            return Endorsement(v=1, id=name, circle=roster.circle, iat=iat, exp=exp, body=body)
        case RemovalBody():
            return Removal(v=1, id=name, circle=roster.circle, iat=iat, exp=exp, body=body)
        case LeaveBody():
            return Leave(v=1, id=name, circle=roster.circle, iat=iat, exp=exp, body=body)
        case KeyBody():
            return Key(v=1, id=name, circle=roster.circle, iat=iat, exp=exp, body=body)
        case TokenKeyBody():
            return TokenKey(v=1, id=name, circle=roster.circle, iat=iat, exp=exp, body=body)


def _exp(roster: Roster, now: Timestamp) -> Timestamp:
    """The longest life that the charter allows. What it says of membership outlives it: that knows no clock."""
    return Timestamp(midnight(now) + roster.charter.retention_days * DAY_SECONDS)


def _words(tx: Transaction, roster: Roster, statement: Statement) -> Sequence[str]:
    """What a statement would do, once it has passed every check that its kind needs."""
    roster.own_member()
    match statement:
        case Endorsement(body=vouched):
            return _endorsing(tx, roster, vouched.card.encode("ascii"))
        case Removal(body=vote):
            return _removing(tx, roster, vote)
        case Leave():
            return (
                (
                    f"We leave {roster.charter.name}. Members no longer answer us or ask us, and nothing that we sign "
                    "here afterwards counts."
                ),
                "What we have said so far stays with the members and keeps its weight until it expires.",
                "To come back, we would need a fresh card and the endorsement of members.",
            )
        case Key(body=change):
            return _rotating(roster, _open(change.card.encode("ascii"), roster.circle))
        case _:
            raise HanseError(Code.INVALID, "this statement is not about membership.")


def _endorsing(tx: Transaction, roster: Roster, card: bytes) -> Sequence[str]:
    content = _open(card, roster.circle)
    identity = PublicKey.decode(content.identity_key)
    if identity.key_id == roster.own_member().identity:
        raise HanseError(Code.INVALID, "this card is our own.", remedy="Other members have to endorse it.")
    if not pins.is_confirmed(tx, identity.key_id):
        raise HanseError(
            Code.NOT_CONFIRMED,
            f"nobody here has confirmed the identity key of {content.name}.",
            remedy="Compare its fingerprint with them first: `hanse peer confirm`, or the page of peers.",
        )
    if content.key_id in roster.lines:
        raise HanseError(Code.CONFLICT, f"{content.name} is or was a member under the key on this card.")
    mine = [
        fact
        for fact in facts.facts(tx, roster.circle)
        if fact.contributor in roster.own_keys
        and isinstance(fact.statement, Endorsement)
        and fact.statement.body.card.encode("ascii") == card
    ]
    if mine:
        raise HanseError(Code.CONFLICT, f"we have endorsed this card of {content.name} already.")
    words = [
        (
            f"We vouch to every member of {roster.charter.name} that this is {content.name}, at {content.url}, with "
            f"the identity key {fingerprint(identity)}."
        ),
        (
            f"It becomes a member once {counted(roster.charter.endorsement_quorum)} have endorsed this very card. "
            "It then receives everything that members have shared and share in this circle."
        ),
        "An endorsement is not taken back; a member is removed by votes.",
    ]
    words += [
        f"{line.name} is a member under another key now. That key stays one until it is changed or removed."
        for line in roster.members.values()
        if line.identity == identity.key_id
    ]
    return words


def _removing(tx: Transaction, roster: Roster, vote: RemovalBody) -> Sequence[str]:
    line = roster.lines.get(vote.target)
    if line is None:
        raise HanseError(Code.NO_SUCH_MEMBER, f"{vote.target} was never admitted to this circle.")
    if line.identity == roster.own_member().identity:
        raise HanseError(
            Code.INVALID,
            "this key is our own.",
            remedy="Leave the circle, or change the key; if it was stolen, ask other members to vote for its removal.",
        )
    log = logs.find_log(tx, roster.circle, vote.target)
    held = 0 if log is None else log.size
    if vote.from_index > held:
        raise HanseError(
            Code.INVALID,
            f"of this log {held} entries are held here, so nobody here has seen entry {vote.from_index}.",
            remedy=f"Give an index of at most {held}: what comes after it, also unseen, is void then.",
        )
    return (
        (
            f"We vote to end the membership of {line.name} under the key {line.pseudonym}. It ends when "
            f"{counted(roster.charter.removal_quorum)} have voted so; {_so_far(tx, roster, line)} so far."
        ),
        _voided(vote.from_index, held),
        "It may come back under a fresh key that enough members endorse. A vote is not taken back.",
    )


def _voided(from_index: int, held: int) -> str:
    if from_index >= held:
        return (
            f"Everything that we hold of its log ({held} entries) keeps its weight; what is added from entry "
            f"{from_index} on is void for everybody."
        )
    return (
        f"What it has said before entry {from_index} keeps its weight. From that entry on everything is void for "
        f"everybody: of what we hold, {held - from_index} of {held} entries."
    )


def _so_far(tx: Transaction, roster: Roster, line: Member) -> int:
    return len(
        {
            roster.voice(fact.contributor)
            for fact in facts.facts(tx, roster.circle)
            if isinstance(fact.statement, Removal)
            and fact.statement.body.target == line.contributor
            and fact.contributor in roster.lines
        }
    )


def _rotating(roster: Roster, card: NodeCard) -> Sequence[str]:
    own = roster.own_member()
    if PublicKey.decode(card.identity_key).key_id != own.identity:
        raise HanseError(Code.INVALID, "this card is of another institution.")
    if card.key_id in roster.lines:
        raise HanseError(Code.CONFLICT, "the key on this card has been used in this circle.")
    if _changes(roster) >= MAX_KEY_CHANGES:
        raise HanseError(
            Code.CONFLICT,
            f"this node has changed its key {MAX_KEY_CHANGES} times since it was admitted, and no more count.",
            remedy="Leave the circle, and come back under a fresh card that members endorse.",
        )
    changes = [
        f"our {what} becomes {after}"
        for what, before, after in (("name", own.name, card.name), ("address", own.url, card.url))
        if before != after
    ]
    return (
        (
            f"From here on we speak in {roster.charter.name} under a new key, with a new pseudonym. Members read both "
            "as one voice; nobody outside can tell that they are one."
        ),
        "The log of the key so far takes corrections and retractions of what stands in it, and nothing new.",
        "Back up the folder of keys before this node publishes again.",
        *(f"With it {change}." for change in changes),
    )


def _changes(roster: Roster) -> int:
    """How many changes of keys lead to our newest one."""
    found, line = 0, roster.lines.get(roster.own)
    while line is not None and line.rotated_from is not None and found < MAX_KEY_CHANGES:
        found, line = found + 1, roster.lines.get(line.rotated_from)
    return found


def counted(members: int) -> str:
    """A number of members, in words."""
    return "one member" if members == 1 else f"{members} members"


def _open(card: bytes, circle: CircleId) -> NodeCard:
    try:
        return open_card_for(card, circle)
    except ProtocolError as error:
        raise HanseError(
            Code.INVALID,
            f"this is no card that its keys have signed for this circle: {error.detail}.",
            remedy=f"Ask for another one: `hanse circle card --circle {circle}` on the other node.",
        ) from error
