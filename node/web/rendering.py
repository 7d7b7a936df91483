"""Templates, and the frame around every page."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from node.web import formats, words
from node.web import translation as tongue
from node.web.forms import sentence


@dataclass(frozen=True, slots=True)
class Section:
    """One entry of the navigation."""

    path: str
    label: str
    current: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """Who is signed in, as the masthead names them."""

    name: str
    roles: Sequence[str]


@dataclass(frozen=True, slots=True)
class Rows:
    """What stands above a page: groups of sections, and the sections of the group that one is in."""

    groups: Sequence[Section]
    entries: Sequence[Section]
    """Empty where the group has one section alone."""


@dataclass(frozen=True, slots=True)
class Page:
    """What the frame around every page needs."""

    institution: str
    csrf: str = ""
    person: Person | None = None
    rows: Rows | None = None
    """The navigation; None before anybody has signed in."""


class Templates:
    """The node's templates. A name that a template uses and nobody passed is an error, not an empty place."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=PackageLoader("node.web", "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
        )
        self._environment.policies["ext.i18n.trimmed"] = True
        # The extension adds this method to an environment; its type does not know.
        install = self._environment.install_gettext_callables  # type: ignore[attr-defined]
        install(tongue.say, tongue.say_one_or_many, newstyle=True)
        self._environment.filters.update(
            day=formats.day,
            moment=formats.moment,
            ago=formats.ago,
            count=formats.counted,
            number=formats.number,
            listed=formats.listed,
            identifier=formats.identifier,
            short=formats.short,
            first_two=formats.first_two,
            sentence=sentence,
            said=tongue.say,
            framed=tongue.framed,
        )
        self._environment.globals.update(
            words=words,
            shares=formats.shares,
            subject_path=formats.subject_path,
            statement_path=formats.statement_path,
            signal_path=formats.signal_path,
            framed=tongue.framed,
            frame_language=tongue.frame_language,
            content_language=tongue.language,
        )

    def render(
        self, template: str, page: Page, values: dict[str, object], *, status: int = HTTPStatus.OK
    ) -> HTMLResponse:
        """One page."""
        text = self._environment.get_template(template).render(page=page, **values)
        return HTMLResponse(text, status_code=status)
