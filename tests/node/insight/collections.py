"""A pool with something of every kind in it, and its collection read from end to end."""

from node.insight import taxii
from node.insight.taxii import CollectedObject, CollectionPage
from node.storage.taxii import Wanted
from protocol.identifiers import StatementId, SubjectId
from tests.node import statements as make
from tests.node.insight.support import Pool
from tests.node.subjects.registry import subject

EVERYTHING = Wanted()


def fill(pool: Pool) -> dict[str, StatementId]:
    """Three contributors: two findings of which one is corrected, a retracted one, a relation, three responses."""
    kept = make.finding(pool.circle, make.finding_body(subject(1), summary="Owners differ between registers."))
    moved = make.finding(pool.circle, make.finding_body(subject(1), make.INDICATOR, strength=4))
    gone = make.finding(pool.circle, make.finding_body(SubjectId("circle:" + "A" * 22), summary="Unwanted words."))
    tie = make.relation(pool.circle, subject(1), subject(2))
    agrees = make.response(pool.circle, pool.contributor(1), kept.id)
    disputes = make.response(pool.circle, pool.contributor(1), kept.id, "disputes")
    context = make.response(pool.circle, pool.contributor(2), tie.id, "adds-context")
    pool.say(2, tie, agrees)  # the response comes before what it answers
    pool.say(1, kept, moved, gone)
    pool.say(3, disputes, context)
    better = make.finding_body(subject(2), make.INDICATOR, strength=1, summary="Fewer than first thought.")
    pool.say(1, make.correction(pool.circle, moved.id, better), make.retraction(pool.circle, gone.id))
    return {
        "kept": kept.id,
        "moved": moved.id,
        "gone": gone.id,
        "tie": tie.id,
        "agrees": agrees.id,
        "disputes": disputes.id,
        "context": context.id,
    }


def read_page(
    pool: Pool, *, after: int = 0, limit: int = taxii.MAX_PAGE, wanted: Wanted = EVERYTHING
) -> CollectionPage:
    """One page, after the collection was brought up to date."""
    runtime = pool.node.runtime
    asked = taxii.Asked(after, limit, wanted, runtime.clock.now())
    taxii.catch_up(runtime.database, pool.circle, until=asked)
    with runtime.database.read() as tx:
        return taxii.page(tx, runtime.vocabulary, pool.circle, asked)


def read_all(pool: Pool, *, limit: int = taxii.MAX_PAGE, wanted: Wanted = EVERYTHING) -> list[CollectedObject]:
    """The whole collection, page by page."""
    found: list[CollectedObject] = []
    end, more = 0, True
    while more:
        page = read_page(pool, after=end, limit=limit, wanted=wanted)
        found += page.objects
        end, more = page.end, page.more
    return found
