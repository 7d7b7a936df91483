"""Signed questions to pinned peers, and answers that are read no further than they may go."""

import secrets
from collections.abc import Sequence
from typing import Final, Self

import httpx2
import msgspec

from node.domain.circles import Member
from node.errors import Code, HanseError
from node.sync.parts import Parts
from node.sync.transport import Patience, PinnedTransport
from protocol.errors import Fault, ProtocolError
from protocol.identifiers import CircleId, Digest, KeyId
from protocol.limits import MAX_REQUEST_BYTES
from protocol.merkle.hashing import HASH_BYTES
from protocol.merkle.tiles import tile_path
from protocol.messages.evaluation import (
    MAX_EVALUATION_BYTES,
    EvaluationAnswer,
    EvaluationRequest,
    decode_evaluation_answer,
    encode_evaluation_request,
)
from protocol.messages.gossip import (
    Ping,
    PushReceipt,
    SizesAnswer,
    SizesRequest,
    decode_push_receipt,
    decode_sizes_answer,
    encode_ping,
    encode_sizes_request,
)
from protocol.messages.letter import (
    MAX_LETTERS_BYTES,
    MAX_RECEIPT_BYTES,
    Receipt,
    decode_letters,
    decode_receipt,
    encode_letters,
    encode_receipt,
)
from protocol.messages.signature import SignedFields, sign_request, verify_response
from protocol.messages.stream import EntriesRequest, encode_entries_request

STREAM_TYPE: Final = "application/vnd.hanse.stream"
LETTERS_TYPE: Final = "application/vnd.hanse.letters"
_PREFIX: Final = "/federation/v1"
_NONCE_BYTES: Final = 16
_MAX_PROBLEM_BYTES: Final = 16_384
"""Of a peer's error document; only its code and one sentence are of use."""
_MAX_WORDS: Final = 200
"""Characters of a peer's own words that are repeated to our operator."""
_OK: Final = 200


class _Problem(msgspec.Struct):
    """What is read of a peer's RFC 9457 document."""

    code: str = ""
    detail: str = ""


class Answer(msgspec.Struct, frozen=True):
    """The bytes of an answer. ``cut_short`` says why they end before their end, if they do."""

    data: bytes
    cut_short: HanseError | None


class Outbound:
    """Talks to the members of our circles and to nobody else. Close it, or use it in a ``with``."""

    def __init__(
        self, node: Parts, *, transport: httpx2.BaseTransport | None = None, patience: Patience | None = None
    ) -> None:
        """``transport`` replaces the network (tests, or a proxy of the operator's); it then owns the time limits."""
        self._node = node
        self._patience = patience or Patience()
        pinned = transport or PinnedTransport(
            self._patience,
            allow_private_addresses=node.settings.allow_private_addresses,
            private_hosts=node.settings.private_peers,
        )
        # Compression is not offered: a few bytes could become gigabytes.
        self._client = httpx2.Client(
            transport=pinned,
            headers={"User-Agent": "hanse", "Accept-Encoding": "identity"},
            follow_redirects=False,
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close what is open."""
        self._client.close()

    @property
    def max_bytes(self) -> int:
        """The longest answer that is read."""
        return self._patience.max_bytes

    def entries(self, member: Member, circle: CircleId, request: EntriesRequest) -> Answer:
        """What a member has and we lack.

        A complete answer is returned only if the member's request key has signed it as the answer to this
        request. One that breaks off has no verifiable digest; its beginning is returned all the same, because
        what a section is worth is proven by the log's own contributor, and a line that always breaks must not
        keep us from ever catching up.

        Raises ``PEER_UNREACHABLE``, ``PEER_REFUSED`` (an answer other than 200) and ``PEER_MISBEHAVED`` (a
        wrong signature, or more bytes than were asked for).
        """
        url = self._url(member, f"/circles/{circle}/entries")
        body = encode_entries_request(request)
        fields, headers = self._signed("POST", url, body)
        headers["Content-Type"] = "application/json"
        with self._exchange(member, "POST", url, headers, body) as response:
            _require_ok(member, response)
            answer = self._read(member, response, request.max_bytes)
            if answer.cut_short is None:
                self._verify(member, response, answer.data, fields)
        return answer

    def ping(self, member: Member, circle: CircleId, ping: Ping) -> None:
        """Tell a member what has grown. What it answers, beyond that it took note, is of no use and not read."""
        self._post(member, f"/circles/{circle}/ping", encode_ping(ping), max_bytes=0)

    def sizes(self, member: Member, circle: CircleId, state: Digest) -> SizesAnswer:
        """How many entries of each log a member holds, where it holds others than ``state`` says.

        Raises as :meth:`entries` does, and ``ProtocolError`` for an answer that is none.
        """
        body = encode_sizes_request(SizesRequest(v=1, state=state))
        return decode_sizes_answer(self._post(member, f"/circles/{circle}/sizes", body, max_bytes=MAX_REQUEST_BYTES))

    def push(self, member: Member, circle: CircleId, stream: bytes) -> PushReceipt:
        """Bring a member entries; what it took of them. Raises as :meth:`sizes` does."""
        answer = self._post(
            member, f"/circles/{circle}/push", stream, max_bytes=MAX_REQUEST_BYTES, media_type=STREAM_TYPE
        )
        return decode_push_receipt(answer)

    def letters(self, member: Member, circle: CircleId, letters: Sequence[bytes]) -> Receipt:
        """Bring a member letters; what it made of them. Raises as :meth:`sizes` does."""
        answer = self._post(
            member,
            f"/circles/{circle}/letters",
            encode_letters(letters),
            max_bytes=MAX_RECEIPT_BYTES,
            media_type=LETTERS_TYPE,
        )
        return decode_receipt(answer)

    def collect(self, member: Member, circle: CircleId, handled: Receipt) -> tuple[bytes, ...]:
        """Say what became of a member's letters, and fetch the next. Raises as :meth:`sizes` does."""
        answer = self._post(
            member, f"/circles/{circle}/letters/collect", encode_receipt(handled), max_bytes=MAX_LETTERS_BYTES
        )
        return decode_letters(answer)

    def evaluate(self, member: Member, circle: CircleId, request: EvaluationRequest) -> EvaluationAnswer:
        """What an operator of person tokens makes of these elements, its proof unverified. Raises as :meth:`sizes`."""
        answer = self._post(
            member,
            f"/circles/{circle}/tokens/evaluate",
            encode_evaluation_request(request),
            max_bytes=MAX_EVALUATION_BYTES,
        )
        return decode_evaluation_answer(answer)

    def _post(
        self, member: Member, path: str, body: bytes, *, max_bytes: int, media_type: str = "application/json"
    ) -> bytes:
        """A signed request and the whole of its verified answer; of no answer where nothing may come."""
        url = self._url(member, path)
        fields, headers = self._signed("POST", url, body)
        headers["Content-Type"] = media_type
        with self._exchange(member, "POST", url, headers, body) as response:
            _require_ok(member, response)
            if not max_bytes:
                return b""
            answer = self._read(member, response, max_bytes)
            if answer.cut_short is not None:
                raise answer.cut_short
            self._verify(member, response, answer.data, fields)
        return answer.data

    def tile(self, member: Member, circle: CircleId, log: KeyId, level: int, index: int, width: int) -> bytes:
        """A hash tile of a log that a member holds; its hashes are unverified.

        Signed always, though only pseudonymous circles ask for it.
        """
        url = self._url(member, f"/circles/{circle}/logs/{log}/{tile_path(level, index, width)}")
        _, headers = self._signed("GET", url, b"")
        with self._exchange(member, "GET", url, headers, b"") as response:
            _require_ok(member, response)
            answer = self._read(member, response, width * HASH_BYTES)
        if answer.cut_short is not None:
            raise answer.cut_short
        return answer.data

    def _signed(self, method: str, url: str, body: bytes) -> tuple[SignedFields, dict[str, str]]:
        """The signature of one request, and the fields that carry it."""
        fields = sign_request(
            self._node.keyring.request(),
            method=method,
            target_uri=url,
            body=body,
            created=self._node.clock.now(),
            nonce=secrets.token_urlsafe(_NONCE_BYTES),
        )
        return fields, {
            "Content-Digest": fields.content_digest,
            "Signature-Input": fields.signature_input,
            "Signature": fields.signature,
        }

    def _url(self, member: Member, path: str) -> str:
        if not member.url.startswith("https://") and not self._node.settings.allow_private_addresses:
            raise HanseError(
                Code.PEER_UNREACHABLE,
                f"{member.name} is reached without TLS, which this node does not do.",
                remedy="On a closed network set allow_private_addresses; otherwise the circle needs https addresses.",
            )
        return f"{member.url}{_PREFIX}{path}"

    def _exchange(self, member: Member, method: str, url: str, headers: dict[str, str], body: bytes) -> "_Exchange":
        try:
            request = self._client.build_request(method, url, headers=headers, content=body)
        except httpx2.InvalidURL as error:
            raise HanseError(
                Code.PEER_UNREACHABLE,
                f"the address of {member.name} cannot be used: {error}.",
                remedy="The charter names it; a circle with another address is another circle.",
                fault=Fault.PEER,
            ) from error
        return _Exchange(self._client, request, member)

    def _read(self, member: Member, response: httpx2.Response, max_bytes: int) -> Answer:
        """Bytes as they come, up to the bound; a body that is encoded or longer is the peer's fault."""
        if response.headers.get("content-encoding", "identity") != "identity":
            raise _misbehaved(member, "compressed its answer, which was not offered")
        data = bytearray()
        try:
            for piece in response.iter_raw():
                data += piece
                if len(data) > max_bytes:
                    del data[max_bytes:]
                    error = _misbehaved(member, f"sent more than the {max_bytes} bytes that were asked for")
                    return Answer(bytes(data), error)
        except HanseError as error:
            return Answer(bytes(data), error)
        except httpx2.HTTPError as error:
            return Answer(bytes(data), _unreachable(member, error))
        return Answer(bytes(data), None)

    def _verify(self, member: Member, response: httpx2.Response, data: bytes, request: SignedFields) -> None:
        fields = SignedFields(
            response.headers.get("content-digest", ""),
            response.headers.get("signature-input", ""),
            response.headers.get("signature", ""),
        )
        try:
            verify_response(
                fields,
                member.request_key,
                status=response.status_code,
                body=data,
                request=request,
                now=self._node.clock.now(),
            )
        except ProtocolError as error:
            raise _misbehaved(member, f"did not sign its answer rightly ({error.detail})") from error


class _Exchange:
    """One request; its answer is closed, and with it the connection, when the block ends."""

    def __init__(self, client: httpx2.Client, request: httpx2.Request, member: Member) -> None:
        self._client = client
        self._request = request
        self._member = member
        self._response: httpx2.Response | None = None

    def __enter__(self) -> httpx2.Response:
        try:
            self._response = self._client.send(self._request, stream=True)
        except httpx2.HTTPError as error:
            raise _unreachable(self._member, error) from error
        return self._response

    def __exit__(self, *_: object) -> None:
        if self._response is not None:
            self._response.close()


def _require_ok(member: Member, response: httpx2.Response) -> None:
    if response.status_code == _OK:
        return
    data = bytearray()
    try:
        for piece in response.iter_raw():
            data += piece
            if len(data) > _MAX_PROBLEM_BYTES:
                break
    except httpx2.HTTPError as error:
        raise _unreachable(member, error) from error
    try:
        problem = msgspec.json.decode(bytes(data), type=_Problem)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        problem = _Problem()
    words = "".join(each for each in f"{problem.code} {problem.detail}" if each.isprintable())[:_MAX_WORDS].strip()
    raise HanseError(
        Code.PEER_REFUSED,
        f"{member.name} answered {response.status_code}" + (f": {words}" if words else "."),
        remedy="Check that both nodes joined the same charter, and that both clocks are right.",
        fault=Fault.PEER,
    )


def _unreachable(member: Member, error: httpx2.HTTPError) -> HanseError:
    """For transports other than our own, which speaks for itself."""
    return HanseError(Code.PEER_UNREACHABLE, f"{member.name} cannot be reached: {error}.", fault=Fault.PEER)


def _misbehaved(member: Member, words: str) -> HanseError:
    return HanseError(Code.PEER_MISBEHAVED, f"{member.name} {words}.", remedy="Tell its operator.", fault=Fault.PEER)
