"""Two identifiers of one organisation, read as one while a link stands, and without a trace once it is undone."""

import pytest
from msgspec import structs

from node import insight
from node.domain.accounts import Account, AccountId, Role
from node.domain.insight import Dossier, SignalView
from node.errors import Code, HanseError
from node.storage import accounts, subject_links
from node.subjects import links, search
from node.subjects.find import bearers
from protocol.identifiers import SubjectId, VocabularyCode
from protocol.statements import Subject
from protocol.vocabulary import Vocabulary
from tests.node import statements as make
from tests.node.insight.support import Pool
from tests.node.subjects.registry import subject

MINTED = SubjectId("circle:" + "M" * 21 + "A")
OTHER_MINTED = SubjectId("circle:" + "N" * 21 + "A")
REAL = subject(1)
TIDE_UNIT = Subject(id=MINTED, label="Tide Unit")
INSTITUTE = Subject(id=REAL, label="Institute of Tides")
OFFICER = AccountId("A" * 22)


@pytest.fixture
def pool(pool: Pool) -> Pool:
    """A node with an officer; one member spoke of the minted identifier, two of the registry's."""
    with pool.database.write() as tx:
        officer = Account(
            OFFICER, "officer", "Officer", frozenset({Role.OFFICER}), make.IAT, disabled=False, has_password=False
        )
        accounts.add_account(tx, pool.node.runtime.vault, officer)
    for author, about in ((1, TIDE_UNIT), (2, INSTITUTE), (1, INSTITUTE)):
        pool.find(author, structs.replace(make.finding_body(), subject=about))
    with pool.database.write() as tx:
        insight.refresh(tx, pool.node.runtime.vocabulary, make.IAT)
    return pool


def read(pool: Pool, vocabulary: Vocabulary, about: SubjectId) -> tuple[Dossier, tuple[SignalView, ...]]:
    with pool.database.read() as tx:
        return (
            insight.dossier(tx, vocabulary, about, make.IAT),
            insight.signals(tx, vocabulary, about, make.IAT),
        )


def link(pool: Pool, one: SubjectId, other: SubjectId) -> str:
    with pool.database.write() as tx:
        return links.accept(tx, pool.node.runtime.vault, OFFICER, (one, other), "Same address.", make.IAT).id


def undo(pool: Pool, made: str) -> None:
    with pool.database.write() as tx:
        links.undo(tx, made, OFFICER, make.IAT)


def signals_in(dossier: Dossier) -> list[SignalView]:
    (reading,) = dossier.circles
    return [view for group in reading.groups for view in (*group.concerns, *group.assurances, *group.context)]


def test_a_link_that_was_undone_leaves_every_signal_bit_for_bit_as_it_was(pool: Pool, vocabulary: Vocabulary) -> None:
    before = (read(pool, vocabulary, MINTED), read(pool, vocabulary, REAL), pool.stored())
    made = link(pool, MINTED, REAL)
    assert read(pool, vocabulary, REAL) != before[1]
    with pool.database.write() as tx:
        insight.rebuild(tx, vocabulary, make.IAT)
    assert pool.stored() == before[2]
    undo(pool, made)
    with pool.database.write() as tx:
        insight.rebuild(tx, vocabulary, make.IAT)
    assert (read(pool, vocabulary, MINTED), read(pool, vocabulary, REAL), pool.stored()) == before


def test_the_union_is_one_body_of_evidence_not_two_signals_added_up(pool: Pool, vocabulary: Vocabulary) -> None:
    (apart,) = signals_in(read(pool, vocabulary, REAL)[0])
    link(pool, MINTED, REAL)
    (of_alias, views), (of_real, _) = read(pool, vocabulary, MINTED), read(pool, vocabulary, REAL)
    assert (of_alias.subject, of_alias.asked, of_real.asked) == (REAL, MINTED, REAL)
    assert of_alias.aliases == ((MINTED, "Tide Unit"),)
    assert of_alias.circles == of_real.circles
    (together,) = signals_in(of_alias)
    assert {finding.subject for finding in together.findings} == {MINTED, REAL}
    # Member 1 spoke of both: its latest word counts, once, so the union weighs as the registry's identifier alone.
    assert together.signal.contributors == apart.signal.contributors == 2
    assert [view.signal for view in views] == [together.signal]


def test_what_is_searched_by_either_name_is_shown_once_and_says_so(pool: Pool) -> None:
    link(pool, MINTED, REAL)
    with pool.database.read() as tx:
        (by_alias,) = search(tx, "tide unit")
        (by_id,) = search(tx, MINTED)
        (by_name,) = search(tx, "institute of tides")
    assert (by_alias.id, by_alias.alias, by_alias.matched) == (REAL, MINTED, "Tide Unit")
    assert (by_id.id, by_id.alias) == (REAL, MINTED)
    assert (by_name.id, by_name.alias) == (REAL, None)


def test_links_follow_each_other_and_never_close_a_ring(pool: Pool) -> None:
    first = link(pool, MINTED, OTHER_MINTED)
    link(pool, REAL, OTHER_MINTED)
    with pool.database.read() as tx:
        for each in (MINTED, OTHER_MINTED, REAL):
            assert subject_links.canonical_of(tx, each) == REAL
        assert subject_links.aliases_of(tx, REAL) == (MINTED, OTHER_MINTED)
    with pytest.raises(HanseError) as refusal:
        link(pool, MINTED, REAL)
    assert refusal.value.code is Code.CONFLICT
    undo(pool, first)
    with pool.database.read() as tx:
        assert subject_links.canonical_of(tx, MINTED) == MINTED
        assert subject_links.aliases_of(tx, REAL) == (OTHER_MINTED,)
        found = links.history(tx, pool.node.runtime.vault, MINTED)
    assert [(each.is_live, each.reason, each.undone_by) for each in found] == [(False, "Same address.", OFFICER)]


def test_a_link_needs_a_reason_and_is_undone_once(pool: Pool) -> None:
    with pool.database.write() as tx, pytest.raises(HanseError) as refusal:
        links.accept(tx, pool.node.runtime.vault, OFFICER, (MINTED, REAL), "  ", make.IAT)
    assert refusal.value.code is Code.INVALID
    made = link(pool, MINTED, REAL)
    undo(pool, made)
    with pytest.raises(HanseError) as twice:
        undo(pool, made)
    assert twice.value.code is Code.NOT_FOUND


def test_what_members_state_is_proposed_and_changes_nothing_by_itself(pool: Pool, vocabulary: Vocabulary) -> None:
    before = read(pool, vocabulary, REAL)[1]
    for author in (1, 2):
        tie = make.relation(pool.circle)
        body = structs.replace(tie.body, subject=TIDE_UNIT, relation=VocabularyCode("same-as"), object=INSTITUTE)
        pool.say(author, structs.replace(tie, body=body))
    with pool.database.read() as tx:
        (proposed,) = links.proposals(tx, REAL, make.IAT)
        assert links.proposals(tx, OTHER_MINTED, make.IAT) == []
    assert (proposed.other, proposed.label, proposed.contributors) == (MINTED, "Tide Unit", 2)
    assert read(pool, vocabulary, REAL)[1] == before
    link(pool, MINTED, REAL)
    with pool.database.read() as tx:
        assert links.proposals(tx, REAL, make.IAT) == []


def test_an_identifier_that_one_member_made_is_found_by_another_and_reused(pool: Pool, vocabulary: Vocabulary) -> None:
    tie = make.relation(pool.circle)
    named = structs.replace(tie.body, object=Subject(id=OTHER_MINTED, label="Harbour Programme"))
    pool.say(1, structs.replace(tie, body=named))
    with pool.database.write() as tx:
        insight.refresh(tx, vocabulary, make.IAT)
        insight.refresh(tx, vocabulary, make.IAT)
    with pool.database.read() as tx:
        (of_finding,) = bearers(tx, "Tide Unit")
        (of_relation,) = search(tx, "harbour prog")
    assert (of_finding.id, of_finding.origin) == (MINTED, "statement")
    assert (of_relation.id, of_relation.origin) == (OTHER_MINTED, "statement")
