"""What a member writes into its own log, and which keys it puts on cards: all of it rightly signed by its own key."""

import os
from dataclasses import replace
from typing import Final

import msgspec
import pytest

from node import circles
from node.circles import identity, peering
from node.errors import Code as NodeCode
from node.errors import HanseError
from node.storage import ledger as logs
from node.storage import pins
from node.storage import statements as reading
from node.sync import sync_once
from protocol import envelope, statements
from protocol.circles import CharterSignature, SignedCharter, add_signatures, encode_charter
from protocol.errors import Code, ProtocolError
from protocol.identifiers import CircleId, encode_bytes
from protocol.keys import SigningKey
from protocol.messages.card import CARD_TYPE, NodeCard, fingerprint, open_card, sign_card
from protocol.statements import DAY_SECONDS, Endorsement, EndorsementBody, Key, KeyBody, Statement, Timestamp
from tests.federation import members as at
from tests.federation.attacks.stage import QUOTA, Stage, codes
from tests.federation.hostile import section_of, write_entries
from tests.federation.support import Node, circle_of, publish
from tests.node import statements as make

YEAR: Final = 365 * DAY_SECONDS


def write(stage: Stage, *said: Statement) -> None:
    """Put statements into the hostile member's log that its own node would not let in."""
    key = stage.scene.key
    write_entries(stage.hostile, stage.circle, [envelope.sign(statements.encode(each), key) for each in said])


def says_nothing(stage: Stage) -> None:
    """Another's entry copied, a statement for another circle, one far too deep, and bytes; then a good one."""
    key, last = stage.scene.key, make.finding(stage.circle)
    elsewhere = make.finding(CircleId(stage.circle[:10] + "A" * 33))
    copied, *_ = stage.entries(stage.honest, stage.honest)
    signed = [statements.encode(elsewhere), b"[" * 15_000, statements.encode(stage.said[0]), statements.encode(last)]
    write_entries(stage.hostile, stage.circle, [copied, b"\x00\xff", *(envelope.sign(each, key) for each in signed)])
    report = stage.pull()
    assert (report.entries, report.unreadable, report.problems) == (6, 5, ())
    with stage.victim.runtime.database.read() as tx:
        found = [entry.code for entry in logs.list_unreadable(tx, stage.log(stage.hostile))]
        stored = reading.get(tx, stage.hostile_key, last.id, now=make.IAT)
    assert found == [Code.WRONG_KEY, Code.MALFORMED, Code.WRONG_CIRCLE, Code.MALFORMED, Code.DUPLICATE_ID]
    assert stored is not None
    assert stored.state == "live"


def retracts_anothers(stage: Stage) -> None:
    """A retraction, and a correction, of what the honest member has said."""
    with stage.victim.runtime.database.read() as tx:
        page = reading.feed(tx, after=0, limit=1_000, now=make.IAT, circle=stage.circle)
    theirs = [each for each in page if each.contributor == stage.honest.own(stage.circle)]
    target = theirs[0].statement.id
    write(stage, make.retraction(stage.circle, target), make.correction(stage.circle, target, make.finding_body()))
    stage.pull()
    with stage.victim.runtime.database.read() as tx:
        after = reading.get(tx, stage.honest.own(stage.circle), target, now=make.IAT)
    assert after is not None
    assert (after.state, after.jws) == ("live", theirs[0].jws)


def a_year_ahead(stage: Stage) -> None:
    """A finding dated a year ahead, so that it is the newest and the longest valid for a long time."""
    ahead, right = make.finding(stage.circle, iat=make.IAT + YEAR), make.finding(stage.circle)
    write(stage, ahead, right)
    report = stage.pull()
    assert (report.entries, report.unreadable, report.problems) == (2, 1, ())
    with stage.victim.runtime.database.read() as tx:
        assert reading.get(tx, stage.hostile_key, ahead.id, now=make.IAT) is None
        assert reading.get(tx, stage.hostile_key, right.id, now=make.IAT) is not None


def spam(stage: Stage) -> None:
    """More in an hour than the charter allows in a day; what the honest member says comes all the same."""
    publish(stage.hostile, stage.circle, *make.findings(stage.circle, QUOTA + 50))
    said = make.finding(stage.circle)
    publish(stage.honest, stage.circle, said)
    assert codes(stage.pull()) == [NodeCode.QUOTA_EXCEEDED]
    assert stage.log(stage.hostile).size == len(stage.said) + QUOTA
    again = stage.pull()
    assert (again.entries, again.problems) == (0, ())
    with stage.victim.runtime.database.read() as tx:
        assert reading.get(tx, stage.honest.own(stage.circle), said.id, now=make.IAT) is not None


def spam_under_new_keys(stage: Stage) -> None:
    """A change of keys after every few findings: the log of a new key comes at once, with all of its past."""
    taken = 0
    for _ in range(4):
        publish(stage.hostile, stage.circle, *make.findings(stage.circle, QUOTA // 3))
        at.rotate(stage.hostile, stage.circle)
        for _ in range(2):
            taken += sync_once(stage.victim.runtime, transport=stage.network).entries
    assert taken == QUOTA
    stage.victim.clock.advance(DAY_SECONDS)
    stage.hostile.clock.advance(DAY_SECONDS)
    stage.honest.clock.advance(DAY_SECONDS)
    assert 0 < sync_once(stage.victim.runtime, transport=stage.network).entries <= 2 * QUOTA


def invented(circle: CircleId, number: int) -> tuple[bytes, SigningKey]:
    """The card of an institution that does not exist, and its contributor key."""
    keys = [SigningKey(os.urandom(32)) for _ in range(3)]
    public = [key.public.encode() for key in keys]
    card = NodeCard(
        v=1,
        circle=circle,
        name=f"Invented {number}",
        url=f"http://invented{number}.example",
        identity_key=public[0],
        request_key=public[1],
        contributor_key=public[2],
    )
    return sign_card(card, identity=keys[0], request=keys[1], contributor=keys[2]), keys[2]


def endorsing(circle: CircleId, card: bytes) -> Endorsement:
    """An endorsement of any card."""
    exp = Timestamp(make.IAT + make.LIFE)
    body = EndorsementBody(card=card.decode())
    return Endorsement(v=1, id=make.new_id(), circle=circle, iat=make.IAT, exp=exp, body=body)


def ring(stage: Stage) -> None:
    """Three invented institutions and a second card of the hostile member's own, all endorsing all."""
    circle = stage.circle
    invitees = [invented(circle, number) for number in range(3)]
    own = at.new_card(stage.hostile, circle)
    cards = [card for card, _ in invitees] + [own]
    write(stage, *(endorsing(circle, card) for card in cards))
    entries = {key: [envelope.sign(statements.encode(endorsing(circle, c)), key) for c in cards] for _, key in invitees}
    before = at.roster(stage.victim, circle).lines
    assert stage.pull().entries == len(cards)
    report = stage.respond_with(*(section_of(key, circle, mine) for key, mine in entries.items()))
    assert codes(report) == [Code.NOT_A_MEMBER] * len(entries)
    assert at.roster(stage.victim, circle).lines.keys() == before.keys()


def one_voice_under_many_keys(stage: Stage) -> None:
    """Votes to remove the honest member, and endorsements, under each of three keys of one institution."""
    circle, (card, _) = stage.circle, invented(stage.circle, 1)
    for _ in range(3):
        at.vote(stage.hostile, circle, stage.honest.own(circle), 0)
        publish(stage.hostile, circle, endorsing(circle, card))
        at.rotate(stage.hostile, circle)
    for _ in range(4):
        sync_once(stage.victim.runtime, transport=stage.network)
    roster = at.roster(stage.victim, circle)
    assert len(roster.lines) == 3 + 3
    assert stage.honest.own(circle) in roster.members
    assert len(roster.lines[stage.honest.own(circle)].removed_by) <= 1
    assert open_card(card).key_id not in roster.lines


def cards_with_anothers_keys(stage: Stage) -> None:
    """Cards that put a key of the honest member beside keys of one's own, or the card that it made for another circle.

    The hostile member endorses each. The victim's operator is asked to do so as well, and cannot.
    """
    circle, honest = stage.circle, stage.honest.runtime.keyring
    true = open_card(at.new_card(stage.honest, circle))
    mine = [SigningKey(os.urandom(32)) for _ in range(3)]
    keys = [key.public.encode() for key in mine]
    cards = [
        forged(true, mine, identity_key=true.identity_key, request_key=keys[1], contributor_key=keys[2]),
        forged(true, mine, identity_key=keys[0], request_key=true.request_key, contributor_key=keys[2]),
        forged(true, mine, identity_key=keys[0], request_key=keys[1], contributor_key=true.contributor_key),
        at.new_card(stage.honest, circle_of([stage.honest, stage.hostile], name="Another Invented Circle")),
        circles.card(honest, stage.honest.runtime.settings),
    ]
    for card in cards:
        with stage.victim.runtime.database.read() as tx, pytest.raises(HanseError) as caught:
            circles.prepare_endorse(tx, circle, card, make.IAT)
        assert caught.value.code is NodeCode.INVALID
    for card in cards[:3]:
        with pytest.raises(ProtocolError):
            open_card(card)
    facts = stage.rows()["membership_facts"]
    write(stage, *(endorsing(circle, card) for card in cards))
    assert stage.pull().entries == len(cards)
    assert stage.rows()["membership_facts"] == facts


def forged(true: NodeCard, keys: list[SigningKey], **named: str) -> bytes:
    """A card with these keys on it, signed with those that the forger has, each in its own place."""
    card = msgspec.structs.replace(true, **named)
    signature = encode_bytes(keys[2].sign(proven_bytes(card)))
    payload = {"card": card, "contributor_signature": signature, "request_signature": signature}
    return envelope.sign(msgspec.json.encode(payload, order="sorted"), keys[0], typ=CARD_TYPE)


def proven_bytes(card: NodeCard) -> bytes:
    """What the request and contributor keys sign."""
    return b"hanse/v1/card\n" + msgspec.json.encode(card, order="sorted")


def takes_over_anothers_key(stage: Stage) -> None:
    """A change of keys to the honest member's own new key, to speak with its voice or to pull it down with oneself."""
    circle = stage.circle
    card = at.new_card(stage.honest, circle)
    exp = Timestamp(make.IAT + make.LIFE)
    write(stage, Key(v=1, id=make.new_id(), circle=circle, iat=make.IAT, exp=exp, body=KeyBody(card=card.decode())))
    assert stage.pull().entries == 1
    roster = at.roster(stage.victim, circle)
    assert open_card(card).key_id not in roster.lines
    assert roster.lines[stage.honest.own(circle)].status == "current"
    assert roster.lines[stage.hostile_key].superseded_by is None


def another_at_the_address(stage: Stage) -> None:
    """Somebody else's configuration presented at an address of one's own; and one's own under another's name."""
    victim, hostile, honest = stage.victim, stage.hostile, stage.honest
    own = victim.runtime.keyring.identity_public()
    now = make.IAT
    configuration = _presented(honest, now)
    with pytest.raises(HanseError) as caught:
        identity.look_up(lambda *_: configuration, hostile.url, own=own, now=now)
    assert caught.value.code is NodeCode.PEER_MISBEHAVED

    settings = replace(hostile.runtime.settings, name=honest.name)
    data = identity.serve(hostile.runtime.keyring, settings, now)
    assert data is not None
    presented = identity.look_up(lambda *_: data, hostile.url, own=own, now=now)
    assert presented.name == honest.name
    read_aloud = fingerprint(honest.runtime.keyring.identity_public())
    with victim.runtime.database.write() as tx, pytest.raises(HanseError) as refused:
        peering.confirm(tx, presented, read_aloud, by="", now=now)
    assert refused.value.code is NodeCode.INVALID


def a_word_that_was_replaced(stage: Stage) -> None:
    """What the honest member said of itself before it replaced its request key; it holds for months yet."""
    victim, honest = stage.victim, stage.honest
    own, now = victim.runtime.keyring.identity_public(), make.IAT
    old = identity.look_up(lambda *_: _presented(honest, now), honest.url, own=own, now=now)
    new = replace(old, request_key=stage.scene.key.public, issued=Timestamp(now + 60))
    with victim.runtime.database.write() as tx:
        known = pins.find_pin(tx, old.identity)
        peering.remember(tx, new)
    with pytest.raises(HanseError) as caught, victim.runtime.database.write() as tx:
        peering.remember(tx, old)
    assert caught.value.code is NodeCode.CONFLICT
    with victim.runtime.database.write() as tx:
        after = pins.find_pin(tx, old.identity)
        assert (after is None) == (known is None)
        assert known is None or after == replace(known, request_key=new.request_key, issued=new.issued)
        met = pins.find_introduction(tx, honest.url)
        assert met is not None
        assert met.request_key == new.request_key


def _presented(node: Node, now: Timestamp) -> bytes:
    data = identity.serve(node.runtime.keyring, node.runtime.settings, now)
    assert data is not None
    return data


def founder_that_was_not_asked(stage: Stage) -> None:
    """A charter with the honest member's true name, address and identity beside a contributor key of the drafter's."""
    nodes = (stage.victim, stage.hostile, stage.honest)
    cards = [circles.card(node.runtime.keyring, node.runtime.settings) for node in nodes]
    terms = circles.Terms(name="Another Invented Circle", purpose="Trying.", legal_basis="None is needed.")
    drafted = circles.create(stage.hostile.runtime.keyring, terms, cards).charter
    mine, true = SigningKey(os.urandom(32)), open_card(cards[-1]).founder()
    lines = [
        msgspec.structs.replace(line, contributor_key=mine.public.encode()) if line == true else line
        for line in drafted.founders
    ]
    charter = msgspec.structs.replace(drafted, founders=tuple(sorted(lines, key=lambda line: line.contributor_key)))
    signed = SignedCharter(charter=charter, signatures=())
    for node in nodes[:2]:
        signed = add_signatures(signed, circles.sign(node.runtime.keyring, signed))
    message = b"hanse/v1/charter\n" + encode_charter(charter)
    own = encode_bytes(mine.sign(message))
    forged = CharterSignature(key_id=mine.public.key_id, signature=own, identity_signature=own)
    everybody = sorted((*signed.signatures, forged), key=lambda each: each.key_id)
    for signatures, code in ((signed.signatures, Code.BAD_CHARTER), (tuple(everybody), Code.BAD_SIGNATURE)):
        with pytest.raises(ProtocolError) as caught, stage.victim.runtime.database.write() as tx:
            circles.join(
                tx, stage.victim.runtime.keyring, msgspec.structs.replace(signed, signatures=signatures), make.IAT
            )
        assert caught.value.code is code
