"""A member that changes the logs of others before it passes them on, and signs its answer like any other.

It holds its own request key and nobody else's keys, so what it can do is what any relay can: leave out, swap, repeat
and replace entries, attach the checkpoint of another log, begin elsewhere, break proofs, and make up evidence.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from typing import Final, TypeAlias

import httpx2

from protocol.errors import ProtocolError
from protocol.messages.signature import SignedFields, sign_response
from protocol.messages.stream import End, Fork, Section, encode_stream, read_stream
from tests.federation.support import Node

_Lie: TypeAlias = Callable[[Section, Sequence[Section], Random], Section]
_SIGNED: Final = ("content-digest", "signature-input", "signature")


def lie(node: Node, request: httpx2.Request, content: bytes, random: Random) -> tuple[bytes, dict[str, str]] | None:
    """Another answer to a request for entries, in the same member's name; none where there is nothing to lie about."""
    if not request.url.path.endswith("/entries") or any(name not in request.headers for name in _SIGNED):
        return None
    try:
        items = list(read_stream(content))
    except ProtocolError:  # an error or another answer that is no stream
        return None
    sections = [item for item in items if isinstance(item, Section)]
    if not sections:
        return None
    index = random.randrange(len(sections))
    sections[index] = random.choice(_LIES)(sections[index], sections, random)
    forks = [item.proof for item in items if isinstance(item, Fork)]
    forks = [bytes(random.randbytes(40)), *forks] if random.randrange(4) == 0 else forks
    more = any(isinstance(item, End) and item.more for item in items)
    return _signed(node, request, encode_stream(sections, more=more, forks=forks))


def _signed(node: Node, request: httpx2.Request, data: bytes) -> tuple[bytes, dict[str, str]]:
    asked = SignedFields(*(request.headers[name] for name in _SIGNED))
    key = node.runtime.keyring.request()
    fields = sign_response(key, status=200, body=data, created=node.clock.now(), request=asked)
    headers = {
        "Content-Digest": fields.content_digest,
        "Signature": fields.signature,
        "Signature-Input": fields.signature_input,
    }
    return data, headers


def _without_one(section: Section, _all: Sequence[Section], random: Random) -> Section:
    left = list(section.entries)
    if left:
        del left[random.randrange(len(left))]
    return replace(section, entries=tuple(left))


def _with_one_twice(section: Section, _all: Sequence[Section], random: Random) -> Section:
    at = random.randrange(len(section.entries) + 1)
    return replace(section, entries=(*section.entries[:at], *section.entries[max(0, at - 1) :]))


def _turned_round(section: Section, _all: Sequence[Section], _random: Random) -> Section:
    return replace(section, entries=section.entries[::-1])


def _of_another(section: Section, sections: Sequence[Section], random: Random) -> Section:
    """The entries of another log under this one's checkpoint."""
    return replace(section, entries=random.choice(sections).entries)


def _renamed(section: Section, sections: Sequence[Section], random: Random) -> Section:
    return replace(section, contributor=random.choice(sections).contributor)


def _under_another(section: Section, sections: Sequence[Section], random: Random) -> Section:
    return replace(section, checkpoint=random.choice(sections).checkpoint)


def _elsewhere(section: Section, _all: Sequence[Section], random: Random) -> Section:
    return replace(section, start=max(0, section.start + random.choice([-1, 1, 2])))


def _flipped(section: Section, _all: Sequence[Section], random: Random) -> Section:
    """One letter of one entry is another one."""
    entries = [entry for entry in section.entries if isinstance(entry, bytes)]
    if entries and len(entries) == len(section.entries):
        at = random.randrange(len(entries))
        place = random.randrange(len(entries[at]))
        entries[at] = entries[at][:place] + random.choice([b"A", b"_"]) + entries[at][place + 1 :]
        return replace(section, entries=tuple(entries))
    return section


def _badly_proven(section: Section, _all: Sequence[Section], random: Random) -> Section:
    return replace(section, proof=(*section.proof[1:], random.randbytes(32)))


_LIES: Final[tuple[_Lie, ...]] = (
    _without_one,
    _with_one_twice,
    _turned_round,
    _of_another,
    _renamed,
    _under_another,
    _elsewhere,
    _flipped,
    _badly_proven,
)
