"""Members that do not keep to the protocol, built with the protocol's own code and their real keys."""

import shutil
from collections.abc import Callable, Sequence

from fastapi import FastAPI, Request, Response

from node import circles as services
from node.storage import circles
from node.storage import ledger as logs
from protocol.identifiers import CircleId
from protocol.keys import SigningKey
from protocol.merkle import tiles
from protocol.merkle.checkpoint import Checkpoint, origin, sign_checkpoint
from protocol.merkle.frontier import EMPTY
from protocol.merkle.hashing import leaf_hash
from protocol.messages.signature import SignedFields, sign_response
from protocol.messages.stream import EntriesRequest, Section, decode_entries_request
from tests.federation.support import Node, confirm_logs
from tests.node.statements import IAT

Respond = Callable[[EntriesRequest], bytes]


def contributor_key(node: Node, circle: CircleId) -> SigningKey:
    """A node's contributor key."""
    with node.runtime.database.read() as tx:
        return node.runtime.keyring.contributor(circles.get_roster(tx, circle).own)


def write_entries(node: Node, circle: CircleId, entries: Sequence[bytes]) -> None:
    """Put any bytes into a node's own log, as entries under a checkpoint that is signed rightly."""
    key = contributor_key(node, circle)
    with node.runtime.database.write() as tx:
        log = logs.lock_log(tx, circle, key.public.key_id)
        hashes = [leaf_hash(entry) for entry in entries]
        frontier = log.frontier.extend(hashes)
        logs.extend(tx, log, frontier, entries, tiles.grow(log.size, hashes, logs.tile_fetch(tx, log)))
        note = checkpoint_over(key, circle, frontier.size, frontier.root())
        logs.save_checkpoints(tx, log, covered=note, covered_size=frontier.size, head=note)


def checkpoint_over(key: SigningKey, circle: CircleId, size: int, root: bytes) -> bytes:
    """A checkpoint that the key signs, whether or not such a log exists."""
    return sign_checkpoint(Checkpoint(origin(circle, key.public.key_id), size, root), key)


def section_of(key: SigningKey, circle: CircleId, entries: Sequence[bytes], start: int = 0) -> Section:
    """The rest of a log of these entries from ``start`` on, rightly signed."""
    frontier = EMPTY.extend(leaf_hash(entry) for entry in entries)
    note = checkpoint_over(key, circle, frontier.size, frontier.root())
    return Section(key.public.key_id, start, tuple(entries[start:]), note, ())


def answering(node: Node, respond: Respond, *, sign: bool = True) -> FastAPI:
    """A server in a node's name that answers every entries request with these bytes, signed."""
    app = FastAPI(openapi_url=None)

    async def entries(request: Request) -> Response:
        data = respond(decode_entries_request(await request.body()))
        asked = SignedFields(*(request.headers[n] for n in ("content-digest", "signature-input", "signature")))
        key = node.runtime.keyring.request()
        fields = sign_response(key, status=200, body=data, created=node.clock.now(), request=asked)
        headers = {"Signature": fields.signature, "Signature-Input": fields.signature_input}
        if sign:
            headers["Content-Digest"] = fields.content_digest
        return Response(data, headers=headers)

    app.add_api_route("/federation/v1/circles/{circle}/entries", entries, methods=["POST"])
    return app


def twin_of(node: Node, circle: CircleId, twin: Node) -> None:
    """Give ``twin`` the keys and the circle of ``node``, as a second machine set up from the same key files has.

    Its operator has said that nobody else answers, so it signs what it likes.
    """
    shutil.rmtree(twin.runtime.settings.keys)
    shutil.copytree(node.runtime.settings.keys, twin.runtime.settings.keys)
    with node.runtime.database.read() as tx:
        signed = circles.signed_charter(tx, circle)
    assert signed is not None
    with twin.runtime.database.write() as tx:
        services.join(tx, twin.runtime.keyring, signed, IAT)
    confirm_logs(twin, circle)
