"""Vectors and schemas of digests, signatures and streams between nodes (clauses 9.2 to 9.8)."""

import base64
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from protocol.canonical import encode
from protocol.errors import Code
from protocol.identifiers import encode_bytes
from protocol.keys import SigningKey
from protocol.limits import MAX_FORKS
from protocol.messages.digest import content_digest
from protocol.messages.signature import FRESH_SECONDS, SignedFields, sign_response
from protocol.messages.stream import (
    MAX_HOLE_RANGES,
    CheckpointLine,
    EndLine,
    EntriesRequest,
    EntryLine,
    Filling,
    ForkLine,
    SectionLine,
    encode_filling,
    encode_fork,
    encode_section,
    encode_stream,
)
from protocol.statements import Timestamp
from tests.protocol.fed_samples import (
    BODY,
    CONTRIBUTOR,
    METHOD,
    NONCE,
    REQUEST,
    STRANGER,
    TARGET,
    Json,
    as_json,
    in_bytes,
    request,
    sections,
    wire_schema,
)
from tests.protocol.samples import NOW
from tests.protocol.vector_file import BEYOND_SCHEMA, Case, vector_file

_SMALL_ORDER: Final = encode_bytes(bytes([1]) + bytes(31))


# Digests and signatures


def digests() -> bytes:
    """Content-Digest."""
    body = b"finding"
    good = content_digest(body)
    refused = {
        "another content": content_digest(b"findings"),
        "another algorithm as well": f"{good}, md5=:AAAAAAAAAAAAAAAAAAAAAA==:",
        "another algorithm": "sha-512=:AA==:",
        "another spelling": good.upper(),
        "a space": f" {good}",
        "nothing": "",
    }
    cases = [
        Case("some content", "9.2", {"header": good, "body": encode_bytes(body)}),
        Case("no content", "9.2", {"header": content_digest(b""), "body": ""}),
    ]
    cases += [
        Case(name, "9.2", {"header": header, "body": encode_bytes(body)}, Code.BAD_DIGEST, ("altered",))
        for name, header in refused.items()
    ]
    return vector_file("Content-Digest; body is base64url.", {"altered": "content could be changed on its way"}, cases)


_SIGNATURE_FLAGS: Final = {
    "other-profile": "a signature over less than the profile covers could be moved to another target or content",
    "forged": "anybody could speak for a peer",
    "altered": "content, target or answer could be changed on the way",
    "replay": "a recorded message could be sent again later",
}


def _sign_freely(key: SigningKey, lines: Mapping[str, str], parameters: str) -> SignedFields:
    """A correct RFC 9421 signature of any shape, to show that the shape alone is refused."""
    covered = f"({' '.join(lines)}){parameters}"
    base = "".join(f"{name}: {value}\n" for name, value in lines.items()) + f'"@signature-params": {covered}'
    signature = base64.b64encode(key.sign(base.encode())).decode("ascii")
    return SignedFields(content_digest(BODY), f"hanse={covered}", f"hanse=:{signature}:")


def _request_case(name: str, clause: str, error: Code | None = None, flag: str = "", **changed: object) -> Case:
    fields = changed.pop("fields", request())
    given: Json = {
        "key": REQUEST[0].public.encode(),
        "method": METHOD,
        "target_uri": TARGET,
        "body": encode_bytes(BODY),
        "now": NOW,
        **as_json(fields),
    }
    return Case(name, clause, given | changed, error, (flag,) if flag else ())


def _request_cases() -> Iterable[Case]:
    shape = Code.BAD_REQUEST_SIGNATURE
    yield _request_case("a request", "9.3", nonce=NONCE)
    yield _request_case("without content", "9.3", fields=request(body=b""), body="", nonce=NONCE)
    for seconds in (FRESH_SECONDS, -FRESH_SECONDS):
        yield _request_case(f"{seconds} seconds old", "9.5", now=NOW + seconds, nonce=NONCE)
    for seconds in (FRESH_SECONDS + 1, -FRESH_SECONDS - 1):
        yield _request_case(f"{seconds} seconds old", "9.5", Code.NOT_FRESH, "replay", now=NOW + seconds)
    yield _request_case("other content", "9.2", Code.BAD_DIGEST, "altered", body=encode_bytes(b"{}"))
    yield _request_case("another method", "9.3", shape, "altered", method="PUT")
    yield _request_case("another target", "9.3", shape, "altered", target_uri=TARGET + "&x")
    yield _request_case("a method of two lines", "9.3", shape, "altered", method='POST\n"x": y')
    yield _request_case("a target of two lines", "9.3", shape, "altered", target_uri=TARGET + '\n"x": y')
    yield _request_case("a target without authority", "9.3", shape, "altered", target_uri="/entries")
    stranger = STRANGER.public.encode()
    yield _request_case("checked with another key", "9.3", Code.WRONG_KEY, "forged", key=stranger)
    good = request()
    renamed = good.signature_input.replace(REQUEST[0].public.key_id, STRANGER.public.key_id)
    yield _request_case(
        "another key named",
        "9.3",
        shape,
        "forged",
        fields=SignedFields(good.content_digest, renamed, good.signature),
        key=stranger,
    )
    lines = {'"@method"': METHOD, '"@target-uri"': TARGET, '"content-digest"': good.content_digest}
    parameters = good.signature_input.partition(")")[2]
    for name, fewer in (
        ("the method is not covered", ("@target-uri", "content-digest")),
        ("the target is not covered", ("@method", "content-digest")),
        ("the content is not covered", ("@method", "@target-uri")),
        ("another order", ("@target-uri", "@method", "content-digest")),
    ):
        fields = _sign_freely(REQUEST[0], {f'"{each}"': lines[f'"{each}"'] for each in fewer}, parameters)
        yield _request_case(name, "9.3", shape, "other-profile", fields=fields)
    for name, given in (
        ("an algorithm named", f'{parameters};alg="ed25519"'),
        ("no nonce", parameters.replace(f';nonce="{NONCE}"', "")),
        ("a short nonce", parameters.replace(NONCE, NONCE[:21])),
        ("another tag", parameters.replace("hanse-request", "hanse-response")),
        ("an expiry", f"{parameters};expires={NOW}"),
        ("a spelled-out plus", parameters.replace("created=", "created=+")),
        ("a leading zero", parameters.replace("created=", "created=0")),
    ):
        yield _request_case(name, "9.3", shape, "other-profile", fields=_sign_freely(REQUEST[0], lines, given))
    for name, value in (
        ("a second signature", f"{good.signature}, {good.signature.replace('hanse', 'other')}"),
        ("a signature in another label", good.signature.replace("hanse", "sig1")),
        ("a signature with stray bits", good.signature[:-4] + chr(ord(good.signature[-4]) + 1) + good.signature[-3:]),
        ("no signature", ""),
    ):
        fields = SignedFields(good.content_digest, good.signature_input, value)
        yield _request_case(name, "9.3", shape, "other-profile", fields=fields)
    two = SignedFields(good.content_digest + "\n", good.signature_input, good.signature)
    yield _request_case("a digest of two lines", "9.2", shape, "other-profile", fields=two)


def requests() -> bytes:
    """Signed requests."""
    return vector_file("Signed requests; body is base64url.", _SIGNATURE_FLAGS, list(_request_cases()))


def _response_case(name: str, clause: str, error: Code | None = None, flag: str = "", **changed: object) -> Case:
    fields = sign_response(REQUEST[1], status=200, body=BODY, created=NOW, request=request())
    given: Json = {
        "key": REQUEST[1].public.encode(),
        "status": 200,
        "body": encode_bytes(BODY),
        "now": NOW,
        "request": as_json(request()),
        **as_json(fields),
    }
    return Case(name, clause, given | changed, error, (flag,) if flag else ())


def _response_cases() -> Iterable[Case]:
    shape = Code.BAD_REQUEST_SIGNATURE
    yield _response_case("an answer", "9.4")
    other = as_json(request(created=Timestamp(NOW + 1)))
    yield _response_case("the answer to another request", "9.4", shape, "altered", request=other)
    unsigned = as_json(request()) | {"signature": ""}
    yield _response_case("the answer to no request", "9.4", shape, "altered", request=unsigned)
    yield _response_case("another status", "9.4", shape, "altered", status=404)
    yield _response_case("no status", "9.4", shape, "altered", status=20)
    yield _response_case("other content", "9.2", Code.BAD_DIGEST, "altered", body="")
    yield _response_case("late", "9.5", Code.NOT_FRESH, "replay", now=NOW + FRESH_SECONDS + 1)
    yield _response_case("another's answer", "9.4", Code.WRONG_KEY, "forged", key=STRANGER.public.encode())
    free = _sign_freely(
        REQUEST[1],
        {'"@status"': "200", '"content-digest"': content_digest(BODY)},
        f';created={NOW};keyid="{REQUEST[1].public.key_id}";tag="hanse-response"',
    )
    yield _response_case("not bound to a request", "9.4", shape, "other-profile", **as_json(free))


def responses() -> bytes:
    """Signed responses."""
    return vector_file("Signed responses; body is base64url.", _SIGNATURE_FLAGS, list(_response_cases()))


# Streams


_ENTRIES_FLAGS: Final = {
    "lost-bound": "a peer could ask for more than either side can hold, or for so little that nothing advances",
    "second-spelling": "a digest over the request would not name it",
}


def _entries_bounds(log: str) -> dict[str, Json]:
    return {
        "too few bytes": {"have": {}, "holes": {}, "max_bytes": 65_535, "only": []},
        "too many bytes": {"have": {}, "holes": {}, "max_bytes": 8_388_609, "only": []},
        "a negative size": {"have": {log: -1}, "holes": {}, "max_bytes": 65_536, "only": []},
        "a size beyond every log": {"have": {log: 2**40 + 1}, "holes": {}, "max_bytes": 65_536, "only": []},
        "a log that is none": {"have": {"log": 1}, "holes": {}, "max_bytes": 65_536, "only": []},
        "a wanted log that is none": {"have": {}, "holes": {}, "max_bytes": 65_536, "only": ["log"]},
        "no bound": {"have": {}, "holes": {}, "only": []},
        "nothing said of content": {"have": {}, "max_bytes": 65_536, "only": []},
        "a log without ranges": {"have": {}, "holes": {log: []}, "max_bytes": 65_536, "only": []},
        "more ranges than a request has": {
            "have": {},
            "holes": {log: [[3 * at, 3 * at + 1] for at in range(MAX_HOLE_RANGES + 1)]},
            "max_bytes": 65_536,
            "only": [],
        },
        "nothing said of the logs that are wanted": {"have": {}, "holes": {}, "max_bytes": 65_536},
    }


def entries_requests() -> bytes:
    """Requests for entries."""
    log = CONTRIBUTOR[0].public.key_id
    cases = [
        Case("nothing held", "9.7", in_bytes(BODY)),
        Case(
            "one log held", "9.7", in_bytes(encode({"have": {log: 7}, "holes": {}, "max_bytes": 8_388_608, "only": []}))
        ),
        Case(
            "one log wanted",
            "9.7",
            in_bytes(encode({"have": {log: 7}, "holes": {}, "max_bytes": 65_536, "only": [log]})),
        ),
        *(
            Case(
                name,
                "9.7",
                in_bytes(encode({"have": {}, "holes": {}, "max_bytes": 65_536, "only": only})),
                Code.NON_CANONICAL,
                ("second-spelling", BEYOND_SCHEMA),
            )
            for name, only in (
                ("wanted logs in another order", sorted((log, CONTRIBUTOR[1].public.key_id), reverse=True)),
                ("a log wanted twice", [log, log]),
            )
        ),
        Case(
            "content asked for again",
            "9.7",
            in_bytes(encode({"have": {log: 7}, "holes": {log: [[0, 2], [4, 5]]}, "max_bytes": 65_536, "only": []})),
        ),
        *(
            Case(
                name,
                "9.7",
                in_bytes(encode({"have": {}, "holes": {log: ranges}, "max_bytes": 65_536, "only": []})),
                Code.NON_CANONICAL,
                ("second-spelling", BEYOND_SCHEMA),
            )
            for name, ranges in (
                ("an empty range", [[2, 2]]),
                ("ranges in another order", [[4, 5], [0, 2]]),
                ("ranges that touch", [[0, 2], [2, 3]]),
            )
        ),
        Case(
            "a log twice",
            "9.7",
            in_bytes(f'{{"have":{{"{log}":7,"{log}":7}},"holes":{{}},"max_bytes":65536,"only":[]}}'.encode()),
            Code.NON_CANONICAL,
            ("second-spelling", BEYOND_SCHEMA),
        ),
    ]
    bounds = _entries_bounds(log)
    cases += [
        Case(name, "9.7", in_bytes(encode(value)), Code.MALFORMED, ("lost-bound",)) for name, value in bounds.items()
    ]
    return vector_file("Requests for entries; bytes is base64url.", _ENTRIES_FLAGS, cases)


def _everything() -> Case:
    everything = encode_stream(
        sections(),
        more=True,
        fillings=(Filling(CONTRIBUTOR[0].public.key_id, 1, b""), Filling(CONTRIBUTOR[2].public.key_id, 0, b"x")),
        forks=(b"evidence",),
    )
    whole_of_it = in_bytes(everything, sections=2, fillings=2, forks=1, more=True)
    return Case("sections, content asked for again, evidence", "9.8", whole_of_it)


def _stream_cases() -> Iterable[Case]:
    whole = encode_stream(sections(), more=True)
    first = encode_section(sections()[0])
    end = b'{"kind":"end","more":false}\n'
    yield Case("two sections and more", "9.8", in_bytes(whole, sections=2, more=True))
    yield Case("nothing new", "9.8", in_bytes(end, sections=0, more=False))
    evidence = encode_fork(b"evidence")
    yield Case("evidence alone", "9.8", in_bytes(evidence + end, sections=0, forks=1, more=False))
    most = encode_stream(sections(), more=False, forks=(b"evidence",) * MAX_FORKS)
    yield Case("sections and the most evidence", "9.8", in_bytes(most, sections=2, forks=MAX_FORKS, more=False))
    gone = first.replace(b"not a statement \xff", b"=" + encode_bytes(bytes(range(32))).encode())
    yield Case("an entry without content", "9.8", in_bytes(gone + end, sections=1, gone=1, more=False))
    again = encode_filling(Filling(CONTRIBUTOR[0].public.key_id, 3, b"eyJhIjoxfQ.e30.AA"))
    yield Case("content that was asked for again", "9.8", in_bytes(again + end, sections=0, fillings=1, more=False))
    yield _everything()
    lost, broken = ("lost-end",), ("second-reading",)
    yield Case("evidence without an end", "9.8", in_bytes(evidence, sections=0, forks=1), Code.TRUNCATED, lost)
    yield Case("no bytes", "9.8", in_bytes(b"", sections=0), Code.TRUNCATED, lost)
    yield Case("no end line", "9.8", in_bytes(first, sections=1), Code.TRUNCATED, lost)
    yield Case("an end line without line feed", "9.8", in_bytes(first + end[:-1], sections=1), Code.TRUNCATED, lost)
    cut = first + encode_section(sections()[1])[:150]
    yield Case("cut inside the second section", "9.8", in_bytes(cut, sections=1), Code.TRUNCATED, lost)
    for name, data, complete in (
        ("a section twice", first + first + end, 1),
        ("bytes after the end", end + b"\n", 0),
        ("an entry too many", first.replace(b'"count":3', b'"count":2') + end, 0),
        ("an entry too few", first.replace(b'"count":3', b'"count":4') + end, 0),
        ("a space in a line", first.replace(b'{"count"', b'{ "count"') + end, 0),
        ("carriage returns", end.replace(b"\n", b"\r\n"), 0),
        ("a checkpoint first", first.split(b"\n", 4)[4] + end, 0),
        ("an unknown kind of line", b'{"kind":"note"}\n' + end, 0),
        ("a section beyond every log", first.replace(b'"start":3', b'"start":1099511627776') + end, 0),
        ("an entry that is too long", first.replace(b"not a", b"x" * 24_577) + end, 0),
        ("a checkpoint that is too long", first.replace(b"Az3grlgt", b"A" * 4_096) + end, 0),
        ("a leaf hash that is too short", gone.replace(b"Hh8\n", b"\n") + end, 0),
        ("a leaf hash with stray bits", gone.replace(b"Hh8\n", b"Hh9\n") + end, 0),
        ("a leaf hash with padding", gone.replace(b"Hh8\n", b"Hh8=\n") + end, 0),
        ("a leaf hash that is none", gone.replace(b"=AAEC", b"=\xff\xff\xff\xff") + end, 0),
        ("a leaf hash where content was asked for", again.replace(b"eyJhIjoxfQ.e30.AA", b"=" + b"A" * 43) + end, 0),
        ("a section after content that was asked for", again + first + end, 0),
        ("content that was asked for, after evidence", evidence + again + end, 0),
        ("content at a place beyond every log", again.replace(b'"index":3', b'"index":1099511627776') + end, 0),
        ("a section after evidence", evidence + first + end, 0),
        ("more evidence than an answer has", evidence * (MAX_FORKS + 1) + end, 0),
        ("evidence with stray bits", evidence.replace(b"Y2U", b"Y2V") + end, 0),
        ("evidence with padding", evidence.replace(b'"}', b'="}') + end, 0),
        ("more entries than an answer has", first.replace(b'"count":3', b'"count":20001') + end, 0),
        (
            "more entries than an answer has, over two sections",
            first + encode_section(sections()[1]).replace(b'"count":1', b'"count":19998') + end,
            1,
        ),
    ):
        yield Case(name, "9.8", in_bytes(data, sections=complete), Code.BAD_STREAM, broken)


def streams() -> bytes:
    """Streams of entries."""
    flags = {
        "lost-end": "a connection that broke would look like a peer that has nothing more",
        "second-reading": "two readers would take different entries from the same bytes, or run out of memory",
    }
    about = "Streams; bytes is base64url, sections the number of complete sections before the end or the error."
    return vector_file(about, flags, list(_stream_cases()))


FILES: Final[dict[str, Callable[[], bytes]]] = {
    "v1/entries-request.schema.json": wire_schema(
        "entries-request", "Entries request", "What the asker holds (clause 9.7).", EntriesRequest
    ),
    "v1/stream-line.schema.json": wire_schema(
        "stream-line",
        "Stream line",
        "A line of JSON in a stream of entries (clause 9.8).",
        SectionLine | CheckpointLine | EntryLine | ForkLine | EndLine,
    ),
    "vectors/content_digest.json": digests,
    "vectors/request_signature.json": requests,
    "vectors/response_signature.json": responses,
    "vectors/entries_request.json": entries_requests,
    "vectors/stream.json": streams,
}
