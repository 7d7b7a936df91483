"""What follows from an assessment: the partner is asked, somebody decides, measures are kept, somebody looks again.

Private casework, under the rules of :mod:`node.domain.casework`. A decision is an act of a person in an office. Nothing
here computes one, proposes one or has one by default; and none of it is ever shared.
"""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum, unique
from typing import Final, NewType

from node.domain.accounts import AccountId
from protocol.identifiers import VocabularyCode
from protocol.statements import Timestamp

CaseFileId = NewType("CaseFileId", str)
DecisionId = NewType("DecisionId", str)
MeasureId = NewType("MeasureId", str)
PartnerQuestionId = NewType("PartnerQuestionId", str)

MAX_OFFICE_CHARACTERS: Final = 120
"""An office such as "Vice-President for Research", or who sees to a measure."""
MAX_WORDS_CHARACTERS: Final = 2_000
"""What is agreed with a measure, what came of it, what follows from a decision: half a page."""
MAX_DECISIONS: Final = 50
"""Decisions of one case, each in the place of the one before: two a year for a generation."""
MAX_MEASURES: Final = 60
"""Measures of one case, over all its decisions: the vocabulary has 27 kinds."""
MAX_QUESTIONS: Final = 60
"""Questions to the partner in one case: the checklist has 28, and some are asked again."""
MAX_REVIEWS: Final = 100
MAX_YEARS_AHEAD: Final = 10
"""A review or a due day further ahead than that is a slip of the keyboard."""

PROCEED: Final = VocabularyCode("proceed")
WITH_MITIGATIONS: Final = VocabularyCode("proceed-with-mitigations")
PAUSE: Final = VocabularyCode("pause")
TERMINATE: Final = VocabularyCode("terminate")


@unique
class CaseKind(StrEnum):
    """What a decision is about."""

    ENGAGEMENT = "engagement"
    ASSESSMENT = "assessment"


@dataclass(frozen=True, slots=True)
class CaseRef:
    """One engagement with all its assessments, or an assessment that belongs to none."""

    kind: CaseKind
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionData:
    """What was decided, by which office, and why."""

    outcome: VocabularyCode
    office: str = field(repr=False)
    """Who decided, as a role: ``Vice-President for Research``. The account that records it is kept beside."""
    decided: date
    reasons: str = field(repr=False)
    follow_up: str = field(default="", repr=False)
    """Pause: the question that is open. Decline: what the partner is told. Terminate: how it is wound down."""
    review: date | None = None
    """When the case is looked at again; of a pause, the day by which the question is to be answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One recorded decision. It is never changed: a later one takes its place, and it stays."""

    id: DecisionId
    number: int
    """From 1 within the case; the highest stands."""
    recorded: Timestamp
    account: AccountId
    """Who recorded it."""
    data: DecisionData
    digest: str = ""
    """SHA-256 of its record as it was sealed, in hexadecimal: where the record has another, it was changed since."""


@unique
class MeasureState(StrEnum):
    """Whether a measure is still to be done."""

    OPEN = "open"
    DONE = "done"
    DROPPED = "dropped"


@unique
class MeasureResult(StrEnum):
    """What came of a measure. ``UNKNOWN`` is an answer: nobody can tell."""

    HELPED = "helped"
    PARTLY = "partly"
    NOT = "not"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureData:
    """One mitigation: what is done, by whom, until when, and what came of it."""

    measure: VocabularyCode
    words: str = field(default="", repr=False)
    owner: str = field(repr=False)
    """The office that sees to it."""
    due: date
    state: MeasureState = MeasureState.OPEN
    done: date | None = None
    result: MeasureResult | None = None
    """None while it is not yet known."""
    result_words: str = field(default="", repr=False)
    """What came of it, or why it was dropped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One stored measure."""

    id: MeasureId
    decision: int
    """The number of the decision that it came with."""
    data: MeasureData

    def is_late(self, today: date) -> bool:
        """Whether its day has passed and it is neither done nor dropped."""
        return self.data.state is MeasureState.OPEN and self.data.due < today


@unique
class Responsiveness(StrEnum):
    """Whether the partner dealt with a question in good faith: a judgement of the officer, not of a program."""

    YES = "yes"
    PARTLY = "partly"
    NO = "no"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionData:
    """What the partner is asked and what it answered."""

    about: VocabularyCode | None = None
    """The indicator that led to the question."""
    question: str = field(repr=False)
    sent: date | None = None
    """None while it is written and not sent."""
    answer: str = field(default="", repr=False)
    received: date | None = None
    responsive: Responsiveness | None = None
    """None until an officer has judged it; silence is judged as well."""
    evidence: tuple[str, ...] = ()
    """Files of the answer, by the identifiers of :mod:`node.domain.evidence`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerQuestion:
    """One stored question."""

    id: PartnerQuestionId
    data: QuestionData


@unique
class ReviewKind(StrEnum):
    """What a review came to."""

    STILL_RIGHT = "still-right"
    NEW_ROUND = "new-round"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewData:
    """One review of a case."""

    kind: ReviewKind
    reason: str = field(repr=False)
    next: date | None
    """When it is looked at again."""
    round: str = ""
    """The assessment that a new round began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """One stored review."""

    number: int
    """From 1 within the case."""
    at: Timestamp
    account: AccountId
    data: ReviewData


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFile:
    """Everything that follows from the assessments of one case."""

    id: CaseFileId
    ref: CaseRef
    version: int
    """Raised by every change; a change names the version it saw. 0 while nothing has been recorded."""
    keeper: AccountId | None
    """Who is reminded of reviews and measures; None while nothing has been recorded."""
    review: date | None
    """When the case is to be looked at again."""
    decisions: tuple[Decision, ...] = ()
    """Oldest first."""
    measures: tuple[Measure, ...] = ()
    questions: tuple[PartnerQuestion, ...] = ()
    reviews: tuple[Review, ...] = ()

    @property
    def standing(self) -> Decision | None:
        """The decision that holds; None where nobody has decided."""
        return self.decisions[-1] if self.decisions else None

    @property
    def open_measures(self) -> tuple[Measure, ...]:
        """Those neither done nor dropped, the next due first."""
        some = [measure for measure in self.measures if measure.data.state is MeasureState.OPEN]
        return tuple(sorted(some, key=lambda measure: measure.data.due))


@dataclass(frozen=True, slots=True)
class FileEvent:
    """One line of the history of a case file. Append-only."""

    seq: int
    """From 1 within the file; equals the version that the change led to."""
    at: Timestamp
    account: AccountId
    kind: str
    """``decided``, ``measure-added``, ``measure-changed``, ``question-added``, ``question-changed``, ``reviewed``,
    ``taken-over``."""
    before: str = field(default="", repr=False)
    """What was replaced, as JSON; empty where nothing was."""
    after: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class DueReview:
    """A case that is to be looked at again."""

    ref: CaseRef
    keeper: AccountId
    review: date


@dataclass(frozen=True, slots=True)
class DueMeasure:
    """A measure that is not done yet."""

    ref: CaseRef
    keeper: AccountId
    measure: Measure
