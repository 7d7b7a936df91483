"""When the full tier of the checklist is asked, and why. Pure, and the same for every partner wherever it is.

An assessment begins with the light tier, six questions that fit any cooperation. It grows to all of them when

- a concern was observed to more than a trace, or on an official list, or the work touches a sensitive field;
- a light question was asked and nobody could answer it;
- the amount reaches :data:`FULL_FROM` in its currency, or is in a currency for which nobody has set a bar;
- a technology domain is one of those that Recommendation (EU) 2023/2113 counts among the most sensitive;
- an officer says so.

It never shrinks: a reason, once seen, stays with the assessment, also when the answer behind it is changed later.
Growing asks more questions and decides nothing.
"""

from typing import Final

from node.domain.casework import Assessment, Growth, GrowthCause, PlainKind, Tier
from node.domain.engagements import EngagementData
from node.domain.money import Money
from protocol.identifiers import VocabularyCode
from protocol.vocabulary import Question, Vocabulary

FULL_FROM: Final = {
    "AUD": 16_000_000,
    "CAD": 15_000_000,
    "CHF": 10_000_000,
    "CZK": 250_000_000,
    "DKK": 75_000_000,
    "EUR": 10_000_000,
    "GBP": 9_000_000,
    "HUF": 4_000_000_000,
    "JPY": 16_000_000,
    "NOK": 115_000_000,
    "NZD": 18_000_000,
    "PLN": 43_000_000,
    "RON": 50_000_000,
    "SEK": 115_000_000,
    "SGD": 15_000_000,
    "USD": 11_000_000,
}
"""From which amount on the full tier is asked, in minor units: about 100,000 euros, at rates that are round on purpose
and are not renewed. A bar, not a price; an amount in another currency always asks for the full tier."""

_MORE_THAN_A_TRACE: Final = 2
_LISTED: Final = VocabularyCode("gov-restriction-listing")
_SENSITIVE_FIELD: Final = VocabularyCode("mil-sensitive-field")


def reasons(assessment: Assessment, engagement: EngagementData | None, vocabulary: Vocabulary) -> tuple[Growth, ...]:
    """Everything that calls for the full tier now, with what called for it before; never fewer than before."""
    found = list(assessment.growth)
    found += _from_answers(assessment, vocabulary)
    domains = set(assessment.data.technology_domains)
    if engagement is not None:
        domains |= set(engagement.technology_domains)
        if engagement.amount is not None and is_large(engagement.amount):
            found.append(Growth(GrowthCause.AMOUNT))
    sensitive = (code for code in sorted(domains) if vocabulary.technology_domains[code].eu_highest_risk)
    found += [Growth(GrowthCause.DOMAIN, code) for code in sensitive]
    return tuple(dict.fromkeys(found))


def is_large(amount: Money) -> bool:
    """Whether an amount alone calls for the full tier."""
    bar = FULL_FROM.get(amount.currency)
    return bar is None or amount.minor >= bar


def asked(tier: Tier, vocabulary: Vocabulary) -> tuple[Question, ...]:
    """The questions of a tier, in the order of the checklist, the light ones first."""
    light = tuple(each for each in vocabulary.checklist.values() if each.tier == "light")
    if tier is Tier.LIGHT:
        return light
    return light + tuple(each for each in vocabulary.checklist.values() if each.tier != "light")


def answered(assessment: Assessment) -> frozenset[VocabularyCode]:
    """The questions that have an answer of either form."""
    observed = (answer.data.question for answer in assessment.answers if answer.data.question is not None)
    return frozenset(observed) | {answer.data.question for answer in assessment.plain}


def next_open(assessment: Assessment, vocabulary: Vocabulary, after: VocabularyCode | None = None) -> Question | None:
    """The first question without an answer that follows ``after``, then from the beginning; None when all have one."""
    questions = asked(assessment.tier, vocabulary)
    done = answered(assessment)
    place = next((index for index, each in enumerate(questions) if each.id == after), -1) + 1
    return next((each for each in questions[place:] + questions[:place] if each.id not in done), None)


def in_words(growth: Growth, vocabulary: Vocabulary) -> str:
    """A reason as a sentence."""
    code = growth.about or VocabularyCode("")
    match growth.cause:
        case GrowthCause.CONCERN:
            return f"A concern was recorded: {_lowered(vocabulary.indicators[code].label)}."
        case GrowthCause.FIELD:
            return "The planned work touches a controlled or critical field of technology."
        case GrowthCause.UNANSWERED:
            return f"Nobody could answer this: {vocabulary.checklist[code].question}"
        case GrowthCause.AMOUNT:
            return "The amount is one for which the institution looks more closely."
        case GrowthCause.DOMAIN:
            return f"{vocabulary.technology_domains[code].label} is among the most sensitive fields of technology."
        case GrowthCause.BY_HAND:
            return "An officer asked for it."


def _from_answers(assessment: Assessment, vocabulary: Vocabulary) -> list[Growth]:
    found = []
    for answer in assessment.answers:
        indicator = answer.data.indicator
        if indicator == _SENSITIVE_FIELD:
            found.append(Growth(GrowthCause.FIELD, indicator))
        elif vocabulary.indicators[indicator].polarity == "concern" and (
            answer.data.strength >= _MORE_THAN_A_TRACE or indicator == _LISTED
        ):
            found.append(Growth(GrowthCause.CONCERN, indicator))
    light = {question.id for question in asked(Tier.LIGHT, vocabulary)}
    found += [
        Growth(GrowthCause.UNANSWERED, plain.data.question)
        for plain in assessment.plain
        if plain.data.kind is PlainKind.NOT_KNOWN and plain.data.question in light
    ]
    return found


def _lowered(label: str) -> str:
    """A label within a sentence; an abbreviation keeps its capitals."""
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]
