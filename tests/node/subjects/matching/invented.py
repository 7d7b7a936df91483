"""A small invented registry, and a matcher on it."""

from collections.abc import Sequence

from node.domain.subjects import Name, Organisation, RegistryTie, Status
from node.subjects.matching.index import build
from node.subjects.matching.places import load
from node.subjects.matching.resolve import Matcher, matcher
from protocol.identifiers import SubjectId
from tests.node.subjects.registry import subject


def organisation(  # noqa: PLR0913
    number: int,
    label: str,
    *others: str,
    country: str = "NL",
    place: str = "",
    types: tuple[str, ...] = ("education",),
    acronyms: Sequence[str] = (),
    parent: int | None = None,
    successor: int | None = None,
    status: Status = "active",
    domains: tuple[str, ...] = (),
) -> Organisation:
    """One organisation; ``others`` are further full names."""
    ties = [("parent", parent), ("successor", successor)]
    return Organisation(
        id=subject(number),
        label=label,
        status=status,
        names=(
            Name(label, "display"),
            *(Name(each, "label", "en") for each in others),
            *(Name(each, "acronym") for each in acronyms),
        ),
        types=types,
        country=country,
        place=place,
        domains=domains,
        relations=tuple(RegistryTie(kind, subject(to), "") for kind, to in ties if to is not None),
    )


INVENTED = (
    organisation(1, "Aldermoor University", "Universität Aldermoor", country="NL", place="Aldermoor"),
    organisation(2, "Aldermoor University of Tides and Winds", country="NL"),
    organisation(3, "Northport Institute of Lanterns", acronyms=("NILX",), country="SE", domains=("lantern.example",)),
    organisation(4, "Trinity Harbour College", country="IE", place="Westquay"),
    organisation(5, "Trinity Harbour College", country="CA", place="Eastquay"),
    organisation(6, "Qorvane State University", country="BR"),
    organisation(7, "Qorvane State University Millbrook", country="BR", parent=6),
    organisation(8, "東灘波浪大学", "Touhadou University", country="JP"),
    organisation(9, "جامعة الأمواج الكبرى", "Great Waves University", country="EG"),
    organisation(10, "Velmora Polytechnic", country="PT", status="withdrawn", successor=11),
    organisation(11, "Velmora Technical University", country="PT"),
    organisation(12, "Hospital of Saint Brannock", country="GB", types=("healthcare",)),
    organisation(13, "Ostrel State Medical University named after Academician T. Vondel", country="SE"),
    organisation(14, "Ostrel State University", country="SE"),
    organisation(15, "UniHALDEMAR", country="BR"),
    organisation(16, "Pellworth Lanthanum, Inc.", country="GB", types=("company",)),
    organisation(17, "National Sing Waa University", country="SE"),
    organisation(18, "Singwaa University", country="GB"),
    organisation(19, "Zemblan Quarry Accelerator Laboratory", country="GB", types=("facility",)),
)


def invented() -> Matcher:
    """A matcher on the invented registry."""
    return matcher(build(INVENTED, load().names))


def ids(*numbers: int) -> list[SubjectId]:
    """The subjects with these numbers."""
    return [subject(number) for number in numbers]
