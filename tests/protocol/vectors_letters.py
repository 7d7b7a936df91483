"""Vectors and schemas of letters, requests for information and soundings (clauses 12.1 to 12.11)."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Final

import msgspec

from protocol import envelope
from protocol.canonical import encode
from protocol.errors import Code
from protocol.identifiers import CircleId, KeyId, SubjectId, encode_bytes
from protocol.keys import SigningKey
from protocol.messages import requests, soundings
from protocol.messages.letter import LETTER_TYPE, MAX_LETTER_DAYS, MAX_LETTERS, Letter, Receipt
from protocol.statements import DAY_SECONDS, Timestamp
from tests.protocol.fed_samples import CONTRIBUTOR, IDENTITY, STRANGER, in_bytes, wire_schema
from tests.protocol.samples import NOW, fixed_id
from tests.protocol.vector_file import BEYOND_SCHEMA, Case, json_file, vector_file

CIRCLE: Final = CircleId(encode_bytes(bytes(range(32))))
MEMBERS: Final = sorted(key.public.key_id for key in (*IDENTITY, *CONTRIBUTOR))
SUBJECT: Final = {"id": "ror:03yrm5c26", "label": "Institute of Invented Studies"}
_FORGED: Final = "forged"
_SECOND: Final = "second-reading"
_UNBOUNDED: Final = "unbounded"
_FLAGS: Final = {
    _FORGED: "somebody would speak for a member, or a letter would be read by another than it is for",
    _SECOND: "two nodes would act differently on the same bytes",
    _UNBOUNDED: "a member could fill memory, or be remembered for ever",
}


def letter_payload(**changes: object) -> bytes:
    """A letter's payload with some members changed; absent where the change is ``...``."""
    members: dict[str, object] = {
        "v": 1,
        "id": fixed_id("letter"),
        "circle": CIRCLE,
        "to": CONTRIBUTOR[1].public.key_id,
        "iat": NOW,
        "exp": NOW + 30 * DAY_SECONDS,
        "kind": "rfi-message",
        "thread": fixed_id("thread"),
        "body": {"text": "May we see the engagement too?"},
    }
    members |= changes
    return encode({name: value for name, value in members.items() if value is not ...})


def _letter(name: str, clause: str, payload: bytes, error: Code | None = None, *flags: str) -> Case:
    return _signed(name, clause, payload, CONTRIBUTOR[0], error, *flags)


def _signed(
    name: str,
    clause: str,
    payload: bytes,
    key: SigningKey,
    error: Code | None = None,
    *flags: str,
    typ: str = LETTER_TYPE,
) -> Case:
    jws = envelope.sign(payload, key, typ=typ).decode("ascii")
    return Case(name, clause, {"jws": jws, "now": NOW}, error, flags)


def _letters() -> Iterable[Case]:
    shape, canonical = Code.MALFORMED, Code.NON_CANONICAL
    yield _letter("a letter", "12.1", letter_payload())
    yield _letter("the longest life", "12.2", letter_payload(exp=NOW + MAX_LETTER_DAYS * DAY_SECONDS))
    yield _letter("an unknown kind has a form", "12.1", letter_payload(kind="rfi-poem", body={}))
    yield _signed("signed by another", "12.1", letter_payload(), STRANGER, Code.WRONG_KEY, _FORGED, BEYOND_SCHEMA)
    yield _signed(
        "a statement's type",
        "12.1",
        letter_payload(),
        CONTRIBUTOR[0],
        Code.BAD_HEADER,
        _FORGED,
        BEYOND_SCHEMA,
        typ="hanse+jwt",
    )
    other = CircleId(encode_bytes(bytes(32)))
    yield _letter("another circle", "12.2", letter_payload(circle=other), Code.WRONG_CIRCLE, _FORGED, BEYOND_SCHEMA)
    yield _letter("run out", "12.2", letter_payload(iat=NOW - 9, exp=NOW), Code.EXPIRED, _UNBOUNDED, BEYOND_SCHEMA)
    late = letter_payload(iat=NOW + 301, exp=NOW + 900)
    yield _letter("signed in the future", "12.2", late, Code.FUTURE_DATED, _UNBOUNDED, BEYOND_SCHEMA)
    long = letter_payload(exp=NOW + MAX_LETTER_DAYS * DAY_SECONDS + 1)
    yield _letter("too long a life", "12.2", long, Code.BAD_VALIDITY, _UNBOUNDED, BEYOND_SCHEMA)
    yield _letter("no life", "12.2", letter_payload(exp=NOW), Code.BAD_VALIDITY, _UNBOUNDED, BEYOND_SCHEMA)
    yield _letter("a member is absent", "12.1", letter_payload(thread=...), shape, _SECOND)
    yield _letter("a further member", "12.1", letter_payload(re="x"), shape, _SECOND)
    yield _letter("another version", "12.1", letter_payload(v=2), shape, _SECOND)
    yield _letter("a body that is a text", "12.1", letter_payload(body="words"), shape, _SECOND)
    yield _letter("a kind that is no code", "12.1", letter_payload(kind="RFI"), shape, _SECOND)
    spaced = letter_payload().replace(b'"v":1', b'"v": 1')
    yield _letter("a space", "12.1", spaced, canonical, _SECOND, BEYOND_SCHEMA)
    unsorted = letter_payload(body={}).replace(b'"body":{}', b'"body":{"b":1,"a":1}')
    yield _letter("an unsorted body", "12.1", unsorted, canonical, _SECOND, BEYOND_SCHEMA)
    fraction = letter_payload(body={}).replace(b'"body":{}', b'"body":{"a":1.5}')
    yield _letter("a fraction in the body", "12.1", fraction, shape, _SECOND, BEYOND_SCHEMA)


def letters() -> bytes:
    """Letters as they are opened at ``now`` by the contributor key ``key`` in ``circle``."""
    about = "Letters, opened with the key at the time now in the circle; payloads agree with the schema letter."
    return vector_file(about, _FLAGS, list(_letters()), circle=CIRCLE, key=CONTRIBUTOR[0].public.encode())


BODIES: Final[Mapping[str, type[msgspec.Struct]]] = {
    "rfi-ask": requests.Ask,
    "rfi-message": requests.Message,
    "rfi-remind": requests.Remind,
    "rfi-release": requests.Release,
    "rfi-decline": requests.Decline,
    "rfi-withdraw": requests.Withdraw,
    "sounding-ask": soundings.Sound,
    "sounding-share": soundings.Share,
    "sounding-set": soundings.Counted,
    "sounding-table": soundings.Table,
    "sounding-entry": soundings.Entry,
    "sounding-contact": soundings.Contact,
    "letter-receipt": Receipt,
}
"""What each kind of letter says, and what is said of letters."""

_ASK: Final[dict[str, object]] = {
    "target": {"contributor": CONTRIBUTOR[1].public.key_id, "id": fixed_id("finding")},
    "fields": ["evidence", "narrative"],
    "purpose": "We prepare a joint laboratory.",
    "legal_basis": "Article 6(1)(e) of Regulation (EU) 2016/679",
    "role": "officer",
    "until": "2026-09-18",
}
_SOUND: Final[dict[str, object]] = {
    "subject": SUBJECT,
    "purpose": "We prepare a joint laboratory.",
    "wants_contact": True,
    "tally": MEMBERS[:2],
    "asked": NOW,
    "closes": NOW + 3 * DAY_SECONDS,
}


def _body(name: str, kind: str, body: object, error: Code | None = None, *flags: str) -> Case:
    clause = "12.3" if kind == "letter-receipt" else "12.6" if kind.startswith("rfi") else "12.7"
    return Case(name, clause, {"kind": kind, **in_bytes(encode(body))}, error, flags)


def _bodies() -> Iterable[Case]:
    shape, canonical, bad = Code.MALFORMED, Code.NON_CANONICAL, Code.INCONSISTENT
    yield _body("asked", "rfi-ask", _ASK)
    yield _body("no field", "rfi-ask", _ASK | {"fields": []}, shape, _SECOND)
    yield _body("a field twice", "rfi-ask", _ASK | {"fields": ["contact", "contact"]}, canonical, _SECOND)
    yield _body(
        "fields in another order",
        "rfi-ask",
        _ASK | {"fields": ["narrative", "contact"]},
        canonical,
        _SECOND,
        BEYOND_SCHEMA,
    )
    yield _body("a field that is not held back", "rfi-ask", _ASK | {"fields": ["summary"]}, shape, _SECOND)
    yield _body("a person for a role", "rfi-ask", _ASK | {"role": "Ada"}, shape, _SECOND)
    yield _body("no purpose", "rfi-ask", _ASK | {"purpose": ""}, shape, _SECOND)
    yield _body("a long purpose", "rfi-ask", _ASK | {"purpose": "a" * 2_001}, shape, _UNBOUNDED)
    yield _body("hidden characters", "rfi-message", {"text": "a\u202eb"}, shape, _SECOND)
    yield _body("a message", "rfi-message", {"text": "One line.\nAnother."})
    yield _body("a reminder", "rfi-remind", {})
    yield _body("a released field", "rfi-release", {"statement": fixed_id("finding"), "disclosure": "WyJhIl0"})
    yield _body("no disclosure", "rfi-release", {"statement": fixed_id("finding"), "disclosure": ""}, shape, _SECOND)
    yield _body("declined", "rfi-decline", {"reason": "confidential", "text": ""})
    yield _body("declined without a reason", "rfi-decline", {"reason": "", "text": ""}, shape, _SECOND)
    yield _body("withdrawn", "rfi-withdraw", {})
    yield _body("sounded", "sounding-ask", _SOUND)
    yield _body("one tally member", "sounding-ask", _SOUND | {"tally": MEMBERS[:1]}, shape, _FORGED)
    yield _body(
        "one tally member twice", "sounding-ask", _SOUND | {"tally": [MEMBERS[0]] * 2}, bad, _FORGED, BEYOND_SCHEMA
    )
    never = _SOUND | {"closes": NOW + 31 * DAY_SECONDS}
    yield _body("open too long", "sounding-ask", never, Code.BAD_VALIDITY, _UNBOUNDED, BEYOND_SCHEMA)
    yield _body("a share", "sounding-share", {"asker": MEMBERS[0], "share": "0007"})
    yield _body("a share without its zeros", "sounding-share", {"asker": MEMBERS[0], "share": "7"}, shape, _SECOND)
    yield _body("a share beyond the modulus", "sounding-share", {"asker": MEMBERS[0], "share": "1024"}, shape, _SECOND)
    counted = {"asker": MEMBERS[0], "members": MEMBERS[1:], "seed": encode_bytes(bytes(32))}
    yield _body("whose shares are here", "sounding-set", counted)
    again = counted | {"members": [MEMBERS[1], MEMBERS[1]]}
    yield _body("a member counted twice", "sounding-set", again, canonical, _SECOND)
    yield _body("a table of nothing", "sounding-table", {"counted": 0, "entries": []})
    yield _body("a table without entries", "sounding-table", {"counted": 5, "entries": []}, bad, _SECOND, BEYOND_SCHEMA)
    yield _body("an entry", "sounding-entry", {"counted": 5, "place": 12, "key": encode_bytes(bytes(16))})
    yield _body("come forward", "sounding-contact", {"text": "We worked with them.", "contact": ""})
    said = {"v": 1, "taken": [fixed_id("letter")], "refused": {}}
    yield _body("taken", "letter-receipt", said)
    yield _body("refused", "letter-receipt", {"v": 1, "taken": [], "refused": {fixed_id("letter"): "not-found"}})
    both = said | {"refused": {fixed_id("letter"): "not-found"}}
    yield _body("taken and refused", "letter-receipt", both, bad, _SECOND, BEYOND_SCHEMA)
    many = [encode_bytes(number.to_bytes(16, "big")) for number in range(MAX_LETTERS + 1)]
    yield _body("more than one exchange holds", "letter-receipt", said | {"taken": sorted(many)}, shape, _UNBOUNDED)


def bodies() -> bytes:
    """What letters say, by kind, and receipts."""
    about = "The bodies of letters by kind, and receipts of letters; bytes is base64url of the canonical encoding."
    return vector_file(about, _FLAGS, list(_bodies()))


def counting() -> bytes:
    """Soundings counted: shares, the table by its digest, the entry that the asker opens, the answer."""
    cases = []
    for number, (k, bits) in enumerate(
        [(3, "00000"), (3, "10000"), (3, "11000"), (3, "11100"), (2, "11000"), (5, "1" * 9)]
    ):
        seed = hashlib.sha256(f"seed {number}".encode()).digest()
        pairs = [soundings.split(int(bit), (97 * place + 1_000) % 1_024) for place, bit in enumerate(bits)]
        first, second = [one for one, _ in pairs], [two for _, two in pairs]
        entries = soundings.table(first, k, seed)
        place, key = soundings.entry(second, seed)
        case = {
            "k": k,
            "seed": encode_bytes(seed),
            "first": first,
            "second": second,
            "table": encode_bytes(hashlib.sha256("".join(entries).encode()).digest()),
            "place": place,
            "key": key,
            "locked": entries[place],
            "outcome": soundings.open_entry(entries, place, key).value,
        }
        cases.append(case)
    asker, asked = KeyId(MEMBERS[0]), Timestamp(NOW)
    tally = soundings.tally_members(CIRCLE, asker, SubjectId("ror:03yrm5c26"), asked, [KeyId(each) for each in MEMBERS])
    drawn = {
        "circle": CIRCLE,
        "asker": asker,
        "subject": "ror:03yrm5c26",
        "asked": asked,
        "members": MEMBERS,
        "tally": tally,
    }
    about = (
        "Clauses 12.8 to 12.10: which members count, and what each of them sends; table is SHA-256 over all entries."
    )
    return json_file({"about": about, "cases": [], "drawn": drawn, "counted": cases})


FILES: Final[dict[str, Callable[[], bytes]]] = {
    "v1/letter.schema.json": wire_schema("letter", "Letter", "The payload of a letter, decoded (clause 12.1).", Letter),
    **{
        f"v1/{kind}.schema.json": wire_schema(kind, kind, "The body of a letter, or a receipt (section 12).", wire_type)
        for kind, wire_type in BODIES.items()
    },
    "vectors/letters.json": letters,
    "vectors/letter_bodies.json": bodies,
    "vectors/soundings.json": counting,
}
