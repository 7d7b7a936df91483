"""A circle of six whose members stated much in July and August, and a reader outside it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import msgspec

from node.domain.accounts import AccountId
from node.domain.disclosure import BANDS, Content, Period, Place, Release, ReleaseAudience, ReleaseId, Rules, Unit
from node.errors import Code, HanseError
from node.insight import releases
from node.insight.disclosure import Axes, rules_of
from node.insight.disclosure.audit import Bounds, all_places, bounds
from node.insight.release_format import decode
from node.insight.releases import Order
from node.storage import releases as storage
from protocol.identifiers import StatementId, SubjectId, VocabularyCode
from protocol.statements import DAY_SECONDS, Finding, FindingBody, Grade, Handling, Leave, LeaveBody, Timestamp
from protocol.vocabulary import Vocabulary
from tests.node import statements as make
from tests.node.insight.disclosure.tables import subject
from tests.node.insight.support import Pool

NOW: Final = Timestamp(make.IAT + 30 * DAY_SECONDS)
"""2026-10-04: August is over and settled."""
JULY: Final = Period.parse("2026-07")
AUGUST: Final = Period.parse("2026-08")
COORDINATOR: Final = AccountId("C" * 22)
APPROVER: Final = AccountId("A" * 22)
MEMBERS: Final = 6
OPAQUE: Final = VocabularyCode("fund-source-opaque")
QUANTUM: Final = VocabularyCode("quantum")
ROBOTICS: Final = VocabularyCode("robotics-autonomous")
_CROWD: Final = (
    (OPAQUE, QUANTUM, 12),
    (OPAQUE, VocabularyCode("biotechnologies"), 9),
    (VocabularyCode("gov-opaque-control"), QUANTUM, 8),
    (VocabularyCode("proxy-third-country-lab"), QUANTUM, 7),
    (VocabularyCode("recip-honoured"), QUANTUM, 10),
    (VocabularyCode("conduct-reliable-delivery"), QUANTUM, 8),
)
"""Indicator, domain, findings: what all members state in a month, in turn."""


@dataclass(slots=True)
class Stage:
    """One node, and what its coordinators and readers do."""

    pool: Pool
    vocabulary: Vocabulary
    numbered: int = 0

    @property
    def rules(self) -> Rules:
        """The rules of the circle."""
        return rules_of(3)

    def crowd(self, period: Period, authors: Collection[int] = range(MEMBERS)) -> None:
        """What the members state in a month."""
        turn = list(authors)
        by_author: dict[int, list[Finding]] = {author: [] for author in turn}
        for indicator, domain, count in _CROWD:
            for number in range(count):
                by_author[turn[number % len(turn)]].append(self._finding(period, indicator, domain))
        for author, findings in by_author.items():
            self.pool.say(author, *findings, now=NOW)

    def state(
        self,
        author: int,
        period: Period,
        indicator: VocabularyCode = OPAQUE,
        domain: VocabularyCode = ROBOTICS,
        *,
        about: SubjectId | None = None,
        handling: Handling = "TLP:GREEN",
    ) -> StatementId:
        """One finding in the middle of a month, by default about a new subject, in a cell that nobody else is in."""
        finding = self._finding(period, indicator, domain, about=about, handling=handling)
        self.pool.say(author, finding, now=NOW)
        return finding.id

    def _finding(
        self,
        period: Period,
        indicator: VocabularyCode,
        domain: VocabularyCode,
        *,
        about: SubjectId | None = None,
        handling: Handling = "TLP:GREEN",
    ) -> Finding:
        self.numbered += 1
        body: FindingBody = msgspec.structs.replace(
            make.finding_body(about or subject(self.numbered), indicator),
            technology_domains=(domain,),
            grade=Grade(reliability="B", credibility=2),
            handling=handling,
        )
        middle = int(datetime(period.year, period.month, 15, tzinfo=UTC).timestamp())
        return make.finding(self.pool.circle, body, iat=middle)

    def retract(self, author: int, statement: StatementId) -> None:
        """Its author takes a finding back."""
        self.pool.say(author, make.retraction(self.pool.circle, statement), now=NOW)

    def leave(self, author: int) -> None:
        """A member leaves the circle."""
        exp = Timestamp(make.IAT + make.LIFE)
        leave = Leave(v=1, id=make.new_id(), circle=self.pool.circle, iat=make.IAT, exp=exp, body=LeaveBody())
        self.pool.say(author, leave, now=NOW)

    def prepare(
        self, period: Period, audience: ReleaseAudience = "partners", named: tuple[SubjectId, ...] = ()
    ) -> Release:
        """A coordinator prepares a release."""
        order = Order(self.pool.circle, period, audience, named)
        with self.pool.database.write() as tx:
            made = releases.preview(tx, self.vocabulary, order, NOW)
            return releases.prepare(tx, order, made, COORDINATOR, NOW)

    def approve(self, release: Release) -> Release:
        """Somebody else approves what they see."""
        with self.pool.database.write() as tx:
            looked = releases.look_again(tx, self.vocabulary, release, NOW)
            return releases.approve(tx, release.id, release.digest, looked, APPROVER, NOW)

    def issue(
        self, period: Period, audience: ReleaseAudience = "partners", named: tuple[SubjectId, ...] = ()
    ) -> Content:
        """Both; what readers have then."""
        return decode(self.approve(self.prepare(period, audience, named)).data)

    def refused(self, period: Period, audience: ReleaseAudience = "partners") -> Code | None:
        """Why a release cannot be prepared; None where it can."""
        try:
            self.prepare(period, audience)
        except HanseError as error:
            return Code(error.code)
        return None

    def known(self, content: Content, indicator: VocabularyCode, domain: VocabularyCode) -> Bounds:
        """What a reader knows of one cell of the concerns."""
        group = self.vocabulary.indicators[indicator].group
        return bounds(content.blocks, [Place("concern", group, domain, band) for band in BANDS])

    def units(self, period: Period) -> list[Unit]:
        """What a release of this month counts, as the node sees it."""
        order = Order(self.pool.circle, period, "partners")
        with self.pool.database.read() as tx:
            return releases.units_of(tx, self.vocabulary, order, NOW)

    def approve_alone(self, release: Release) -> Code | None:
        """Whoever prepared a release approves it."""
        with self.pool.database.write() as tx:
            looked = releases.look_again(tx, self.vocabulary, release, NOW)
            try:
                releases.approve(tx, release.id, release.digest, looked, COORDINATOR, NOW)
            except HanseError as error:
                return Code(error.code)
        return None

    def data(self, release: ReleaseId) -> bytes:
        """What readers of a release have now."""
        with self.pool.database.read() as tx:
            found = storage.get(tx, release)
        assert found is not None
        return found.data

    def places(self) -> list[Place]:
        """Every leaf of the table."""
        return list(all_places(Axes.of(self.vocabulary)))
