"""Which organisation a form means: by identifier, by a name that only one bears, or by a person's choice."""

from dataclasses import dataclass, field
from typing import Final

from node.domain.subjects import Organisation, SearchHit, parse_identifier
from node.errors import Code, HanseError
from node.storage.database import Transaction
from node.subjects.find import get, resolve_exact, search
from node.web.forms import FormView, sentence
from protocol.statements import Subject

_OFFERED: Final = 8
"""Organisations offered when a name fits several."""


@dataclass(frozen=True, slots=True)
class Partner:
    """What the partner fields of a form came to: one organisation, none yet, or several to choose from."""

    subject: Subject | None = field(default=None, repr=False)
    offered: tuple[SearchHit, ...] = field(default=(), repr=False)
    wrong: str = ""


def partner_of(tx: Transaction, form: FormView) -> Partner:
    """An identifier, a name that only one organisation bears, or a choice among those that a name fits."""
    text = form.text("partner")
    identified = parse_identifier(form.text("subject")) or parse_identifier(text)
    if identified is not None:
        return _known(get(tx, identified))
    return _named(tx, text) if text else Partner()


def _named(tx: Transaction, text: str) -> Partner:
    """The one organisation that bears this name, or those that could be meant."""
    try:
        only = resolve_exact(tx, text)
        hits = tuple(search(tx, text, _OFFERED)) if only is None else ()
    except HanseError as error:
        if error.code != Code.INVALID:
            raise
        return Partner(wrong=sentence(error.detail))
    if only is not None:
        return _known(only)
    if hits:
        return Partner(offered=hits, wrong="Several organisations could be meant. Choose one below.")
    return Partner(wrong="No organisation of this name is in the registry. Give its identifier, or leave this open.")


def _known(organisation: Organisation | None) -> Partner:
    if organisation is None:
        return Partner(wrong="No organisation with this identifier is in the registry that this node holds.")
    return Partner(Subject(id=organisation.id, label=organisation.label))
