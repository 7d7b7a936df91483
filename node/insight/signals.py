"""Asking for signals: all on one subject, or lists over a circle by what moved, what is new, how many agree.

A list reads what was last computed, because a page of it must cost the same in a pool of a million findings; each
line says of which day it is. Concerns and assurances are lines of equal standing, and no line adds any up. What
carries no weight is listed as *unknown*, and a claim whose statements were all taken back or have ended has no line.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final, TypeAlias, get_args

import msgspec

from node.clock import day_of
from node.domain.insight import SignalFilter, SignalLine, SignalOrder, SignalPage, SignalPlace, SignalView, StoredSignal
from node.domain.statements import Claim
from node.errors import Code, HanseError
from node.insight.dossier import in_order_of_names, named, signal_view
from node.insight.opinions import is_listed, policy, signal
from node.insight.refresh import read, statements_of
from node.insight.replies import count, counts_on, replies_to
from node.insight.union import Union, by_united_claim, statements_on, union_of
from node.insight.words import words
from node.storage import bylines, circles, insight, statements
from node.storage import subjects as registry
from node.storage.database import Transaction
from protocol.decay import PPM
from protocol.errors import ProtocolError
from protocol.identifiers import (
    CircleId,
    KeyId,
    SubjectId,
    VocabularyCode,
    decode_bytes,
    encode_bytes,
    parse_circle_id,
    parse_code,
    parse_subject_id,
)
from protocol.statements import Timestamp
from protocol.vocabulary import Polarity, Vocabulary

MAX_SIGNALS: Final = 200
"""Signals in one page of a list: with what each opinion gave, about 300 kilobytes of JSON."""
MAX_PLACE_CHARACTERS: Final = 512
"""Of a cursor: five identifiers and codes, encoded."""
ORDERS: Final[tuple[SignalOrder, ...]] = get_args(SignalOrder)

_Place: TypeAlias = tuple[int, str, str | int, str, str, str, str]
"""A version, the order, and where in it."""
_PLACE_VERSION: Final = 1
_BY_NUMBER: Final[frozenset[SignalOrder]] = frozenset({"moved-30", "moved-90", "contributors"})
_DAY_CHARACTERS: Final = 10
_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(_Place)


def signals(tx: Transaction, vocabulary: Vocabulary, subject: SubjectId, now: Timestamp) -> tuple[SignalView, ...]:
    """The stored signals on a subject in all circles, without statements; those of an earlier day computed again.

    As true as the last :func:`node.insight.refresh.refresh`, which the caller runs before. Where a person here has
    linked identifiers, nothing stored tells of both: their signals are computed from the statements, without movement.
    """
    today, union = day_of(now), union_of(tx, subject)
    if union.aliases:
        return _of_union(tx, vocabulary, union, now)
    views: list[SignalView] = []
    held = list(insight.signals_of(tx, subject))
    replies, names = counts_on(tx, [each.claim for each in held], now), _names(tx, held)
    for stored in held:
        fresh = [stored]
        if is_listed(stored.claim.indicator, vocabulary):
            if stored.as_of != today:
                fresh = read(tx, vocabulary, statements_of(tx, [stored.claim], now), now)
            views += [
                signal_view(
                    each.claim,
                    each.signal,
                    vocabulary,
                    each.as_of,
                    movement=each.movement,
                    replies=replies.get(each.claim, 0),
                    names=names.get(each.claim.circle, {}),
                )
                for each in fresh
            ]
    return tuple(views)


def as_computed(tx: Transaction, vocabulary: Vocabulary, subject: SubjectId, now: Timestamp) -> tuple[SignalView, ...]:
    """The same as last computed, each saying of which day: for what stands beside something else.

    Of an organisation with linked identifiers they are computed, since nothing is stored of both together.
    """
    union = union_of(tx, subject)
    if union.aliases:
        return _of_union(tx, vocabulary, union, now)
    held = list(insight.signals_of(tx, subject))
    replies, names = counts_on(tx, [each.claim for each in held], now), _names(tx, held)
    return tuple(
        signal_view(
            each.claim,
            each.signal,
            vocabulary,
            each.as_of,
            movement=each.movement,
            replies=replies.get(each.claim, 0),
            names=names.get(each.claim.circle, {}),
        )
        for each in held
        if is_listed(each.claim.indicator, vocabulary)
    )


def listed(
    tx: Transaction,
    vocabulary: Vocabulary,
    filters: SignalFilter,
    *,
    circle: CircleId | None = None,
    order: SignalOrder = "moved-30",
    after: str = "",
    limit: int = 50,
    now: Timestamp,
) -> SignalPage:
    """One page of the signals of a circle, or of all our circles; ``after`` is ``next`` of the page before.

    What changes between two pages may be met twice or not at all: a list says how things stand, a feed what happened.
    Raises ``INVALID`` for a place that is none of this order, ``NOT_FOUND`` for a circle that we are not in.
    """
    limit = max(1, min(limit, MAX_SIGNALS))
    place = read_place(after, order)
    found: list[StoredSignal] = []
    for here in _circles(tx, circle):
        found += insight.list_signals(tx, here, filters, order, limit=limit + 1, after=place)
        if order == "subject" and len(found) > limit:
            break
    if order != "subject":
        found.sort(key=lambda stored: _rank(stored, order), reverse=True)
    page, more = found[:limit], len(found) > limit
    labels = registry.labels(tx, sorted({each.claim.subject for each in page}))
    replies, names = counts_on(tx, [each.claim for each in page], now), _names(tx, page)
    lines = (
        _line(each, vocabulary, labels, replies, names) for each in page if is_listed(each.claim.indicator, vocabulary)
    )
    return SignalPage(tuple(lines), place_text(insight.place_of(page[-1], order), order) if more else "")


def indicators_of(
    vocabulary: Vocabulary, *, group: str | None, indicator: str | None, polarity: Polarity | None
) -> frozenset[VocabularyCode] | None:
    """The indicators that all of these leave; None for no restriction. Raises ``INVALID`` for a code nobody knows."""
    if group is not None and group not in vocabulary.groups:
        raise _unknown("group", vocabulary.groups)
    if indicator is not None and indicator not in vocabulary.indicators:
        raise _unknown("indicator", vocabulary.indicators)
    if group is None and indicator is None and polarity is None:
        return None
    return frozenset(
        each.id
        for each in vocabulary.indicators.values()
        if group in {None, each.group} and indicator in {None, each.id} and polarity in {None, each.polarity}
    )


def place_text(place: SignalPlace, order: SignalOrder) -> str:
    """The opaque text of a place in a list."""
    claim = place.claim
    parts = (_PLACE_VERSION, order, place.value, claim.circle, claim.subject, claim.indicator, claim.scope)
    return encode_bytes(_ENCODER.encode(parts))


def read_place(text: str, order: SignalOrder) -> SignalPlace | None:
    """Undo :func:`place_text`; None for empty text, the beginning. Raises ``INVALID``."""
    if not text:
        return None
    try:
        data = decode_bytes(text[: MAX_PLACE_CHARACTERS + 1])
        version, of, value, circle, subject, indicator, scope = _DECODER.decode(data)
        claim = Claim(parse_circle_id(circle), parse_subject_id(subject), parse_code(indicator), parse_code(scope))
    except (ProtocolError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _bad_place() from error
    fits = 0 <= value <= PPM if isinstance(value, int) else len(value) <= _DAY_CHARACTERS and value.isascii()
    if version != _PLACE_VERSION or of != order or not fits or isinstance(value, int) != (order in _BY_NUMBER):
        raise _bad_place()
    return SignalPlace(value, claim)


def _circles(tx: Transaction, circle: CircleId | None) -> list[CircleId]:
    """Our circles in the order of their identifiers, or the one that is asked for."""
    ours = sorted(roster.circle for roster in circles.list_rosters(tx))
    if circle is None:
        return ours
    if circle not in ours:
        raise HanseError(Code.NOT_FOUND, "this node is in no such circle.", remedy="Look at the list of circles.")
    return [circle]


def _rank(stored: StoredSignal, order: SignalOrder) -> tuple[str | int, Claim]:
    return insight.place_of(stored, order).value, stored.claim


def _line(
    stored: StoredSignal,
    vocabulary: Vocabulary,
    labels: Mapping[SubjectId, str],
    replies: Mapping[Claim, int],
    names: Mapping[CircleId, Mapping[KeyId, str]],
) -> SignalLine:
    claim = stored.claim
    return SignalLine(
        stored=replace(stored, signal=in_order_of_names(stored.signal)),
        label=labels.get(claim.subject, claim.subject),
        indicator=named(vocabulary.indicators[claim.indicator]),
        scope_label=vocabulary.scope_label(claim.scope),
        words=words(stored.signal),
        replies=replies.get(claim, 0),
        names=names.get(claim.circle, {}),
    )


def _names(tx: Transaction, held: Iterable[StoredSignal]) -> dict[CircleId, dict[KeyId, str]]:
    """What stands in place of pseudonyms, in the circles of these."""
    return {circle: bylines.names_in(tx, circle) for circle in sorted({each.claim.circle for each in held})}


def _of_union(tx: Transaction, vocabulary: Vocabulary, union: Union, now: Timestamp) -> tuple[SignalView, ...]:
    today, trust = day_of(now), policy(tx)
    views: list[SignalView] = []
    for roster in circles.list_rosters(tx):
        found = statements_on(tx, union, roster.circle, now, relations=0)
        targets = [(stored.contributor, stored.statement.id) for stored in found]
        responses = statements.responses_to(tx, roster.circle, targets, now=now)
        for held in by_united_claim(roster.circle, union, found, responses):
            if is_listed(held.claim.indicator, vocabulary):
                fused = signal(held, vocabulary, roster, trust, today=today)
                if fused.contributions:
                    standing = replies_to(tx, roster.circle, [each.name for each in held.findings], now)
                    views.append(
                        signal_view(
                            held.claim,
                            fused,
                            vocabulary,
                            today,
                            replies=count(standing.values()),
                            names=bylines.names_in(tx, roster.circle),
                        )
                    )
    return tuple(views)


def _unknown(what: str, known: Iterable[str]) -> HanseError:
    return HanseError(
        Code.INVALID, f"the vocabulary knows no such {what}.", remedy=f"It knows: {', '.join(sorted(known))}."
    )


def _bad_place() -> HanseError:
    return HanseError(
        Code.INVALID,
        "this is no place in a list of this order.",
        remedy="Give the value of `next` from an earlier page of the same list, or leave it out to begin again.",
    )
