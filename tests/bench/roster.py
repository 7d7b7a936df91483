"""What a large circle costs: reading its roster for a request, and computing it anew when a member changes.

``python -m tests.bench.roster [members]``; no network, one SQLite file. The reading is what every request of a peer
pays; the computing is paid once for every answer that brings a statement about membership.
"""

import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from node.ledger.keyring import Keyring
from node.ledger.membership import recompute
from node.storage import circles
from node.storage.database import Database
from protocol.circles import Charter, SignedCharter, circle_id, decode_charter, encode_charter
from protocol.circles import sign as sign_charter
from protocol.identifiers import CircleId, encode_bytes
from protocol.keys import KEY_BYTES, SigningKey
from protocol.messages.card import NodeCard, sign_card
from protocol.statements import DAY_SECONDS, Endorsement, EndorsementBody, Key, KeyBody, Statement, Timestamp
from tests.node import statements as make
from tests.node.ledger.support import Home, receive
from tests.tables import create_tables

_MEMBERS: Final = 1_000
_FOUNDERS: Final = 5
_READS: Final = 200
_RETENTION_DAYS: Final = 730
_EXP: Final = Timestamp(make.IAT + _RETENTION_DAYS * DAY_SECONDS)

_Keys = tuple[SigningKey, SigningKey, SigningKey]


def _keys() -> _Keys:
    identity, request, contributor = (SigningKey(os.urandom(KEY_BYTES)) for _ in range(3))
    return identity, request, contributor


def _card(number: int, keys: _Keys, circle: CircleId | None = None) -> NodeCard:
    identity, request, contributor = keys
    return NodeCard(
        v=1,
        circle=circle,
        name=f"Invented University {number}",
        url=f"https://node{number}.example",
        identity_key=identity.public.encode(),
        request_key=request.public.encode(),
        contributor_key=contributor.public.encode(),
    )


def _signed(card: NodeCard, keys: _Keys) -> str:
    identity, request, contributor = keys
    return sign_card(card, identity=identity, request=request, contributor=contributor).decode("ascii")


def _milliseconds(began: float) -> float:
    return (time.perf_counter() - began) * 1_000


def _say(words: str) -> None:
    sys.stdout.write(words + "\n")


def _charter(founders: Sequence[_Keys]) -> SignedCharter:
    lines = [_card(number, keys).founder() for number, keys in enumerate(founders)]
    charter = Charter(
        v=1,
        name="Invented Circle",
        purpose="Trying things out.",
        legal_basis="None is needed.",
        founders=tuple(sorted(lines, key=lambda line: line.contributor_key)),
        endorsement_quorum=2,
        removal_quorum=2,
        vocabulary_version=1,
        retention_days=_RETENTION_DAYS,
        small_number_threshold=3,
        attribution="pseudonymous",
        token_operators=(),
        quota_entries_per_day=10_000,
        quota_bytes_per_day=32 * 1024 * 1024,
        nonce=encode_bytes(os.urandom(16)),
    )
    signed = SignedCharter(charter=decode_charter(encode_charter(charter)), signatures=())
    for identity, _, contributor in founders:
        signed = sign_charter(signed, contributor, identity)
    return signed


def _endorsement(circle: CircleId, card: str) -> Statement:
    return Endorsement(v=1, id=make.new_id(), circle=circle, iat=make.IAT, exp=_EXP, body=EndorsementBody(card=card))


def _grow(home: Home, founders: Sequence[_Keys], members: int) -> _Keys:
    """Admit everybody who is no founder; the keys of one of them."""
    others = [_keys() for _ in range(members - len(founders))]
    cards = [_signed(_card(number, keys, home.circle), keys) for number, keys in enumerate(others, len(founders))]
    for _, _, contributor in founders[1:3]:
        began = time.perf_counter()
        receive(home, contributor, *(_endorsement(home.circle, card) for card in cards))
        _say(f"{len(cards)} endorsements in one answer: {_milliseconds(began):.0f} ms")
    return others[0]


def _change_keys(home: Home, keys: _Keys, members: int) -> None:
    following = (*keys[:2], _keys()[2])
    body = KeyBody(card=_signed(_card(members, following, home.circle), following))
    change = Key(v=1, id=make.new_id(), circle=home.circle, iat=make.IAT, exp=_EXP, body=body)
    began = time.perf_counter()
    receive(home, keys[2], change)
    _say(f"one change of keys, the roster of {members} computed anew: {_milliseconds(began):.0f} ms")


def _read(home: Home) -> None:
    with home.database.read() as tx:
        began = time.perf_counter()
        roster = circles.get_roster(tx, home.circle)
        _say(f"first reading after it: {_milliseconds(began):.1f} ms, {len(roster.members)} members")
        began = time.perf_counter()
        for _ in range(_READS):
            circles.get_roster(tx, home.circle)
        _say(f"each reading after that: {_milliseconds(began) / _READS:.2f} ms")


def main() -> None:
    """Found a circle of five, admit the others by two endorsements each, and measure."""
    members = int(sys.argv[1]) if len(sys.argv) > 1 else _MEMBERS
    founders = [_keys() for _ in range(_FOUNDERS)]
    signed = _charter(founders)
    circle, own = circle_id(encode_charter(signed.charter)), founders[0][2].public.key_id
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'hanse.db'}")
        create_tables(database)
        with database.write() as tx:
            circles.insert(tx, circle, signed, own, make.IAT)
            recompute(tx, circle, make.IAT)
        home = Home(database, Keyring(Path(folder)), circle, own, Path(folder))
        _change_keys(home, _grow(home, founders, members), members)
        _read(home)
        database.close()


if __name__ == "__main__":
    main()
