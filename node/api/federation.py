"""What other nodes may ask: ``/federation/v1``.

Entries are given to members alone, in answer to a request that the member's request key has signed. A stranger,
a member of another circle and a circle that does not exist get the same answer, so that nobody can find out
from outside who is in which circle. Everything fails closed: without a verified signature, a fresh time and a
new nonce nothing is read from the database but the roster.

Checkpoints and hash tiles hold hashes, never content (C2SP tlog-checkpoint, tlog-tiles). In a circle whose members are
named they are open to whoever knows the circle's identifier, so that anybody a member names can audit a log. In a
pseudonymous one they are for members, under the same signature as entries: who has the newest checkpoint of a log a
moment after it was signed is its author, and everybody else could find out by asking each node.
"""

from typing import Final

import msgspec
from fastapi import APIRouter, Depends, Request, Response

from node.api import exchange, letters, token_evaluation
from node.api.member_requests import HEADERS, MemberRequests, find_roster
from node.domain.ledger import Log
from node.errors import Code, HanseError
from node.runtime import Runtime
from node.storage import forks
from node.storage import ledger as logs
from node.storage.database import Transaction
from node.sync.limits import Limits
from node.sync.witness import cosigned_note
from protocol.errors import Fault, ProtocolError
from protocol.identifiers import parse_key_id
from protocol.limits import MAX_FORKS
from protocol.merkle.hashing import HASH_BYTES
from protocol.merkle.tiles import TILE_WIDTH, parse_tile_path

PREFIX: Final = "/federation/v1"


class PublicCard(msgspec.Struct, frozen=True, kw_only=True):
    """What anybody may know of a node. Contributor keys are not here: they belong to circles."""

    v: int
    name: str
    url: str
    identity_key: str
    request_key: str


def build(runtime: Runtime, limits: Limits | None = None) -> APIRouter:
    """The routes of one node. They are not part of the analysts' API, hence not in its OpenAPI document."""
    members = MemberRequests(runtime, limits or Limits())
    router = APIRouter(prefix=PREFIX, include_in_schema=False, dependencies=[Depends(members.admit)])
    exchange.add_routes(router, runtime, members)
    letters.add_routes(router, runtime, members)
    token_evaluation.add_routes(router, runtime, members)

    @router.get("/node")
    def node() -> Response:
        """Who this node is, so far as anybody may know."""
        card = PublicCard(
            v=1,
            name=runtime.settings.name,
            url=runtime.settings.base_url,
            identity_key=runtime.keyring.identity_public().encode(),
            request_key=runtime.keyring.request().public.encode(),
        )
        return Response(msgspec.json.encode(card), headers=HEADERS, media_type="application/json")

    @router.get("/circles/{circle}/logs/{contributor}/checkpoint")
    def checkpoint(circle: str, contributor: str, request: Request) -> Response:
        """The latest signed note all of whose entries we hold, with the cosignatures that we know of it."""
        _admit_to_hashes(runtime, members, circle, request)
        with runtime.database.read() as tx:
            log = _log(tx, circle, contributor)
            roster = find_roster(tx, circle)
            note = log.covered if roster is None else cosigned_note(tx, roster, log)
        return Response(note, headers=HEADERS, media_type="text/plain; charset=utf-8")

    @router.get("/circles/{circle}/logs/{contributor}/tile/{path:path}")
    def tile(circle: str, contributor: str, path: str, request: Request) -> Response:
        """One hash tile, full or partial; a narrower one than we hold is a prefix of it."""
        is_open = _admit_to_hashes(runtime, members, circle, request)
        name = parse_tile_path(f"tile/{path}")
        with runtime.database.read() as tx:
            hashes = logs.find_tile(tx, _log(tx, circle, contributor), name.level, name.index) or b""
        if len(hashes) < name.width * HASH_BYTES:
            raise _no_such_log()
        cacheable = is_open and name.width == TILE_WIDTH  # a shared cache would ask nobody for a signature
        full = {"Cache-Control": "public, max-age=31536000, immutable"} if cacheable else {}
        return Response(hashes[: name.width * HASH_BYTES], headers=HEADERS | full, media_type=_OCTETS)

    @router.get("/circles/{circle}/forks")
    def list_forks(circle: str, request: Request, after: str = "") -> Response:
        """Proofs of forks, a line each, by contributor: those that follow ``after``, as many as one stream has."""
        _admit_to_hashes(runtime, members, circle, request)
        with runtime.database.read() as tx:
            roster = find_roster(tx, circle)
            if roster is None:
                raise _no_such_log()
            forked = [log for log in forks.list_forks(tx, roster.circle) if log.contributor > after]
        lines = [log.evidence + b"\n" for log in forked if log.evidence is not None]
        return Response(b"".join(lines[:MAX_FORKS]), headers=HEADERS, media_type="application/x-ndjson")

    return router


_OCTETS: Final = "application/octet-stream"


def _admit_to_hashes(runtime: Runtime, members: MemberRequests, circle: str, request: Request) -> bool:
    """Whether this circle's hashes are open to anybody; raises unless they are or a member asks.

    A circle that does not exist is asked for in vain exactly as a pseudonymous one is.
    """
    with runtime.database.read() as tx:
        roster = find_roster(tx, circle)
    if roster is not None and roster.charter.attribution == "named":
        return True
    members.authenticate(members.signer(circle, request), b"")
    return False


def _log(tx: Transaction, circle: str, contributor: str) -> Log:
    roster = find_roster(tx, circle)
    try:
        log = None if roster is None else logs.find_log(tx, roster.circle, parse_key_id(contributor))
    except ProtocolError:
        log = None
    if log is None or not log.covered:
        raise _no_such_log()
    return log


def _no_such_log() -> HanseError:
    return HanseError(Code.NOT_FOUND, "no such log, checkpoint or tile is here.", fault=Fault.PEER)
