"""Statements about invented organisations, from fixed seeds: the ground of vectors and tests."""

from datetime import date
from hashlib import sha256
from typing import Final

from msgspec.structs import replace

from protocol.envelope import sign
from protocol.identifiers import (
    CircleId,
    Digest,
    KeyId,
    StatementId,
    VocabularyCode,
    encode_bytes,
    parse_circle_id,
    parse_code,
    parse_digest,
    parse_statement_id,
    parse_subject_id,
)
from protocol.keys import SigningKey
from protocol.messages.card import NodeCard, sign_card
from protocol.sd_jwt import Disclosure, digests, disclose
from protocol.statements import (
    DAY_SECONDS,
    Attribution,
    AttributionBody,
    Correction,
    CorrectionBody,
    Endorsement,
    EndorsementBody,
    Erasure,
    ErasureBody,
    Finding,
    FindingBody,
    Grade,
    Key,
    KeyBody,
    Leave,
    LeaveBody,
    Period,
    Relation,
    RelationBody,
    Removal,
    RemovalBody,
    Reply,
    ReplyBody,
    Response,
    ResponseBody,
    Retraction,
    RetractionBody,
    Sponsored,
    SponsoredBody,
    Statement,
    Subject,
    Target,
    Timestamp,
    Token,
    TokenBody,
    TokenKey,
    TokenKeyBody,
    encode,
)

NOW: Final = Timestamp(20_700 * DAY_SECONDS)
"""2026-09-04."""
EXPIRY: Final = Timestamp(NOW + 730 * DAY_SECONDS)
KEY: Final = SigningKey(bytes([7]) * 32)
OTHER_KEY: Final = SigningKey(bytes([8]) * 32)
ORGANISATION: Final = Subject(id=parse_subject_id("ror:0zzzzz192"), label="Institute of Applied Photonics, Farhaven")
OTHER_ORGANISATION: Final = Subject(id=parse_subject_id("ror:0zzzzz289"), label="Westmark Laboratory")
COMPANY: Final = Subject(id=parse_subject_id("lei:00000HANSEDEMO000061"), label="Westmark Instruments Ltd")


def fixed_digest(name: str) -> Digest:
    """A digest that depends on the name alone."""
    return parse_digest(encode_bytes(sha256(name.encode()).digest()))


def fixed_id(name: str) -> StatementId:
    """A statement id that depends on the name alone."""
    return parse_statement_id(encode_bytes(sha256(name.encode()).digest()[:16]))


def fixed_circle(name: str) -> CircleId:
    """The identifier of a circle of this name."""
    return parse_circle_id(fixed_digest(name))


def circle_scoped(name: str) -> str:
    """A circle-scoped subject identifier."""
    return f"circle:{fixed_id(name)}"


CIRCLE: Final[CircleId] = parse_circle_id(fixed_digest("circle"))
SOURCES: Final = tuple(sorted(fixed_digest(f"source {number}") for number in range(2)))


def codes(*names: str) -> tuple[VocabularyCode, ...]:
    """Codes in ascending order."""
    return tuple(sorted(parse_code(name) for name in names))


def disclosures(name: str = "finding") -> tuple[Disclosure, ...]:
    """The full set of held-back fields of one statement, with fixed salts."""
    values = {
        "contact": "research-security@example.org",
        "engagement": {"kind": "project", "months": 18, "running": True},
        "evidence": ["Register extract of 2026-08-30", "Annex 2 of the draft agreement"],
        "narrative": None,
    }
    return tuple(
        disclose(field, value, salt=sha256(f"{name} {field}".encode()).digest()[:16])  # type: ignore[arg-type]
        for field, value in values.items()
    )


def finding_body() -> FindingBody:
    """A concern, well founded."""
    return FindingBody(
        subject=ORGANISATION,
        indicator=parse_code("gov-opaque-control"),
        scope=parse_code("whole"),
        observed=Period(start=date(2026, 3, 1), end=date(2026, 8, 30)),
        strength=3,
        grade=Grade(reliability="B", credibility=2),
        evidence_kinds=codes("corporate-filing", "public-register"),
        sources=SOURCES,
        technology_domains=codes("advanced-sensing"),
        engagement_kind=parse_code("project"),
        mitigations=codes("m-structure-disclosure"),
        summary="The register names a holding as the only member; the holding's own members are not recorded.",
        handling="TLP:AMBER+STRICT",
    )


def relation_body() -> RelationBody:
    """One edge of a graph that nobody sees alone."""
    return RelationBody(
        subject=OTHER_ORGANISATION,
        relation=parse_code("is-joint-laboratory-of"),
        object=ORGANISATION,
        observed=Period(start=date(2025, 1, 1), end=date(2026, 8, 30)),
        grade=Grade(reliability="A", credibility=2),
        evidence_kinds=codes("publication-metadata"),
        sources=SOURCES[:1],
        summary="",
        handling="TLP:AMBER",
    )


def finding() -> Finding:
    """The sample finding."""
    return Finding(
        v=1,
        id=fixed_id("finding"),
        circle=CIRCLE,
        iat=NOW,
        exp=EXPIRY,
        sd=digests(disclosures()),
        sd_alg="sha-256",
        body=finding_body(),
    )


def relation() -> Relation:
    """The sample relation."""
    return Relation(
        v=1,
        id=fixed_id("relation"),
        circle=CIRCLE,
        iat=NOW,
        exp=EXPIRY,
        sd=digests(disclosures("relation")),
        sd_alg="sha-256",
        body=relation_body(),
    )


def response() -> Response:
    """Another contributor disputes the sample finding."""
    body = ResponseBody(
        target=Target(contributor=OTHER_KEY.public.key_id, id=fixed_id("finding")),
        stance="disputes",
        observed=Period(start=date(2026, 9, 1), end=date(2026, 9, 4)),
        grade=Grade(reliability="A", credibility=2),
        evidence_kinds=codes("partner-disclosure"),
        sources=(),
        summary="The partner has shown us the holding's register of members.",
        handling="TLP:GREEN",
    )
    return Response(
        v=1,
        id=fixed_id("response"),
        circle=CIRCLE,
        iat=NOW,
        exp=EXPIRY,
        sd=digests(disclosures("response")),
        sd_alg="sha-256",
        body=body,
    )


def correction() -> Correction:
    """The sample finding gets a new body."""
    body = CorrectionBody(
        target=fixed_id("finding"), reason=parse_code("grade-revised"), finding=finding_body(), relation=None
    )
    return Correction(
        v=1,
        id=fixed_id("correction"),
        circle=CIRCLE,
        iat=NOW,
        exp=EXPIRY,
        sd=digests(disclosures("correction")),
        sd_alg="sha-256",
        body=body,
    )


def retraction() -> Retraction:
    """The sample finding is withdrawn."""
    body = RetractionBody(target=fixed_id("finding"), reason=parse_code("evidence-withdrawn"))
    return Retraction(v=1, id=fixed_id("retraction"), circle=CIRCLE, iat=NOW, exp=EXPIRY, body=body)


def card(identity: int = 0x71, request: int = 0x72, contributor: int = 0x73) -> str:
    """A candidate's card, by the seeds of its three keys."""
    keys = [SigningKey(bytes([seed]) * 32) for seed in (identity, request, contributor)]
    identity_key, request_key, contributor_key = (key.public.encode() for key in keys)
    content = NodeCard(
        v=1,
        circle=CIRCLE,
        name="University of Eastmere",
        url="https://hanse.eastmere.example",
        identity_key=identity_key,
        request_key=request_key,
        contributor_key=contributor_key,
    )
    return sign_card(content, identity=keys[0], request=keys[1], contributor=keys[2]).decode("ascii")


def endorsement() -> Endorsement:
    """A candidate is vouched for."""
    return Endorsement(
        v=1, id=fixed_id("endorsement"), circle=CIRCLE, iat=NOW, exp=EXPIRY, body=EndorsementBody(card=card())
    )


def removal() -> Removal:
    """A vote against another key."""
    body = RemovalBody(target=OTHER_KEY.public.key_id, from_index=7, reason=parse_code("key-compromised"))
    return Removal(v=1, id=fixed_id("removal"), circle=CIRCLE, iat=NOW, exp=EXPIRY, body=body)


def leave() -> Leave:
    """A departure."""
    return Leave(v=1, id=fixed_id("leave"), circle=CIRCLE, iat=NOW, exp=EXPIRY, body=LeaveBody())


def key() -> Key:
    """A change of keys."""
    return Key(v=1, id=fixed_id("key"), circle=CIRCLE, iat=NOW, exp=EXPIRY, body=KeyBody(card=card()))


def token_key() -> TokenKey:
    """An operator's key: the base point of ristretto255, which is an element and nobody's key."""
    base = encode_bytes(bytes.fromhex("e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76"))
    return TokenKey(
        v=1, id=fixed_id("token-key"), circle=CIRCLE, iat=NOW, exp=EXPIRY, body=TokenKeyBody(epoch=1, key=base)
    )


def reply() -> Reply:
    """A subject's answer to two statements."""
    names = sorted((fixed_digest(f"contributor {name}"), fixed_id(name)) for name in ("finding", "relation"))
    body = ReplyBody(
        subject=ORGANISATION,
        targets=tuple(Target(contributor=KeyId(contributor), id=name) for contributor, name in names),
        text="The board was elected by the faculty in June.\nThe minutes are public.",
        replied=date(2026, 9, 1),
        verified=parse_code("official-letter"),
        handling="TLP:AMBER",
    )
    return Reply(v=1, id=fixed_id("reply"), circle=CIRCLE, iat=NOW, exp=EXPIRY, body=body)


def erasure() -> Erasure:
    """Takes a finding and its one correction away."""
    body = ErasureBody(target=fixed_id("finding"), indices=(0, 3), reason=parse_code("personal-data"))
    return Erasure(v=1, id=fixed_id("erasure"), circle=CIRCLE, iat=NOW, exp=EXPIRY, body=body)


def sponsored(inner: Finding | None = None, key: SigningKey = OTHER_KEY) -> Sponsored:
    """Another's finding, as its author signed it with a key of its own."""
    signed = sign(encode(inner or replace(finding(), id=fixed_id("inner finding"))), key).decode()
    body = SponsoredBody(key=key.public.encode(), statement=signed)
    return Sponsored(v=1, id=fixed_id("sponsored"), circle=CIRCLE, iat=NOW, exp=EXPIRY, body=body)


def attribution() -> Attribution:
    """A name signed to a finding."""
    body = AttributionBody(target=fixed_id("finding"))
    return Attribution(v=1, id=fixed_id("attribution"), circle=CIRCLE, iat=NOW, exp=EXPIRY, body=body)


def token() -> Token:
    """A person's token beside a finding."""
    body = TokenBody(
        target=fixed_id("finding"),
        role=parse_code("recruitment-intermediary"),
        epoch=1,
        token=fixed_digest("token"),
    )
    return Token(v=1, id=fixed_id("token"), circle=CIRCLE, iat=NOW, exp=EXPIRY, body=body)


def every_kind() -> dict[str, Statement]:
    """One statement of each kind."""
    return {
        "finding": finding(),
        "relation": relation(),
        "response": response(),
        "correction": correction(),
        "retraction": retraction(),
        "endorsement": endorsement(),
        "removal": removal(),
        "leave": leave(),
        "key": key(),
        "token-key": token_key(),
        "reply": reply(),
        "erasure": erasure(),
        "sponsored": sponsored(),
        "attribution": attribution(),
        "token": token(),
    }
