"""Forms as a person meets them: read from the page, filled field by field, and sent.

Every text that can be typed gets a word that stands nowhere else, so that it can be looked for afterwards. A field that
somebody adds to a page is filled like the others, without being listed here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final

from httpx2 import Response

from tests.node.web.house import Browser, text_of

WORD: Final = "zyxcanary"
"""Begins every planted word; each field has another ending."""
_DAY: Final = "2026-03-02"
_LATER: Final = "2026-12-01"
_AHEAD: Final = ("due", "review", "until", "ends", "next", "expires")
"""How names of days begin that lie ahead."""
_TYPED: Final = {"text", "search", "textarea", "email", "url", "tel"}


@dataclass
class Field:
    """One control of a form."""

    name: str
    kind: str
    value: str = ""
    options: list[str] = field(default_factory=list)
    required: bool = False
    digits: bool = False
    longest: int = 10_000


@dataclass
class Form:
    """One form of a page."""

    action: str
    method: str
    fields: list[Field] = field(default_factory=list)

    def named(self, name: str) -> Field | None:
        """The control of this name."""
        return next((each for each in self.fields if each.name == name), None)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._select: Field | None = None
        self._area: Field | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Forms and their controls."""
        has = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(has.get("action", ""), has.get("method", "get")))
        if not self.forms:
            return
        if tag == "option" and self._select is not None:
            self._select.options.append(has.get("value", ""))
            if "selected" in has:
                self._select.value = has.get("value", "")
        if tag not in {"input", "select", "textarea", "button"} or not has.get("name"):
            return
        kind = {"select": "select", "textarea": "textarea", "button": "button"}.get(tag, has.get("type", "text"))
        control = Field(
            has["name"],
            kind,
            has.get("value", ""),
            required="required" in has,
            digits=has.get("inputmode") == "numeric",
            longest=int(has.get("maxlength", "10000")),
        )
        if kind in {"radio", "checkbox"}:
            known = self.forms[-1].named(control.name)
            if known is not None and known.kind == kind:
                known.options.append(control.value)
                known.value = control.value if "checked" in has else known.value
                return
            control.options, control.value = [control.value], control.value if "checked" in has else ""
        self.forms[-1].fields.append(control)
        self._select = control if tag == "select" else None
        self._area = control if tag == "textarea" else None

    def handle_endtag(self, tag: str) -> None:
        """What was begun."""
        if tag == "select":
            self._select = None
        if tag == "textarea":
            self._area = None

    def handle_data(self, data: str) -> None:
        """What stands in a text area; the line end after its tag is the page's."""
        if self._area is not None:
            self._area.value += data.removeprefix("\n")


def forms_of(page: str) -> list[Form]:
    """Every form of a page, without the one in the masthead."""
    parser = _Forms()
    parser.feed(page)
    return [form for form in parser.forms if form.action != "/sign-out"]


@dataclass
class Planter:
    """Fills forms, and remembers which word stands in which field."""

    planted: dict[str, str] = field(default_factory=dict)
    """The word, and the page and field where it was typed."""

    def word(self, place: str) -> str:
        """A word of its own for this place."""
        made = f"{WORD}{len(self.planted):04}"
        self.planted[made] = place
        return made

    def values(self, form: Form, given: Mapping[str, str | Sequence[str]]) -> dict[str, str | Sequence[str]]:
        """What a person would send, where ``given`` does not say it."""
        filled: dict[str, str | Sequence[str]] = {}
        for control in form.fields:
            if control.name in given or control.kind in {"button", "submit", "file"}:
                continue
            value = self._value(control, form.action)
            if value:
                filled[control.name] = value
        return {**filled, **given}

    def _value(self, control: Field, action: str) -> str:
        choice = next((each for each in control.options if each), "")
        if control.kind == "hidden" or control.value:
            return control.value
        if control.kind in _TYPED and not control.digits:
            return self.word(f"{action} {control.name}")[: control.longest]
        later = control.name.startswith(_AHEAD)
        made = {
            "date": _LATER if later else _DAY,
            "select": choice,
            "radio": choice,
            "checkbox": choice if control.required else "",
            "password": "",
        }
        return made.get(control.kind, "3")

    def send(
        self,
        browser: Browser,
        path: str,
        given: Mapping[str, str | Sequence[str]] | None = None,
        *,
        action: str = "",
        file: tuple[str, bytes] | None = None,
    ) -> Response:
        """Open a page, fill the first form whose address ends so, send it."""
        page = browser.get(path)
        forms = [form for form in forms_of(page) if form.method.lower() == "post"]
        wanted = [form for form in forms if form.action.partition("?")[0].endswith(action)]
        assert wanted, (path, action, [form.action for form in forms])
        form = wanted[0]
        data = self.values(form, given or {})
        files = None if file is None else {"file": (file[0], file[1])}
        answer = browser.client.post(form.action or path, data=data, files=files)
        said = text_of(answer.text.partition('role="alert"')[2].partition("</div>")[0])
        assert answer.status_code == 303, (path, form.action, answer.status_code, said, data)
        return answer
