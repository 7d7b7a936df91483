"""Ties and paths in the API: under pseudonyms, as they now stand, with what was left out."""

from node import circles
from tests.node import statements as make
from tests.node.api.support import Api
from tests.node.insight.ties import register, state, worry
from tests.node.subjects.registry import subject


def test_ties_are_told_apart_by_origin(api: Api) -> None:
    register(api.pool, (1, "parent", 2), countries={1: "NN", 2: "NN", 3: "MM"})
    tie = state(api.pool, 1, 1, 3, "funds")
    api.pool.say(2, make.response(api.pool.circle, api.pool.contributor(1), tie, "disputes"))

    found = api.get(f"/subjects/{subject(1)}/relations")

    registered, pooled = found["ties"]
    assert (registered["origin"], registered["relation"], registered["statements"]) == ("registry", "parent", [])
    assert (registered["likelihood"], pooled["likelihood"]) == (None, "roughly-even")
    assert (pooled["origin"], pooled["relation"], pooled["contributors"]) == ("pooled", "funds", 2)
    (statement,) = pooled["statements"]
    assert [reply["stance"] for reply in statement["responses"]] == ["disputes"]
    assert {place["id"] for place in found["places"]} == {subject(1), subject(2), subject(3)}


def test_a_path_says_who_could_have_known_it(api: Api) -> None:
    register(api.pool, countries={1: "NN", 2: "MM", 3: "MM"})
    tie = state(api.pool, 1, 1, 2)
    state(api.pool, 2, 2, 3)
    worry(api.pool, 3, 3)

    found = api.get(f"/subjects/{subject(1)}/paths")

    (path,) = found["paths"]
    assert path["nodes"] == [subject(1), subject(2), subject(3)]
    assert (path["knowledge"], path["border"], path["roots"], path["weakest"]) == ("nobody-alone", "crosses", 2, 0)
    assert len(path["contributors"]) == 2
    assert (found["reached"], found["hubs"], found["unread"]) == (2, [], 0)
    assert (found["further_targets"], found["ended_after"]) == (0, 0)
    with api.pool.database.read() as tx:
        roster = circles.roster(tx, api.pool.circle)
    assert not [member for member in roster.members.values() if member.name in str(found) or member.url in str(found)]
    api.pool.say(1, make.retraction(api.pool.circle, tie))
    assert api.get(f"/subjects/{subject(1)}/paths")["paths"] == []


def test_a_subject_without_ties_has_empty_answers(quick_api: Api) -> None:
    assert quick_api.get(f"/subjects/{subject(9)}/relations", depth="2")["ties"] == []
    assert quick_api.get(f"/subjects/{subject(9)}/paths")["paths"] == []
    quick_api.get(f"/subjects/{subject(9)}/relations", 422, depth="3")
    quick_api.get("/subjects/nonsense/paths", 400)
