"""What would change a signal: every alternative is what a node without, or with, that statement would show."""

from datetime import timedelta

import msgspec
import pytest

from node import insight
from node.domain.explanation import SignalDetail
from node.domain.statements import Claim
from node.errors import Code, HanseError
from node.insight.explain import detail, explain
from node.insight.movement import doubled_expectation
from protocol.identifiers import Digest, encode_bytes
from protocol.signals import Opinion, Signal, fuse
from protocol.statements import FindingBody, Grade
from protocol.vocabulary import Vocabulary
from tests.node import statements as make
from tests.node.insight.support import WHOLE, Pool
from tests.protocol.opinions import TODAY, opinion


def fused(held: object, day: object) -> Signal:
    return fuse(held, half_life_months=24, k=3, today=day)  # type: ignore[arg-type]  # as `explain` calls it


def read(pool: Pool, vocabulary: Vocabulary) -> SignalDetail:
    with pool.database.read() as tx:
        return detail(tx, vocabulary, Claim(pool.circle, make.SUBJECT, make.INDICATOR, WHOLE), make.IAT)


def sourced(*words: str) -> FindingBody:
    """A body that names sources by these words."""
    digests = tuple(sorted(Digest(encode_bytes(word.encode().ljust(32, b"."))) for word in words))
    return msgspec.structs.replace(make.finding_body(), sources=digests)


def test_each_alternative_is_the_signal_without_those_statements(quick_pool: Pool, vocabulary: Vocabulary) -> None:
    for author in (0, 1, 2):
        quick_pool.find(author)
    disputed = quick_pool.find(3)
    quick_pool.say(0, make.response(quick_pool.circle, quick_pool.contributor(3), disputed, "disputes"))
    found = read(quick_pool, vocabulary)
    signal = found.view.signal
    assert signal.contributors == 4
    assert len(found.explanation.without_contributor) == 4
    for each in found.explanation.without_contributor:
        (gone,) = each.left_out
        held = [each for each in signal.contributions if each.statement != gone]
        assert {every.statement for every in each.signal.contributions} == {every.statement for every in held}
        moved = doubled_expectation(each.signal) - doubled_expectation(signal)
        assert each.moved_ppm == moved // 2
        assert each.changes_word == (each.signal.likelihood != signal.likelihood)
    sizes = [abs(each.moved_ppm) for each in found.explanation.without_contributor]
    assert sizes == sorted(sizes, reverse=True)
    assert found.explanation.trimmed is not None
    assert len(found.explanation.trimmed.left_out) == 2
    assert found.explanation.one_more_supporting.contributors == found.explanation.one_more_contesting.contributors == 5
    assert found.explanation.one_more_contesting.belief_ppm < signal.belief_ppm


def test_a_root_says_which_source_joined_it_and_who_named_it(pool: Pool, vocabulary: Vocabulary) -> None:
    one = pool.find(1, sourced("register", "journal"))
    two = pool.find(2, sourced("journal", "archive"))
    three = pool.find(3, sourced("visit"))
    found = read(pool, vocabulary).explanation
    names = [(pool.contributor(author), name) for author, name in ((1, one), (2, two), (3, three))]
    joined, alone = sorted(found.roots, key=lambda root: -len(root.statements))
    assert set(joined.statements) == set(names[:2])
    (join,) = joined.joins
    assert join.source == encode_bytes(b"journal".ljust(32, b"."))
    assert set(join.statements) == set(names[:2])
    assert (alone.statements, alone.joins) == ((names[2],), ())
    assert [set(each.left_out) for each in found.without_root if len(each.left_out) == 2] == [set(names[:2])]


@pytest.mark.parametrize(
    ("grade", "number", "holds"),
    [("A2", 3, False), ("A2", 4, True), ("B2", 3, True), ("B1", 4, False), ("C2", 3, True), ("A2", 2, False)],
)
def test_when_the_word_holds_without_any_single_contributor(grade: str, number: int, *, holds: bool) -> None:
    """The table in ``docs/signals.md``."""
    held = [
        opinion(str(each), reliability=grade[0], credibility=int(grade[1]))  # type: ignore[arg-type]  # a letter
        for each in range(number)
    ]
    found = explain(held, fused, TODAY)
    assert found.holds is holds
    if number > 2:
        assert {each.signal.likelihood for each in found.without_contributor} <= {"very-likely", "almost-certain"}


def test_age_alone_changes_the_word_on_the_day_that_is_named() -> None:
    held = [opinion("a", age=30), opinion("b", age=400)]
    found = explain(held, fused, TODAY)
    assert found.changes_on is not None
    before, then = fused(held, found.changes_on - timedelta(days=1)), fused(held, found.changes_on)
    assert before.likelihood == fused(held, TODAY).likelihood != then.likelihood == found.changes_to
    lasting = explain([opinion("a")], lambda some, day: fuse(some, half_life_months=None, k=3, today=day), TODAY)
    assert (lasting.changes_on, lasting.changes_to) == (None, None)


def test_what_carries_no_weight_can_be_explained_too() -> None:
    idle: list[Opinion] = [opinion("a", reliability="F"), opinion("b", tier=0)]
    for held in (idle, []):
        found = explain(held, fused, TODAY)
        assert (found.without_contributor, found.without_root, found.trimmed, found.holds) == ((), (), None, True)
        assert found.one_more_supporting.likelihood == "likely"
        assert found.one_more_contesting.likelihood == "unlikely"


def test_the_detail_is_what_the_dossier_and_the_list_say(pool: Pool, vocabulary: Vocabulary) -> None:
    pool.find(1)
    pool.find(2, msgspec.structs.replace(make.finding_body(), grade=Grade(reliability="D", credibility=5)))
    insight.catch_up(pool.database, vocabulary, make.IAT)
    found = read(pool, vocabulary)
    with pool.database.read() as tx:
        (listed,) = insight.signals(tx, vocabulary, make.SUBJECT, make.IAT)
    assert (found.view.signal, found.movement) == (listed.signal, listed.movement)
    assert found.label == "Institute of Invented Studies"
    assert found.ends == found.view.findings[0].provenance.expires
    with pytest.raises(HanseError) as refused, pool.database.read() as tx:
        detail(tx, vocabulary, Claim(pool.circle, make.OTHER_SUBJECT, make.INDICATOR, WHOLE), make.IAT)
    assert refused.value.code is Code.NOT_FOUND
