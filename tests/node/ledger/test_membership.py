"""Rosters in the ledger: writers of several logs at once, identifiers that stand twice, what the check notices."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
import sqlalchemy as sa

from node import circles
from node.domain.settings import Settings
from node.ledger.check import Damage, check
from node.ledger.keyring import Keyring
from node.storage import circles as storage
from node.storage import membership
from node.storage import statements as reading
from node.storage.database import Database
from node.storage.tables.circles import CIRCLES
from node.storage.tables.membership import LOG_CUTS, MEMBERSHIP_FACTS
from protocol.circles import add_signatures
from protocol.identifiers import KeyId, StatementId, VocabularyCode
from protocol.keys import SigningKey
from protocol.messages.card import NodeCard, sign_card
from protocol.projection import Cut
from protocol.statements import DAY_SECONDS, Key, KeyBody, Leave, LeaveBody, Removal, RemovalBody, Timestamp
from tests.node import statements as make
from tests.node.ledger.support import Home, receive

EXP = Timestamp(make.IAT + 30 * DAY_SECONDS)


@dataclass(frozen=True)
class Circle:
    """A node among five founders, and the keys of the four others."""

    home: Home
    others: tuple[SigningKey, ...]
    rings: tuple[Keyring, ...]
    """Theirs, with the keys of their institutions."""

    def key(self, number: int) -> KeyId:
        return self.others[number].public.key_id

    def vote(self, target: KeyId, from_index: int, statement: StatementId | None = None) -> Removal:
        body = RemovalBody(target=target, from_index=from_index, reason=VocabularyCode("key-compromised"))
        name = statement or make.new_id()
        return Removal(v=1, id=name, circle=self.home.circle, iat=make.IAT, exp=EXP, body=body)

    def damage(self) -> list[Damage]:
        return [each for each in check(self.home.database, make.IAT) if isinstance(each, Damage)]


@pytest.fixture
def circle(database: Database, tmp_path: Path) -> Circle:
    names = ("aldermoor", "northport", "valdesk", "elmhurst", "thornbury")
    settings = [Settings(name, f"http://{name}.example", tmp_path / name, "") for name in names]
    keyrings = [Keyring(each.keys) for each in settings]
    for keyring in keyrings:
        keyring.create()
    cards = [circles.card(keyring, each) for keyring, each in zip(keyrings, settings, strict=True)]
    terms = circles.Terms("Invented Circle", "Trying things out.", "None is needed.", 2, 2)
    draft = signed = circles.create(keyrings[0], terms, cards)
    for keyring in keyrings:
        signed = add_signatures(signed, circles.sign(keyring, draft))
    with database.write() as tx:
        roster = circles.join(tx, keyrings[0], signed, make.IAT)
    by_name = {member.name: member.contributor for member in roster.members.values()}
    others = tuple(ring.contributor(by_name[name]) for name, ring in zip(names[1:], keyrings[1:], strict=True))
    home = Home(database, keyrings[0], roster.circle, roster.own, settings[0].keys)
    home.keyring.confirm_log(roster.own, 0)
    return Circle(home, others, tuple(keyrings[1:]))


def test_writers_of_several_logs_wait_for_each_other_in_one_direction(circle: Circle) -> None:
    """Each log's entry moves the cut of another log, whose own writer is at work: nobody waits for ever."""
    home = circle.home

    def write(number: int) -> None:
        for turn in range(6):
            finding = make.finding(home.circle)
            vote = circle.vote(circle.key((number + 1 + turn % 2) % 4), 18 - 3 * turn)
            receive(home, circle.others[number], finding, vote, make.retraction(home.circle, finding.id))

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(write, range(4)))
    with home.database.read() as tx:
        roster = circles.roster(tx, home.circle)
        cuts = membership.cuts(tx, home.circle)
    assert [roster.lines[circle.key(number)].status for number in range(4)] == ["removed"] * 4
    assert len(cuts) == 4
    assert circle.damage() == []


def test_a_second_statement_of_one_name_votes_all_the_same(circle: Circle) -> None:
    """Which entry an identifier names may change as entries come of age; who is a member must not."""
    home, target = circle.home, circle.key(3)
    finding = make.finding(home.circle)
    receive(home, circle.others[0], finding, circle.vote(target, 5, finding.id))
    receive(home, circle.others[1], circle.vote(target, 7))
    with home.database.read() as tx:
        roster = circles.roster(tx, home.circle)
        assert membership.cut_of(tx, home.circle, target) == Cut(void_from=7)
        page = reading.feed(tx, after=0, limit=10, now=make.IAT)
    assert roster.lines[target].status == "removed"
    assert [each.statement for each in page] == [finding]
    assert circle.damage() == []


def test_a_roster_is_read_once_and_remembered(circle: Circle) -> None:
    home = circle.home
    with home.database.read() as tx:
        first = circles.roster(tx, home.circle)
        assert circles.roster(tx, home.circle) is first
        assert storage.list_rosters(tx)[0] is first
    receive(home, circle.others[0], make.finding(home.circle))
    with home.database.read() as tx:
        assert circles.roster(tx, home.circle) is first
    leave = Leave(v=1, id=make.new_id(), circle=home.circle, iat=make.IAT, exp=EXP, body=LeaveBody())
    receive(home, circle.others[0], leave)
    with home.database.read() as tx:
        after = circles.roster(tx, home.circle)
    assert after.lines[circle.key(0)].status == "left"
    assert after.lines[circle.key(1)] is first.lines[circle.key(1)]


def test_a_statement_about_membership_that_expires_goes_on_counting(circle: Circle) -> None:
    home = circle.home
    leave = Leave(v=1, id=make.new_id(), circle=home.circle, iat=make.IAT, exp=EXP, body=LeaveBody())
    receive(home, circle.others[0], leave)
    later = Timestamp(EXP + 400 * DAY_SECONDS)
    receive(home, circle.others[1], circle.vote(circle.key(2), 0))
    assert not [each for each in check(home.database, later) if isinstance(each, Damage)]
    with home.database.read() as tx:
        assert circles.roster(tx, home.circle).lines[circle.key(0)].status == "left"


def test_a_ring_of_our_own_keys_ends(circle: Circle) -> None:
    """A thief of our keys can name them in a ring; whoever follows it to its end must not go round for ever."""
    home = circle.home
    keys = [home.keyring.contributor(home.own), *(SigningKey(bytes([number]) * 32) for number in (61, 62, 63))]
    for key, following in pairwise([*keys, keys[1]]):
        receive(home, key, _change(home, following))
    with home.database.read() as tx:
        roster = circles.roster(tx, home.circle)
    assert roster.own == keys[3].public.key_id
    assert roster.own_keys == {key.public.key_id for key in keys}
    assert [roster.lines[key.public.key_id].status for key in keys] == ["former"] * 4
    assert circle.damage() == []


def test_every_line_stands_behind_those_it_follows_from(circle: Circle) -> None:
    home = circle.home
    keys = [circle.others[0], *(SigningKey(bytes([number]) * 32) for number in range(60, 90))]
    for key, following in pairwise(keys):
        receive(home, key, _change(home, following, circle.rings[0]))
    with home.database.read() as tx:
        names = list(circles.roster(tx, home.circle).lines)
    places = [names.index(key.public.key_id) for key in keys]
    assert len(names) == 5 + 30
    assert places == sorted(places)


def _change(home: Home, following: SigningKey, ring: Keyring | None = None) -> Key:
    """The statement that an institution goes on under this key."""
    keyring = ring or home.keyring
    identity, request = keyring.identity(), keyring.request()
    content = NodeCard(
        v=1,
        circle=home.circle,
        name="aldermoor",
        url="http://aldermoor.example",
        identity_key=identity.public.encode(),
        request_key=request.public.encode(),
        contributor_key=following.public.encode(),
    )
    card = sign_card(content, identity=identity, request=request, contributor=following)
    body = KeyBody(card=card.decode("ascii"))
    return Key(v=1, id=make.new_id(), circle=home.circle, iat=make.IAT, exp=EXP, body=body)


def test_the_check_notices_a_changed_roster_cut_or_fact(circle: Circle) -> None:
    home, target = circle.home, circle.key(3)
    for key in circle.others[:2]:
        receive(home, key, circle.vote(target, 0))
    assert circle.damage() == []
    with home.database.write() as tx:
        whole = tx.connection.execute(sa.select(CIRCLES.c.roster)).scalar_one()
        tx.connection.execute(sa.update(CIRCLES).values(roster=whole.replace(b"removed", b"current")))
    assert ["stored roster" in each.what for each in circle.damage()] == [True]
    with home.database.write() as tx:
        tx.connection.execute(sa.update(CIRCLES).values(roster=whole))
        tx.connection.execute(sa.update(LOG_CUTS).values(void_from=1))
    assert ["logs are void" in each.what for each in circle.damage()] == [True]
    with home.database.write() as tx:
        tx.connection.execute(sa.delete(MEMBERSHIP_FACTS))
    assert len(circle.damage()) >= 3
