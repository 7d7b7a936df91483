"""Releases to readers beyond the members: previewed, prepared by one person, approved by another, then never changed.

A release is a pure function of the statements held, the charter, the vocabulary, the period, the audience and the
subjects to be named. Trust of this node is no input: two nodes with the same statements release the same numbers.
It counts what was stated *in* its period, and a month of a circle is in one issued release at most, whoever its
readers are: nothing is counted twice, now or later, so there is nothing to subtract (``docs/disclosure.md``).
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final

from node.domain.accounts import AccountId
from node.domain.circles import FULL_TRUST, Roster
from node.domain.disclosure import (
    NOT_STATED,
    SEVERAL,
    Band,
    Block,
    Content,
    HiddenCell,
    NamedReading,
    Period,
    Place,
    Preview,
    Release,
    ReleaseAudience,
    ReleaseId,
    Rules,
    Side,
    Unit,
)
from node.domain.statements import StoredStatement
from node.errors import Code, HanseError
from node.insight.disclosure import Axes, audit, divide, reasons, rules_of
from node.insight.handling import Gate
from node.insight.release_format import encode
from node.storage import circles, statements
from node.storage import releases as storage
from node.storage.database import Transaction
from protocol import opinions
from protocol.errors import Fault
from protocol.identifiers import CircleId, KeyId, SubjectId, VocabularyCode, encode_bytes
from protocol.projection import ClaimKey
from protocol.signals import Signal, fuse
from protocol.statements import DAY_SECONDS, FindingBody, Handling, Kind, ResponseBody, Timestamp
from protocol.vocabulary import Vocabulary

SETTLE_DAYS: Final = 7
"""Days between the end of a period and its release: what members signed in it has reached this node by then, as far as
it will. What arrives later is in no release."""
MAX_NAMED: Final = 20
"""Subjects that one release may name: each is looked at by two people."""
LARGEST_NAMED_SHARE_PPM: Final = 500_000
"""Of the evidence that a named reading rests on, one contributor gives half at most."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a release is to hold."""

    circle: CircleId
    period: Period
    audience: ReleaseAudience
    named: tuple[SubjectId, ...] = ()


@dataclass(frozen=True, slots=True)
class _ReadClaim:
    """One claim of the period: where it counts, and what it comes to."""

    key: ClaimKey
    unit: Unit
    signal: Signal
    label: str


def preview(tx: Transaction, vocabulary: Vocabulary, order: Order, now: Timestamp) -> Preview:
    """What would leave, byte for byte, and what would not and why; nothing is stored.

    Raises ``INVALID`` for a period that is not over and settled, for too many names, and for names to the public;
    ``CONFLICT`` where a month of the period is in an issued release; ``PRIVACY_GATE``, our fault, where the audit
    finds that the numbers tell too much.
    """
    roster = circles.get_roster(tx, order.circle)
    _require_possible(tx, order, now)
    gate = Gate[StoredStatement](order.audience, _handling)
    claims, context = _claims(tx, vocabulary, roster, order, gate, now)
    rules = rules_of(roster.charter.small_number_threshold)
    axes = Axes.of(vocabulary)
    named = [claim for claim in claims if claim.key.subject in order.named and _may_be_named(claim, rules)]
    unnamed = [claim for claim in claims if claim.key not in {each.key for each in named}]
    units = [claim.unit for claim in unnamed]
    blocks = divide(units, axes, rules)
    if audit(blocks, units, axes, rules):
        raise HanseError(
            Code.PRIVACY_GATE,
            "the audit found that these numbers would tell more than they may; nothing was prepared.",
            remedy="Report this as a fault of the software.",
            fault=Fault.OURS,
        )
    content = Content(
        circle=order.circle,
        circle_name=roster.charter.name,
        period=order.period,
        audience=order.audience,
        vocabulary_version=vocabulary.version,
        rules=rules,
        blocks=blocks,
        named=tuple(_named_reading(claim) for claim in named),
    )
    data = encode(content)
    return Preview(
        content=content,
        data=data,
        digest=encode_bytes(sha256(data).digest()),
        hidden=tuple(_hidden(blocks, units, rules)),
        left_out=gate.left_out,
        context=context,
        refused_names=_refused_names(order.named, unnamed),
    )


def prepare(tx: Transaction, order: Order, made: Preview, by: AccountId, now: Timestamp) -> Release:
    """Store what :func:`preview` gave for this order, for a second person to look at."""
    release = Release(
        id=ReleaseId(encode_bytes(os.urandom(16))),
        circle=order.circle,
        period=order.period,
        audience=order.audience,
        state="prepared",
        data=made.data,
        digest=made.digest,
        named=order.named,
        prepared_by=by,
        prepared=now,
        issued_by=None,
        issued=None,
    )
    storage.add(tx, release)
    return release


def look_again(tx: Transaction, vocabulary: Vocabulary, release: Release, now: Timestamp) -> Preview:
    """What a prepared release would be if it were prepared now."""
    return preview(tx, vocabulary, Order(release.circle, release.period, release.audience, release.named), now)


def approve(
    tx: Transaction, release_id: ReleaseId, digest: str, looked: Preview, by: AccountId, now: Timestamp
) -> Release:
    """Issue a prepared release, for ever, exactly as the approver has seen it (``digest``).

    ``looked`` is what :func:`look_again` gives at the moment of the approval, in a transaction of its own: it takes
    seconds, during which nobody could write. Raises ``FOUR_EYES`` for whoever prepared the release; ``CONFLICT`` where
    it is issued already, is not what was seen, is not what the pool says any more (a retraction came in between), or
    where a month of it is in another issued release. A refusal leaves nothing behind: the caller's transaction ends
    with it.
    """
    release = storage.get(tx, release_id, lock=True)
    if release is None:
        raise _unknown()
    if release.state != "prepared":
        raise HanseError(Code.CONFLICT, "this release is issued already.")
    if release.prepared_by == by:
        raise HanseError(
            Code.FOUR_EYES,
            "whoever prepared a release cannot approve it.",
            remedy="Ask another coordinator, or somebody with the approver role.",
        )
    if digest != release.digest or looked.digest != release.digest:
        raise HanseError(
            Code.CONFLICT,
            "the pool has changed since this release was prepared.",
            remedy="Discard it and prepare it again.",
        )
    if not storage.issue(tx, release, by, now):
        raise _taken(release.period)
    return replace(release, state="issued", issued_by=by, issued=now)


def discard(tx: Transaction, release_id: ReleaseId) -> None:
    """Forget a prepared release; raises ``NOT_FOUND`` for any other, an issued one included."""
    if not storage.discard(tx, release_id):
        raise _unknown()


def _unknown() -> HanseError:
    return HanseError(Code.NOT_FOUND, "there is no such release.")


def _taken(period: Period) -> HanseError:
    return HanseError(
        Code.CONFLICT,
        f"a month of {period} is in a release that was issued: what is counted twice can be subtracted.",
        remedy="Choose a period that begins where the issued ones end.",
    )


def _require_possible(tx: Transaction, order: Order, now: Timestamp) -> None:
    if now < order.period.end + SETTLE_DAYS * DAY_SECONDS:
        raise HanseError(
            Code.INVALID,
            f"{order.period} has not been over for {SETTLE_DAYS} days.",
            remedy="Wait: what members have signed in it is still arriving.",
        )
    if len(order.named) > MAX_NAMED:
        raise HanseError(Code.INVALID, f"a release names {MAX_NAMED} subjects at most.")
    if order.named and order.audience == "public":
        raise HanseError(
            Code.INVALID,
            "a public release names no subject: it would be a public list of organisations.",
            remedy="Leave the names out, or make the release for partners.",
        )
    if storage.issued_in(tx, order.circle, order.period) is not None:
        raise _taken(order.period)


def _handling(stored: StoredStatement) -> Handling:
    if isinstance(stored.body, FindingBody | ResponseBody):
        return stored.body.handling
    raise HanseError(Code.CORRUPTED, "a statement is not of the kind that was asked for.", fault=Fault.OURS)


def units_of(tx: Transaction, vocabulary: Vocabulary, order: Order, now: Timestamp) -> list[Unit]:
    """What a release counts, before anything is divided or hidden: for those who check one."""
    gate = Gate[StoredStatement](order.audience, _handling)
    claims, _ = _claims(tx, vocabulary, circles.get_roster(tx, order.circle), order, gate, now)
    return [claim.unit for claim in claims]


def _claims(
    tx: Transaction,
    vocabulary: Vocabulary,
    roster: Roster,
    order: Order,
    gate: Gate[StoredStatement],
    now: Timestamp,
) -> tuple[list[_ReadClaim], int]:
    """The claims of the period with a side, in the order of claims, and how many have none."""
    period = order.period
    kinds: tuple[Kind, ...] = ("finding", "response")
    found = statements.stated_between(tx, order.circle, period.begin, period.end, kinds, now=now)
    passed = list(gate.let_through(each for each in found if each.counts))
    findings = [each for each in passed if isinstance(each.body, FindingBody)]
    responses = [each for each in passed if isinstance(each.body, ResponseBody)]
    claims: list[_ReadClaim] = []
    context = 0
    for key, held in opinions.by_claim(findings, responses).items():
        side = _side(vocabulary, key.indicator)
        if side is None:
            context += 1
        else:
            claims.append(_read_claim(key, held, side, vocabulary, roster, period))
    return claims, context


def _read_claim(
    key: ClaimKey,
    held: opinions.OnClaim[StoredStatement],
    side: Side,
    vocabulary: Vocabulary,
    roster: Roster,
    period: Period,
) -> _ReadClaim:
    indicator = vocabulary.indicators[key.indicator]
    held_by = opinions.opinions(held, vocabulary, _full_trust, voice=roster.voice, order=roster.order)
    signal = fuse(
        held_by,
        half_life_months=indicator.half_life_months,
        k=roster.charter.small_number_threshold,
        today=period.last,
    )
    bodies = [each.body for each in held.findings if isinstance(each.body, FindingBody)]
    place = Place(side, indicator.group, _domain(bodies, vocabulary.technology_domains), _band(signal))
    evidence = tuple(sorted((opinion.sources for opinion in held_by), key=sorted))
    unit = Unit(place, key.subject, frozenset(opinion.contributor for opinion in held_by), evidence)
    return _ReadClaim(key, unit, signal, min(body.subject.label for body in bodies))


def _full_trust(_contributor: KeyId) -> int:
    """Every voice in full: how far this node trusts whom is its own affair, and no part of a release."""
    return FULL_TRUST


def _side(vocabulary: Vocabulary, code: VocabularyCode) -> Side | None:
    indicator = vocabulary.indicators.get(code)
    if indicator is None or indicator.polarity == "context":
        return None
    return indicator.polarity


def _domain(bodies: Iterable[FindingBody], known: Mapping[VocabularyCode, object]) -> VocabularyCode:
    """The one column in which a claim stands."""
    named = {domain for body in bodies for domain in body.technology_domains if domain in known}
    if not named:
        return NOT_STATED
    return named.pop() if len(named) == 1 else SEVERAL


def _band(signal: Signal) -> Band:
    match signal.likelihood:
        case "likely" | "very-likely" | "almost-certain":
            return "likely"
        case "roughly-even":
            return "even"
        case "unlikely" | "very-unlikely" | "almost-no-chance":
            return "unlikely"
        case "unknown":
            return "open"


def _may_be_named(claim: _ReadClaim, rules: Rules) -> bool:
    """Whether the reading of one claim may be shown with the name of its subject."""
    return (
        claim.signal.contributors >= rules.k
        and claim.signal.roots >= rules.roots
        and claim.signal.largest_share_ppm <= LARGEST_NAMED_SHARE_PPM
        and claim.unit.place.band != "open"
    )


def _named_reading(claim: _ReadClaim) -> NamedReading:
    place = claim.unit.place
    return NamedReading(
        subject=claim.key.subject,
        label=claim.label,
        indicator=claim.key.indicator,
        scope=claim.key.scope,
        side=place.side,
        band=place.band,
    )


def _refused_names(wanted: Sequence[SubjectId], left: Sequence[_ReadClaim]) -> tuple[tuple[SubjectId, int], ...]:
    counts = ((subject, sum(claim.key.subject == subject for claim in left)) for subject in wanted)
    return tuple((subject, count) for subject, count in counts if count)


def _hidden(blocks: Sequence[Block], units: Sequence[Unit], rules: Rules) -> Iterable[HiddenCell]:
    """Cells with something in them that no block, and no sum of blocks, shows by itself."""
    cells: dict[tuple[Side, VocabularyCode, VocabularyCode], list[Unit]] = {}
    for unit in units:
        cells.setdefault((unit.place.side, unit.place.group, unit.place.domain), []).append(unit)
    for (side, group, domain), inside in sorted(cells.items()):
        places = {unit.place for unit in inside}
        within = [block for block in blocks if any(block.covers(place) for place in places)]
        if not all(block.groups == (group,) and block.domains == (domain,) for block in within) or not within:
            yield HiddenCell(side, group, domain, len(inside), reasons(inside, rules), bool(within))
