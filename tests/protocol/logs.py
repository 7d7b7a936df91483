"""Small logs of one claim, for tests and vectors: named statements of fixed seeds, and how they stand when read."""

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from protocol.errors import Code
from protocol.identifiers import CircleId, KeyId, parse_code
from protocol.opinions import Standing
from protocol.projection import WHOLE, Cut, interpret, live_body, state_at
from protocol.replica import AcceptedEntry, Content, Erased, Unreadable
from protocol.statements import (
    DAY_SECONDS,
    Attribution,
    Correction,
    Erasure,
    Finding,
    FindingBody,
    Relation,
    RelationBody,
    Reply,
    Response,
    Retraction,
    Sponsored,
    Stance,
    Statement,
    Target,
    Timestamp,
    Token,
)
from tests.protocol import samples
from tests.protocol.samples import NOW, fixed_digest, fixed_id

SHORT: Final = Timestamp(NOW + 30 * DAY_SECONDS)
"""When those end that end early."""
OTHER_INDICATOR: Final = parse_code("fund-source-opaque")
GONE: Final = "gone"
"""In a log of names: an entry whose content is not here any more."""
UNREADABLE: Final = Unreadable(Code.MALFORMED, "not a statement")


def contributor(name: str) -> KeyId:
    """The key identifier of the contributor of this name."""
    return KeyId(fixed_digest(f"contributor {name}"))


def finding(name: str, body: FindingBody | None = None, *, exp: Timestamp = samples.EXPIRY) -> Finding:
    """The sample finding under an identifier of its own."""
    return replace(samples.finding(), id=fixed_id(name), exp=exp, body=body or samples.finding_body())


def relation(name: str) -> Relation:
    """The sample relation under an identifier of its own."""
    return replace(samples.relation(), id=fixed_id(name))


def response(
    name: str, author: str, target: str, stance: Stance = "corroborates", *, exp: Timestamp = samples.EXPIRY
) -> Response:
    """An answer to the statement of that name in the log of ``author``."""
    body = replace(
        samples.response().body, target=Target(contributor=contributor(author), id=fixed_id(target)), stance=stance
    )
    return replace(samples.response(), id=fixed_id(name), exp=exp, body=body)


def correction(
    name: str, target: str, body: FindingBody | RelationBody, *, exp: Timestamp = samples.EXPIRY
) -> Correction:
    """A new body for the statement of that name."""
    new = replace(
        samples.correction().body,
        target=fixed_id(target),
        finding=body if isinstance(body, FindingBody) else None,
        relation=body if isinstance(body, RelationBody) else None,
    )
    return replace(samples.correction(), id=fixed_id(name), exp=exp, body=new)


def retraction(name: str, target: str, *, exp: Timestamp = samples.EXPIRY) -> Retraction:
    """Withdraws the statement of that name."""
    body = replace(samples.retraction().body, target=fixed_id(target))
    return replace(samples.retraction(), id=fixed_id(name), exp=exp, body=body)


def reply(name: str, *targets: str) -> Reply:
    """An answer of the subject to statements of those names in the log of ``other``."""
    names = sorted((contributor("other"), fixed_id(target)) for target in targets)
    answered = tuple(Target(contributor=author, id=target) for author, target in names)
    return replace(samples.reply(), id=fixed_id(name), body=replace(samples.reply().body, targets=answered))


def erasure(name: str, target: str, *indices: int) -> Erasure:
    """Takes away the content of the statement of that name, and of its corrections, at these indices."""
    body = replace(samples.erasure().body, target=fixed_id(target), indices=indices)
    return replace(samples.erasure(), id=fixed_id(name), body=body)


def sponsored(
    name: str,
    *,
    circle: CircleId = samples.CIRCLE,
    iat: Timestamp = NOW,
    exp: Timestamp = samples.EXPIRY,
) -> Sponsored:
    """A finding of somebody else, whose own claims are these."""
    inner = replace(samples.finding(), id=fixed_id(f"inside {name}"), circle=circle, iat=iat, exp=exp)
    return replace(samples.sponsored(inner), id=fixed_id(name))


def spoilt(statement: Sponsored) -> Sponsored:
    """The same, with a signature that nobody has made."""
    body = replace(statement.body, statement=f"{statement.body.statement[:-6]}AAAAAA")
    return replace(statement, body=body)


def attribution(name: str, target: str) -> Attribution:
    """A name signed to the statement of that name."""
    return replace(
        samples.attribution(), id=fixed_id(name), body=replace(samples.attribution().body, target=fixed_id(target))
    )


def token(name: str, target: str) -> Token:
    """A person's token beside the statement of that name."""
    return replace(samples.token(), id=fixed_id(name), body=replace(samples.token().body, target=fixed_id(target)))


def entries(log: Sequence[str | None], statements: Mapping[str, Statement]) -> list[AcceptedEntry]:
    """A log from index 0 on, of names in ``statements``; None is an entry that cannot be read."""
    return [AcceptedEntry(index, b"", bytes(32), _content(name, statements)) for index, name in enumerate(log)]


def _content(name: str | None, statements: Mapping[str, Statement]) -> Content:
    if name is None:
        return UNREADABLE
    return Erased() if name == GONE else statements[name]


def standing(author: KeyId, log: Sequence[AcceptedEntry], now: Timestamp, cut: Cut = WHOLE) -> list[Standing]:
    """Every statement of a log as it stands at ``now``."""
    said: dict[int, Statement] = {e.index: e.content for e in log if not isinstance(e.content, Unreadable | Erased)}
    return [
        Standing(
            contributor=author,
            index=row.index,
            statement=said[row.index],
            body=live_body(said[row.index], None if row.corrected_by is None else said[row.corrected_by]),
            state=state_at(
                now,
                exp=row.exp,
                corrected_by=row.corrected_by,
                retracted_by=row.retracted_by,
                erased_by=row.erased_by,
                void=row.void,
            ),
        )
        for row in interpret(log, {}, cut).new.values()
    ]
