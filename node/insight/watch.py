"""Watching partners: comparing the signals that are with those that each watcher was told of.

Reconciliation, as everywhere: nothing is queued when a statement arrives. A look reads the signals of every watched
subject and writes, in one transaction, alerts for what differs and what their reader now knows. A look that a crash
interrupts is made up by the next one; two looks at once tell nobody twice.

An alert is a change of words: a signal that was not there, one that reads differently, one that is gone. A mass that
moves inside one word is none: who watches thirty partners must not be told of every day's decay.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from node.domain.accounts import AccountId
from node.domain.identifiers import new_id
from node.domain.watch import Alert, Change, Delivery, Pace, Watch
from node.errors import Code, HanseError
from node.storage import insight, subject_links
from node.storage import subjects as registry
from node.storage import watch as storage
from node.storage.database import Database, Transaction
from node.storage.vault import Vault
from protocol.identifiers import CircleId, SubjectId, VocabularyCode
from protocol.statements import Timestamp

MAX_WATCHES: Final = 200
"""Organisations that one person watches: a large office's partners; more is a query of the analysts' API."""
MAX_RELATIVES: Final = 100
"""Parents and parts that are watched with an organisation: a ministry has thousands, and nobody reads their alerts."""
MAX_ALERTS: Final = 100
"""Shown at once."""
MAX_ADDRESS_CHARACTERS: Final = 254
"""An e-mail address (RFC 5321, section 4.5.3.1.3, less the angle brackets)."""
_ADDRESS: Final = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*"
)
"""One mailbox (RFC 5321, section 4.1.2, without quoted names and address literals). Nothing that a header would read as
a second recipient, a group or a comment: a notice goes to whoever asked for it and to nobody else."""
KEPT_SECONDS: Final = int(timedelta(days=180).total_seconds())
"""How long an alert is kept: half a year, over which a colleague may have been away."""
_COMPARED_AT_ONCE: Final = 50
"""Watches compared in one reading transaction: a tenth of a second."""
_KIN: Final = frozenset({"parent", "child"})
_BETWEEN: Final = "|"
_UNKNOWN: Final = "unknown"


def add(
    tx: Transaction,
    vault: Vault,
    account: AccountId,
    subject: SubjectId,
    label: str,
    *,
    relatives: bool,
    now: Timestamp,
) -> Watch:
    """Watch an organisation from now on: what is known of it today is no news.

    Raises ``CONFLICT`` for one that this person watches already, and when there are :data:`MAX_WATCHES`.
    """
    held = storage.of_account(tx, vault, account)
    if any(watch.subject == subject for watch in held):
        raise HanseError(Code.CONFLICT, "you watch this organisation already.")
    if len(held) >= MAX_WATCHES:
        raise HanseError(
            Code.CONFLICT, f"one person watches at most {MAX_WATCHES} organisations.", remedy="End a watch first."
        )
    watch = Watch(new_id(), account, subject, label, relatives, now)
    storage.add(tx, vault, watch, _words(_standing(tx, watch)))
    return watch


def is_watched(tx: Transaction, vault: Vault, account: AccountId, subject: SubjectId) -> bool:
    """Whether this person watches this organisation."""
    return any(watch.subject == subject for watch in storage.of_account(tx, vault, account))


def look(database: Database, vault: Vault, now: Timestamp) -> int:
    """Compare every watch with the signals as they are; how many alerts that made.

    One transaction for each watch that has news, so that nobody waits long for the lock; and none stays open while
    thousands of watches are compared.
    """
    with database.read() as tx:
        held = storage.every(tx, vault)
    pending: list[Watch] = []
    for start in range(0, len(held), _COMPARED_AT_ONCE):
        with database.read() as tx:
            some = held[start : start + _COMPARED_AT_ONCE]
            pending += [watch for watch, told in some if _words(_standing(tx, watch)) != told]
    made = 0
    for watch in pending:
        with database.write() as tx:
            made += _tell(tx, vault, watch.id, now)
    with database.write() as tx:
        storage.forget_old(tx, Timestamp(now - KEPT_SECONDS))
    return made


def set_delivery(tx: Transaction, vault: Vault, account: AccountId, address: str, pace: Pace) -> None:
    """How somebody wants to be told; raises ``INVALID`` for what is no e-mail address."""
    address = address.strip()
    right = len(address) <= MAX_ADDRESS_CHARACTERS and _ADDRESS.fullmatch(address) is not None
    if pace is not Pace.NEVER and not right:
        raise HanseError(Code.INVALID, "this is no e-mail address.", remedy="Give one such as name@example.org.")
    known = storage.delivery(tx, vault, account)
    storage.put_delivery(tx, vault, Delivery(account, address if right else "", pace, known.told))


def _tell(tx: Transaction, vault: Vault, watch_id: str, now: Timestamp) -> int:
    """Under the lock: what somebody else told meanwhile is not told again."""
    held = storage.locked(tx, vault, watch_id)
    if held is None:
        return 0
    watch, told = held
    standing = _standing(tx, watch)
    alerts = _alerts(watch, told, standing, now)
    storage.tell(tx, vault, watch, _words(standing), alerts)
    return len(alerts)


def _alerts(
    watch: Watch, told: Mapping[str, str], standing: Mapping[str, tuple[str, str]], now: Timestamp
) -> Sequence[Alert]:
    found = []
    for claim in sorted({*told, *standing}):
        before, (after, label) = told.get(claim, ""), standing.get(claim, ("", ""))
        if before == after:
            continue
        circle, subject, indicator, scope = claim.split(_BETWEEN)
        change = Change.NEW if not before else Change.GONE if not after else Change.MOVED
        found.append(
            Alert(
                id=new_id(),
                watch=watch.id,
                at=now,
                change=change,
                circle=CircleId(circle),
                subject=SubjectId(subject),
                label=label or watch.label,
                indicator=VocabularyCode(indicator),
                scope=VocabularyCode(scope),
                before=before,
                after=after,
                seen=False,
            )
        )
    return found


def _standing(tx: Transaction, watch: Watch) -> dict[str, tuple[str, str]]:
    """What the signals on a watched organisation and its relatives read now, and what each is called."""
    watched = _watched(tx, watch)
    return {
        _BETWEEN.join((claim.circle, claim.subject, claim.indicator, claim.scope)): (word, watched[claim.subject])
        for claim, word in insight.words_on(tx, list(watched))
        if word != _UNKNOWN
    }


def _watched(tx: Transaction, watch: Watch) -> dict[SubjectId, str]:
    """The organisation under every identifier that this node has linked to it and, where wanted, its relatives."""
    canonical = subject_links.canonical_of(tx, watch.subject)
    own = (canonical, *subject_links.aliases_of(tx, canonical))
    watched = dict.fromkeys(own, watch.label)
    if watch.relatives:
        edges = [edge for edge in registry.registry_relations_of(tx, own) if edge.kind in _KIN]
        ends = {end for edge in edges for end in (edge.subject, edge.object)} - watched.keys()
        kin = sorted(ends)[:MAX_RELATIVES]
        watched |= dict(zip(kin, kin, strict=True)) | registry.labels(tx, kin)
    return watched


def _words(standing: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    return {claim: word for claim, (word, _) in standing.items()}
