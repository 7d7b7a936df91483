"""Which organisation a form means: by identifier, by a name that one alone bears, where a link is safe, or by choice.

A page that writes asks :func:`understand` before its transaction begins, and gives the answer to :func:`partner_of`.
"""

from dataclasses import dataclass, field
from typing import Final

from node.domain.subjects import MAX_SEARCH_CHARACTERS, Organisation, parse_identifier
from node.errors import Code, HanseError
from node.runtime import Runtime
from node.storage.database import Transaction
from node.subjects.find import get, resolve_exact
from node.subjects.matching import Match
from node.subjects.offers import Offer, offers, safe_link, understood
from node.web.forms import FormView, sentence
from protocol.statements import Subject

_OFFERED: Final = 8
"""Organisations offered when a name fits several."""
NOBODY: Final = Match((), ())
"""For a page that takes nothing but an identifier or a name that one alone bears."""


@dataclass(frozen=True, slots=True)
class Partner:
    """What the partner fields of a form came to: one organisation, none yet, or several to choose from."""

    subject: Subject | None = field(default=None, repr=False)
    offered: tuple[Offer, ...] = field(default=(), repr=False)
    wrong: str = ""


def understand(runtime: Runtime, form: FormView) -> Match:
    """What the matcher makes of the name that was typed; nothing where the form names its partner without it.

    Its index may have to be read first, which takes seconds: not to be called inside a transaction that writes.
    """
    text = form.text("partner")
    if not text or parse_identifier(form.text("subject")) or parse_identifier(text):
        return NOBODY
    if len(text) <= MAX_SEARCH_CHARACTERS:
        with runtime.database.read() as tx:
            if resolve_exact(tx, text) is not None:
                return NOBODY
    return understood(runtime.names, text)


def partner_of(tx: Transaction, form: FormView, match: Match) -> Partner:
    """An identifier, a name that one alone bears, a safe link, or a choice among those that may be meant."""
    text = form.text("partner")
    identified = parse_identifier(form.text("subject")) or parse_identifier(text)
    if identified is not None:
        return _known(get(tx, identified))
    return _named(tx, text, match) if text else Partner()


def _named(tx: Transaction, text: str, match: Match) -> Partner:
    """The one organisation that this name means, or those that could be meant."""
    try:
        only = resolve_exact(tx, text) or safe_link(tx, match)
    except HanseError as error:
        if error.code != Code.INVALID:
            raise
        return Partner(wrong=sentence(error.detail))
    if only is not None:
        return _known(only)
    if found := tuple(offers(tx, match, text, _OFFERED)):
        several = "Several organisations could be meant. Choose one below."
        return Partner(offered=found, wrong=several if len(found) > 1 else "Is this organisation meant? Say so below.")
    return Partner(wrong="No organisation of this name is in the registry. Give its identifier, or leave this open.")


def _known(organisation: Organisation | None) -> Partner:
    if organisation is None:
        return Partner(wrong="No organisation with this identifier is in the registry that this node holds.")
    return Partner(Subject(id=organisation.id, label=organisation.label))
