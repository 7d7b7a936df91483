"""A house in which everything has been done once, by people at its pages: something to see on every page.

Whoever adds a page that needs a record adds the step that makes one, and the address to ``Furnished.paths``; the walk
over pages names what is missing. Texts come from :mod:`tests.node.web.filling`, each field with a word of its own.
"""

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from node.accounts.manage import find_account
from node.app import application
from node.domain.accounts import Role
from node.domain.settings import MailSettings
from node.insight import catch_up
from tests.federation.support import Node
from tests.node.web.filling import Planter, forms_of
from tests.node.web.house import PARTNER, WORKS, Browser, House, make_house

PUBLIC: Final = "zyxpublic"
"""Stands in the summary, which is meant to leave."""
_ID: Final = r"[A-Za-z0-9_-]{22}"
_PDF: Final = b"%PDF-1.7\n% zyxcanaryfile\n%%EOF\n"


@dataclass
class Furnished:
    """The house, who lives in it, and an address for each route of a page."""

    house: House
    planter: Planter
    browsers: dict[str, Browser]
    paths: dict[str, str] = field(default_factory=dict)

    @property
    def people(self) -> dict[str, tuple[Role, ...]]:
        """Who lives here, with their roles."""
        return _PEOPLE

    def note(self, route: str, path: str) -> str:
        """An address of a route, from where a form has led or a link leads."""
        self.paths[route] = path
        return path


def furnish(directory: Path, url: str = "http://aldermoor.example") -> Furnished:
    """A new house, with everything that can be switched on, and everything done once."""
    made = make_house(directory, url)
    mail = MailSettings("127.0.0.1", 1, "off", "", directory / "none", "hanse@aldermoor.example")
    runtime = replace(made.node.runtime, settings=replace(made.node.runtime.settings, mail=mail, replies_intake=True))
    house = replace(made, node=Node(runtime, made.node.clock), app=application(runtime))
    planter = Planter()
    for login, roles in _PEOPLE.items():
        house.account(login, *roles, name=planter.word(f"account {login}"))
    done = Furnished(house, planter, {login: house.browser(login) for login in _PEOPLE})
    _engagement(done)
    _assessment(done)
    _decision(done)
    _draft(done)
    _pool(done)
    _circle(done)
    _outside(done)
    _asking(done)
    return done


_PEOPLE: Final = {
    "tamsin": (Role.OFFICER,),
    "okoro": (Role.OFFICER, Role.APPROVER),
    "pell": (Role.COORDINATOR,),
    "ops": (Role.OPERATOR,),
    "vane": (Role.AUDITOR,),
    "quill": (Role.DATA_PROTECTION,),
}


def _where(answer_location: str, pattern: str) -> str:
    found = re.search(pattern, answer_location)
    assert found, (answer_location, pattern)
    return found[1]


def _engagement(done: Furnished) -> None:
    officer, planter = done.browsers["tamsin"], done.planter
    given = {"partner": PARTNER, "others": "", "amount": "250000", "kind": "project"}
    location = planter.send(officer, "/engagements/new", given).headers["location"]
    path = f"/engagements/{_where(location, f'/engagements/({_ID})')}"
    done.note("/engagements/{engagement}", path)
    done.note("/engagements/{engagement}/edit", f"{path}/edit")
    done.note("/engagements/{engagement}/history", f"{path}/history")
    planter.send(officer, f"{path}/edit", {"partner": PARTNER, "others": ""})


def _assessment(done: Furnished) -> None:
    officer, planter = done.browsers["tamsin"], done.planter
    given = {"partner": PARTNER, "engagement_kind": "project"}
    location = planter.send(officer, "/assessments/new", given).headers["location"]
    path = f"/assessments/{_where(location, f'/assessments/({_ID})')}"
    done.note("/assessments/{assessment}", path)
    for rest in ("edit", "history", "ties"):
        done.note(f"/assessments/{{assessment}}/{rest}", f"{path}/{rest}")
    done.note("/assessments/{assessment}/answers/new", f"{path}/answers/new?question=q11")
    observed = {"indicator": "fund-source-opaque", "evidence_kinds": "corporate-filing", "strength": "2"}
    planter.send(officer, f"{path}/answers/new?question=q11", observed, file=("zyxcanaryfile.pdf", _PDF))
    planter.send(officer, f"{path}/answers/new?question=q02", {"indicator": "nothing-found"})
    page = officer.get(path)
    done.note("/assessments/{assessment}/questions/{question}", f"{path}/questions/q03")
    answer = _where(page, f'href="{path}/answers/({_ID})"')
    done.note("/assessments/{assessment}/answers/{answer}", f"{path}/answers/{answer}")
    done.note("/evidence/{file}", _where(page, f'href="(/evidence/{_ID})"'))


def _decision(done: Furnished) -> None:
    officer, planter = done.browsers["tamsin"], done.planter
    case = done.paths["/engagements/{engagement}"].rpartition("/")[2]
    path = done.note("/decisions/{kind}/{case}", f"/decisions/engagement/{case}")
    for rest in ("history", "new", "measures/new", "questions/new", "reviews/new"):
        done.note(f"/decisions/{{kind}}/{{case}}/{rest}", f"{path}/{rest}")
    planter.send(officer, f"{path}/questions/new")
    planter.send(officer, f"{path}/new", {"outcome": "proceed-with-mitigations"})
    planter.send(officer, f"{path}/measures/new")
    planter.send(officer, f"{path}/reviews/new")
    page = officer.get(path)
    for kind, name in (("measures", "measure"), ("questions", "question")):
        one = _where(page, f'href="{path}/{kind}/({_ID})"')
        done.note(f"/decisions/{{kind}}/{{case}}/{kind}/{{{name}}}", f"{path}/{kind}/{one}")
    record = done.note("/decisions/{kind}/{case}/records/{number}", f"{path}/records/1")
    done.note("/decisions/{kind}/{case}/records/{number}.pdf", f"{record}.pdf")


def _draft(done: Furnished) -> None:
    officer, second, planter = done.browsers["tamsin"], done.browsers["okoro"], done.planter
    case = done.paths["/assessments/{assessment}"]
    answer = done.paths["/assessments/{assessment}/answers/{answer}"].rpartition("/")[2]
    new = f"/drafts/new?assessment={case.rpartition('/')[2]}&answer={answer}"
    done.note("/drafts/new", new)
    given = {"summary": f"{PUBLIC} Two of four funders could not be traced.", "contact": ""}
    draft = done.note("/drafts/{draft}", _path(planter.send(officer, new, given).headers["location"]))
    done.note("/drafts/{draft}/edit", f"{draft}/edit")
    planter.send(officer, draft, action=f"{draft}/submit")
    planter.send(second, draft, action=f"{draft}/send-back")
    planter.send(officer, f"{draft}/edit", given)
    planter.send(officer, draft, action=f"{draft}/submit")
    planter.send(second, draft, action=f"{draft}/approve")


def _pool(done: Furnished) -> None:
    officer, planter, house = done.browsers["tamsin"], done.planter, done.house
    catch_up(house.node.runtime.database, house.node.runtime.vocabulary, house.node.clock.now())
    for rest in ("", "/links", "/ties", "/paths", "/briefing", "/briefing.pdf"):
        done.note(f"/subjects/{{subject}}{rest}", f"/subjects/{PARTNER}{rest}")
    done.note("/drafts/tie/{subject}", f"/drafts/tie/{PARTNER}")
    page = officer.get(f"/subjects/{PARTNER}")
    done.note("/signals/{circle}/{subject}/{indicator}/{scope}", _where(page, r'href="(/signals/[^"]+)"'))
    statement = done.note("/statements/{contributor}/{statement}", _where(page, r'href="(/statements/[^"]+)"'))
    done.note("/drafts/respond/{contributor}/{statement}", statement.replace("/statements/", "/drafts/respond/"))
    own = _where(officer.get("/shared"), rf'href="/drafts/correct/([^"]+/{_ID})"')
    for what in ("correct", "retract"):
        done.note(f"/drafts/{what}/{{circle}}/{{statement}}", f"/drafts/{what}/{own}")
    done.note("/recall/{circle}/{statement}", f"/recall/{own}")
    done.note("/recall/{circle}/{statement}/receipts", f"/recall/{own}/receipts")
    planter.send(officer, f"/subjects/{PARTNER}", {"relatives": "yes"}, action="/watch")
    address = f"{planter.word('address')}@aldermoor.example"
    planter.send(officer, "/watch", {"address": address}, action="/watch/delivery")
    planter.send(officer, f"/subjects/{PARTNER}/links", {"partner": WORKS})
    signal = done.paths["/signals/{circle}/{subject}/{indicator}/{scope}"]
    planter.send(officer, signal, action="/settle")
    ties = done.paths["/assessments/{assessment}/ties"]
    planter.send(officer, ties, {"partner": WORKS})
    done.note("/findings/file.{form}", "/findings/file.csv?audience=institution")
    planter.send(officer, "/findings?text=zyxcanaryquestion", {"name": "kept"}, action="/findings/save")


def _circle(done: Furnished) -> None:
    operator, coordinator, planter, house = done.browsers["ops"], done.browsers["pell"], done.planter, done.house
    circle, other = f"/circles/{house.circle}", house.others[0]
    for rest in ("", "/briefing", "/briefing.pdf", "/card", "/dashboard", "/endorse", "/trust"):
        done.note(f"/circles/{{circle}}{rest}", circle + rest)
    member = done.note("/circles/{circle}/members/{contributor}", f"{circle}/members/{other.own(house.circle)}")
    planter.send(operator, member, action=f"{member}/trust")
    key = other.runtime.keyring.identity_public().key_id
    done.note("/peers/{key}", f"/peers/{key}")
    with house.node.runtime.database.read() as tx:
        account = find_account(tx, house.node.runtime.vault, "vane")
    assert account is not None
    done.note("/accounts/{account}", f"/accounts/{account.id}")
    _, link = house.setup_link("newcomer", Role.ANALYST)
    done.note("/setup/{token}", link)
    release = _path(planter.send(coordinator, "/releases/new", {"named": PARTNER}).headers["location"])
    for rest in ("", "/release.json", "/table.csv"):
        done.note(f"/releases/{{release}}{rest}", release + rest)


def _outside(done: Furnished) -> None:
    """What comes in from others: a table, and a letter of an organisation."""
    officer, planter = done.browsers["tamsin"], done.planter
    one, two, three = (planter.word("cell") for _ in range(3))
    table = f"Partner,Title,Note\n{PARTNER},{one},{two}\nNobody,{three},\n"
    location = planter.send(officer, "/registers/import", file=("register.csv", table.encode())).headers["location"]
    done.note("/registers/import/{wanted}", _path(location))
    register = _where(officer.get("/registers"), r'href="(/registers/[a-z-]+)"')
    done.note("/registers/{register}", register)
    done.note("/registers/{register}/file.{form}", f"{register}/file.csv")
    letter = {"mailbox": f"{planter.word('mailbox')}@works.example", "identifier": WORKS}
    guest = done.house.browser()
    page = guest.get("/reply")
    data = planter.values(next(form for form in forms_of(page) if form.action == "/reply"), letter)
    assert guest.client.post("/reply", data=data).status_code < 400
    found = _where(officer.get("/replies"), rf'href="(/replies/letter/{_ID})"')
    done.note("/replies/letter/{intake}", found)
    done.note("/replies/new/{circle}/{subject}", f"/replies/new/{done.house.circle}/{WORKS}")


def _asking(done: Furnished) -> None:
    """What is asked of other members, by letters that one member alone receives."""
    officer, planter = done.browsers["tamsin"], done.planter
    statement = done.paths["/statements/{contributor}/{statement}"]
    ask = done.note("/requests/ask/{contributor}/{statement}", statement.replace("/statements/", "/requests/ask/"))
    location = planter.send(officer, ask, {"fields": "narrative"}).headers["location"]
    done.note("/requests/{request}", _path(location))
    own = done.paths["/drafts/correct/{circle}/{statement}"].removeprefix("/drafts/correct/")
    for route in ("/names/{circle}/{statement}", "/recall/{circle}/{statement}"):
        done.note(route, route.partition("{")[0] + own)
    done.note("/recall/{circle}/{statement}/receipts", f"/recall/{own}/receipts")
    page = officer.get("/account/tokens")
    form = next(form for form in forms_of(page) if form.action == "/account/tokens")
    shown = officer.client.post("/account/tokens", data=planter.values(form, {"permissions": "pool:read"}))
    assert shown.status_code == 200


def _path(location: str) -> str:
    return location.partition("?")[0].partition("#")[0]
