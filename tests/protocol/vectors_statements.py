"""Vectors for statements (clause 4): payloads that are well signed, and must be read or refused."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

import msgspec

from protocol.canonical import encode
from protocol.errors import Code
from protocol.limits import (
    MAX_CARD_BYTES,
    MAX_CODES,
    MAX_ERASED,
    MAX_LABEL_CHARACTERS,
    MAX_LOG_SIZE,
    MAX_PAYLOAD_BYTES,
    MAX_REPLY_CHARACTERS,
    MAX_RETENTION_DAYS,
    MAX_SOURCES,
    MAX_SPONSORED_BYTES,
)
from protocol.limits import MAX_SUMMARY_CHARACTERS as SUMMARY
from protocol.statements import DAY_SECONDS
from tests.protocol.samples import (
    CIRCLE,
    COMPANY,
    NOW,
    SOURCES,
    card,
    circle_scoped,
    every_kind,
    fixed_digest,
    fixed_id,
)
from tests.protocol.vector_file import BEYOND_SCHEMA, Case, vector_file

_DROP: Final = object()
_FLAGS: Final = {
    "second-spelling": "one statement would have two encodings, so its leaf hash would not name it",
    "coerced-value": "two implementations would read different values under one signature",
    "hidden-channel": "a member could smuggle fields past the preview that people approve",
    "person": "what a person is would become a field",
    "incomplete": "an absent and a null member would have to mean something",
    "unbounded": "a peer could fill memory, disks or pages",
    "kept-for-ever": "a statement would outlive every retention rule",
    "wrong-time": "an observation could lie after its own signature, or its order depend on clocks",
    "time-of-day": "times of day tell time zones and working habits of the author",
    "counted-digests": "the number of held-back fields would tell what the author knows",
    "self-confirmed": "one source could call itself confirmed",
    "wrong-subject": "a mistyped identifier would put the finding on another organisation",
    "not-text": "a summary could break terminals or databases, or read as something else than it says",
    "leaks-red": "what must never leave a node would be on the wire",
    "open-union": "a reader would have to guess what an unknown kind of statement asks of it",
    "wrong-circle": "a member could carry statements from one circle into another",
}


def _changed(value: object, path: str, new: object) -> object:
    """The value with one member replaced, added or (``_DROP``) taken out."""
    head, _, rest = path.partition(".")
    if isinstance(value, list):
        return [_changed(item, rest, new) if str(index) == head else item for index, item in enumerate(value)]
    if not isinstance(value, dict):
        raise TypeError(path)
    replaced = dict(value)
    if rest:
        replaced[head] = _changed(value[head], rest, new)
    elif new is _DROP:
        del replaced[head]
    else:
        replaced[head] = new
    return replaced


def _payload(kind: str, changes: Mapping[str, object]) -> str:
    value: object = msgspec.to_builtins(every_kind()[kind])
    for path, new in changes.items():
        value = _changed(value, path, new)
    return encode(value).decode()


def _accept(name: str, kind: str, clause: str = "4.1", **changes: object) -> Case:
    changed = {path.replace("__", "."): new for path, new in changes.items()}
    return Case(name, clause, {"payload": _payload(kind, changed)})


class _Refuse:
    """Refused cases of one clause and flag; ``beyond`` where a schema cannot tell."""

    def __init__(self, clause: str, flag: str, error: Code = Code.MALFORMED, *, beyond: bool = False) -> None:
        self._clause = clause
        self._error = error
        self._flags = (flag, BEYOND_SCHEMA) if beyond else (flag,)

    def text(self, name: str, payload: str) -> Case:
        return Case(name, self._clause, {"payload": payload}, self._error, self._flags)

    def change(self, name: str, kind: str, path: str, new: object) -> Case:
        return self.text(name, _payload(kind, {path: new}))


def _accepted() -> Iterable[Case]:
    for kind in every_kind():
        yield _accept(f"a {kind}", kind)
    for handling in ("TLP:CLEAR", "TLP:GREEN", "TLP:AMBER"):
        yield _accept(f"marked {handling}", "finding", "4.14", body__handling=handling)
    yield _accept("an LEI", "finding", "2.6", body__subject__id=COMPANY.id)
    yield _accept("a circle-scoped subject", "finding", "2.6", body__subject__id=circle_scoped("a unit"))
    yield _accept("a code that the reader does not know", "finding", "4.10", body__indicator="a-later-indicator")
    yield _accept("a summary of two lines in two scripts", "finding", "1.8", body__summary="\u03b1\n\U0001f600")
    yield _accept("a summary with a joiner", "finding", "1.8", body__summary="\u0645\u06cc\u200c\u0631\u0648\u062f")
    yield _accept("the longest summary", "finding", "4.13", body__summary="\U0001f600" * SUMMARY)
    yield _accept("the longest label", "finding", "4.11", body__subject__label="a" * MAX_LABEL_CHARACTERS)
    sources = sorted(fixed_digest(f"s{n}") for n in range(MAX_SOURCES))
    yield _accept("the most sources", "finding", "4.12", body__sources=sources)
    longest = NOW + MAX_RETENTION_DAYS * DAY_SECONDS
    yield _accept("the longest validity", "finding", "4.7", exp=longest)
    grade = {"reliability": "A", "credibility": 1}
    yield _accept("confirmed by two sources", "finding", "4.12", body__grade=grade)
    body = msgspec.to_builtins(every_kind()["relation"])["body"]
    yield _accept("a corrected relation", "correction", "4.16", body__finding=None, body__relation=body)
    yield _accept(
        "a candidate endorsed tomorrow: no clock decides membership", "endorsement", "4.5", iat=NOW + DAY_SECONDS
    )
    yield _accept("a vote from the first entry on", "removal", "4.20", body__from_index=0)
    yield _accept("a reason that the reader does not know", "removal", "4.10", body__reason="a-later-reason")
    broken = f"{card()[:-6]}AAAAAA"
    yield _accept("a card of which only the form is right", "endorsement", "4.20", body__card=broken)
    yield _accept("expired, but readable", "finding", "4.7", iat=0, exp=DAY_SECONDS, body__observed=_days("1970-01-01"))


def _days(start: str, end: str = "") -> dict[str, str]:
    return {"from": start, "until": end or start}


def _encoding() -> Iterable[Case]:
    good = _payload("retraction", {})
    spelled = _Refuse("1.2", "second-spelling", Code.NON_CANONICAL, beyond=True)
    yield spelled.text("a space", good.replace(",", ", ", 1))
    yield spelled.text("members unsorted", good.replace('{"body"', '{"v":1,"body"').replace(',"v":1}', "}"))
    yield spelled.text("a member twice", good.replace('"v":1', '"v":1,"v":1'))
    yield spelled.text("an escape that need not be", good.replace('"kind"', r'"\u006bind"'))
    not_json = _Refuse("1.1", "second-spelling", beyond=True)
    yield not_json.text("a byte order mark", "\ufeff" + good)
    yield not_json.text("something after the object", good + good)
    coerced = _Refuse("4.2", "coerced-value")
    yield coerced.change("strength as a string", "finding", "body.strength", "3")
    yield coerced.change("strength as a boolean", "finding", "body.strength", True)  # noqa: FBT003 - the value under test
    yield coerced.change("sources as an object", "finding", "body.sources", {})
    yield coerced.change("summary null", "finding", "body.summary", None)
    number = _Refuse("1.3", "coerced-value", beyond=True)
    yield number.text("strength as a fraction", _payload("finding", {}).replace('"strength":3', '"strength":3.0'))
    yield number.text("version with an exponent", good.replace('"v":1', '"v":1e0'))
    huge = _Refuse("1.3", "coerced-value")
    yield huge.text("iat of 400 digits", good.replace(f'"iat":{NOW}', f'"iat":{"9" * 400}'))
    line_feed = _Refuse("2.1", "second-spelling")
    yield line_feed.change("an identifier and a line feed", "finding", "id", fixed_id("finding") + "\n")
    yield line_feed.change("an identifier with stray bits", "finding", "id", fixed_id("finding")[:-1] + "x")
    yield line_feed.change("a code and a line feed", "finding", "body.indicator", "gov-opaque-control\n")
    yield line_feed.change("a code in capitals", "finding", "body.indicator", "GOV-OPAQUE-CONTROL")
    dates = _Refuse("4.6", "second-spelling")
    yield dates.change("a date with a time", "finding", "body.observed.from", "2026-03-01T00:00:00")
    yield dates.change("a date without hyphens", "finding", "body.observed.from", "20260301")
    no_day = _Refuse("4.6", "second-spelling", beyond=True)
    yield no_day.change("a day that does not exist", "finding", "body.observed.from", "2026-02-30")


def _shape() -> Iterable[Case]:
    channel = _Refuse("4.2", "hidden-channel")
    for path in ("note", "body.note", "body.subject.note", "body.grade.note", "body.observed.note"):
        yield channel.change(f"an unknown member {path}", "finding", path, "")
    yield channel.change("held-back fields in a retraction", "retraction", "_sd", [fixed_digest("a")])
    person = _Refuse("4.3", "person")
    for name in ("name", "nationality", "email", "orcid", "birthplace"):
        yield person.change(f"a member {name}", "finding", f"body.{name}", "x")
    yield person.change("a person as a subject", "finding", "body.subject.id", "orcid:0000-0000-0000-0000")
    yield person.change("a country of the subject", "finding", "body.subject.country", "AA")
    incomplete = _Refuse("4.2", "incomplete")
    for kind, statement in every_kind().items():
        members: dict[str, object] = msgspec.to_builtins(statement)
        for member in sorted(members):
            yield incomplete.change(f"a {kind} without {member}", kind, member, _DROP)
    yield incomplete.change("a finding without handling", "finding", "body.handling", _DROP)
    yield incomplete.change("a finding without a subject's label", "finding", "body.subject.label", _DROP)
    union = _Refuse("4.1", "open-union")
    yield union.change("an unknown kind", "finding", "kind", "verdict")
    yield union.change("a kind whose body it does not have", "finding", "kind", "relation")
    yield union.change("a later version", "finding", "v", 2)
    yield union.change("an unknown stance", "response", "body.stance", "agrees")
    yield union.change("another digest algorithm", "finding", "_sd_alg", "sha-512")
    yield _Refuse("4.14", "leaks-red").change("marked TLP:RED", "finding", "body.handling", "TLP:RED")
    yield _Refuse("4.14", "leaks-red").change("marked TLP:WHITE", "finding", "body.handling", "TLP:WHITE")


def _bounds() -> Iterable[Case]:
    bound = _Refuse("4.13", "unbounded")
    yield bound.change("a summary too long", "finding", "body.summary", "a" * (SUMMARY + 1))
    yield bound.change("a label too long", "finding", "body.subject.label", "a" * (MAX_LABEL_CHARACTERS + 1))
    yield bound.change("an empty label", "finding", "body.subject.label", "")
    yield bound.change("a code too long", "finding", "body.indicator", "a" * 65)
    sources = sorted(fixed_digest(f"s{n}") for n in range(MAX_SOURCES + 1))
    yield bound.change("too many sources", "finding", "body.sources", sources)
    names = sorted(f"code-{n}" for n in range(MAX_CODES + 1))
    for member in ("evidence_kinds", "mitigations", "technology_domains"):
        yield bound.change(f"too many {member}", "finding", f"body.{member}", names)
    yield bound.change("no kind of evidence", "finding", "body.evidence_kinds", [])
    for member, value in (("strength", 0), ("strength", 5), ("grade.credibility", 0), ("grade.credibility", 7)):
        yield bound.change(f"{member} {value}", "finding", f"body.{member}", value)
    yield bound.change("reliability G", "finding", "body.grade.reliability", "G")
    large = _Refuse("4.13", "unbounded", Code.TOO_LARGE)
    yield large.change("larger than any payload", "finding", "body.summary", "a" * MAX_PAYLOAD_BYTES)
    order = _Refuse("1.6", "second-spelling", Code.NON_CANONICAL, beyond=True)
    yield order.change("kinds of evidence unsorted", "finding", "body.evidence_kinds", ["site-visit", "media-report"])
    yield order.change("sources unsorted", "finding", "body.sources", list(reversed(SOURCES)))
    twice = _Refuse("1.6", "second-spelling", Code.NON_CANONICAL)
    yield twice.change("a source twice", "finding", "body.sources", [SOURCES[0], SOURCES[0]])
    yield twice.change("a mitigation twice", "finding", "body.mitigations", ["m-legal-review", "m-legal-review"])
    text = _Refuse("1.8", "not-text")
    for name, character in (("a null", "\0"), ("an escape", "\x1b"), ("a carriage return", "\r"), ("a tab", "\t")):
        yield text.change(f"a summary with {name}", "finding", "body.summary", f"a{character}b")
    yield text.change("a summary with a bidirectional override", "finding", "body.summary", "a\u202eb")
    yield text.change("a summary with words in tag characters", "finding", "body.summary", "a\U000e0062\U000e0063")
    yield text.change("a summary with a zero width space", "finding", "body.summary", "a\u200bb")
    yield text.change("a label with a byte order mark", "finding", "body.subject.label", "\ufeffa")
    yield text.change("a label with a line feed", "finding", "body.subject.label", "a\nb")
    yield text.change("a label that ends in a line feed", "finding", "body.subject.label", "a\n")
    surrogate = _payload("finding", {"body.summary": "here"}).replace('"here"', r'"\ud800"')
    yield _Refuse("1.5", "not-text", beyond=True).text("a summary with a lone surrogate", surrogate)


def _membership() -> Iterable[Case]:
    form = _Refuse("4.20", "unbounded")
    yield form.change("a card that is no JWS", "endorsement", "body.card", "University of Eastmere")
    yield form.change("a card of four parts", "key", "body.card", f"{card()}.AA")
    yield form.change("a card and a line feed", "key", "body.card", f"{card()}\n")
    yield form.change("a card that is too long", "endorsement", "body.card", f"a.{'a' * MAX_CARD_BYTES}.a")
    yield form.change("a vote from before the first entry", "removal", "body.from_index", -1)
    yield form.change("a vote from beyond every log", "removal", "body.from_index", MAX_LOG_SIZE + 1)
    yield form.change("a vote against a name", "removal", "body.target", "University of Eastmere")
    channel = _Refuse("4.2", "hidden-channel")
    yield channel.change("words in a departure", "leave", "body.summary", "")
    yield channel.change("words beside a card", "endorsement", "body.summary", "")
    yield channel.change("held-back fields of a vote", "removal", "_sd", [fixed_digest("a")])


def _beside() -> Iterable[Case]:
    order = _Refuse("1.6", "second-spelling", Code.NON_CANONICAL, beyond=True)
    targets = msgspec.to_builtins(every_kind()["reply"])["body"]["targets"]
    yield order.change("targets of a reply unsorted", "reply", "body.targets", targets[::-1])
    twice = _Refuse("1.6", "second-spelling", Code.NON_CANONICAL)
    yield twice.change("a target of a reply twice", "reply", "body.targets", targets[:1] * 2)
    yield order.change("erased indices unsorted", "erasure", "body.indices", [3, 0])
    yield twice.change("an erased index twice", "erasure", "body.indices", [3, 3])
    form = _Refuse("4.21", "unbounded")
    yield form.change("a reply to nothing", "reply", "body.targets", [])
    many = [{"contributor": fixed_digest("a"), "id": name} for name in sorted(fixed_id(f"t{n}") for n in range(17))]
    yield form.change("a reply to too much", "reply", "body.targets", many)
    yield form.change("an empty reply", "reply", "body.text", "")
    yield form.change("a reply too long", "reply", "body.text", "a" * (MAX_REPLY_CHARACTERS + 1))
    yield _Refuse("1.8", "not-text").change("a reply with an override", "reply", "body.text", "a\u202eb")
    later = _Refuse("4.21", "wrong-time", Code.INCONSISTENT, beyond=True)
    yield later.change("a reply dated after signing", "reply", "body.replied", "2026-09-05")
    erased = _Refuse("4.22", "unbounded")
    yield erased.change("an erasure of nothing", "erasure", "body.indices", [])
    yield erased.change("an erasure of too much", "erasure", "body.indices", list(range(MAX_ERASED + 1)))
    yield erased.change("an erasure before the first entry", "erasure", "body.indices", [-1])
    jws = _Refuse("4.24", "unbounded")
    yield jws.change("a sponsored statement that is no JWS", "sponsored", "body.statement", "a finding")
    yield jws.change(
        "a sponsored statement too long", "sponsored", "body.statement", f"a.{'a' * MAX_SPONSORED_BYTES}.a"
    )
    channel = _Refuse("4.2", "hidden-channel")
    yield channel.change("words of a sponsor", "sponsored", "body.summary", "")
    yield channel.change("words beside a name", "attribution", "body.name", "University of Eastmere")
    yield channel.change("words in an erasure", "erasure", "body.summary", "")
    person = _Refuse("4.3", "person")
    yield person.change("a name instead of a token", "token", "body.token", "A. Person")
    yield person.change("who signed the reply", "reply", "body.author", "A. Person")
    epoch = _Refuse("4.25", "unbounded")
    yield epoch.change("a token of epoch 0", "token", "body.epoch", 0)
    yield epoch.change("a key of epoch 0", "token-key", "body.epoch", 0)


def _rules() -> Iterable[Case]:
    validity = _Refuse("4.7", "kept-for-ever", Code.BAD_VALIDITY, beyond=True)
    too_long = NOW + (MAX_RETENTION_DAYS + 1) * DAY_SECONDS
    yield validity.change("valid for too long", "finding", "exp", too_long)
    yield validity.change("expired when signed", "finding", "exp", NOW)
    yield validity.change("a retraction valid for too long", "retraction", "exp", too_long)
    hour = _Refuse("4.5", "time-of-day")
    yield hour.change("signed at an hour", "finding", "iat", NOW + 3_600)
    yield hour.change("expires at an hour", "finding", "exp", NOW + DAY_SECONDS + 1)
    yield hour.change("signed before 1970", "finding", "iat", -DAY_SECONDS)
    future = _Refuse("4.5", "wrong-time", Code.FUTURE_DATED, beyond=True)
    yield future.change("signed tomorrow", "finding", "iat", NOW + DAY_SECONDS)
    time = _Refuse("4.6", "wrong-time", Code.INCONSISTENT, beyond=True)
    yield time.change("observed after signing", "finding", "body.observed", _days("2026-09-04", "2026-09-05"))
    yield time.change("ends before it begins", "finding", "body.observed", _days("2026-09-02", "2026-09-01"))
    yield time.change("a response observed after signing", "response", "body.observed.until", "2026-09-05")
    yield time.change("a relation observed after signing", "relation", "body.observed.until", "2026-09-05")
    yield time.change("a correction observed after signing", "correction", "body.finding.observed.until", "2026-09-05")
    circle = _Refuse("4.4", "wrong-circle", Code.WRONG_CIRCLE, beyond=True)
    yield circle.change("for another circle", "finding", "circle", fixed_digest("another circle"))
    digests = list(every_kind()["finding"].sd)  # type: ignore[union-attr]
    count = _Refuse("5.2", "counted-digests")
    yield count.change("three digests", "finding", "_sd", digests[:3])
    yield count.change("five digests", "finding", "_sd", sorted([*digests, fixed_digest("fifth")]))
    yield count.change("no digests", "finding", "_sd", [])
    order = _Refuse("5.2", "counted-digests", Code.NON_CANONICAL, beyond=True)
    yield order.change("digests in the order of the fields", "finding", "_sd", [*digests[1:], digests[0]])
    twice = _Refuse("5.2", "counted-digests", Code.NON_CANONICAL)
    yield twice.change("one digest four times", "finding", "_sd", digests[:1] * 4)
    confirmed = _Refuse("4.12", "self-confirmed", Code.INCONSISTENT, beyond=True)
    yield confirmed.change("confirmed by one source", "relation", "body.grade.credibility", 1)
    subject = _Refuse("2.6", "wrong-subject", Code.BAD_IDENTIFIER, beyond=True)
    yield subject.change("check digits of ROR", "finding", "body.subject.id", "ror:0zzzzz193")
    yield subject.change("check digits of LEI", "finding", "body.subject.id", "lei:00000HANSEDEMO000016")
    form = _Refuse("2.6", "wrong-subject")
    yield form.change("a name as identifier", "finding", "body.subject.id", "Westmark Laboratory")
    yield form.change("a circle-scoped identifier too short", "finding", "body.subject.id", "circle:" + "A" * 21)
    same = _Refuse("4.15", "wrong-subject", Code.INCONSISTENT, beyond=True)
    yield same.change("a relation with itself", "relation", "body.object.id", "ror:0zzzzz289")
    both = _Refuse("4.16", "open-union", Code.INCONSISTENT, beyond=True)
    yield both.change("a correction of nothing", "correction", "body.finding", None)
    relation = msgspec.to_builtins(every_kind()["relation"])["body"]
    yield both.change("a correction of two things", "correction", "body.relation", relation)


def statements() -> bytes:
    """Payloads."""
    return vector_file(
        "Payloads of statements, received at the time now by a member of the circle; each is correctly signed.",
        _FLAGS,
        [*_accepted(), *_encoding(), *_shape(), *_bounds(), *_membership(), *_beside(), *_rules()],
        schema="v1/statement.schema.json",
        circle=CIRCLE,
        now=NOW,
    )


FILES: Final[dict[str, Callable[[], bytes]]] = {"vectors/statements.json": statements}
