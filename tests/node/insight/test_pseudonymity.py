"""In a pseudonymous circle nobody without the roster ties a finding to an institution, whatever they read.

One house is walked link by link as an analyst and as a coordinator, and every answer for machines is read. Then the
same institutions speak in a second circle and under a second key: what is given of the one holds no identifier of the
other.
"""

import base64
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import msgspec
import pytest
from starlette.testclient import TestClient

from node.api.taxii.messages import VERSION
from node.app import application
from node.domain.accounts import Role
from node.insight.stix.definitions import definitions
from node.insight.stix.identifiers import collection_uuid
from node.sync import sync_once
from protocol.identifiers import CircleId, KeyId, SubjectId, VocabularyCode
from protocol.pseudonyms import pseudonym
from protocol.statements import DAY_SECONDS, FindingBody, Subject
from tests.federation.members import rotate
from tests.federation.support import InMemory, circle_of, publish
from tests.node import statements as make
from tests.node.api.support import token_of
from tests.node.subjects.registry import subject
from tests.node.web.house import Browser, House, make_house, text_of

READERS: Final = (Role.ANALYST, Role.COORDINATOR)
_LINK: Final = re.compile(r'href="(/[^"#]*)')
_MAX_PAGES: Final = 400
_LEAST_PAGES: Final = 25
"""Fewer would mean that the walk was stopped at some door."""
_TOKEN: Final = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[A-Za-z0-9_-]{22,}|[0-9A-Z]{4}-[0-9A-Z]{4}\b"
)
"""Whatever is long enough to name one thing: UUIDs, identifiers, keys, digests, signatures, pseudonyms."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who reads the pool without the roster, by pages and by programs."""

    role: Role
    browser: Browser
    client: TestClient
    token: str

    def pages(self) -> Iterator[tuple[str, str]]:
        """Every page that links lead to."""
        waiting, seen = ["/"], {"/"}
        while waiting:
            path = waiting.pop()
            answer = self.browser.client.get(path)
            if answer.status_code != 200:
                continue
            yield path, answer.text
            for link in _LINK.findall(answer.text):
                address = link.replace("&amp;", "&")
                if address not in seen and len(seen) < _MAX_PAGES and not address.startswith("/static"):
                    seen.add(address)
                    waiting.append(address)

    def ask(self, path: str) -> str:
        """An answer for machines."""
        basic = base64.b64encode(f"x:{self.token}".encode()).decode()
        way = f"Basic {basic}" if path.startswith("/misp") else f"Bearer {self.token}"
        accept = {"Accept": VERSION} if path.startswith("/taxii2") else {}
        answer = self.client.get(path, headers={"Authorization": way, **accept})
        assert answer.status_code == 200, (path, answer.text)
        return answer.text


def answers(reader: Reader, circle: CircleId, about: SubjectId) -> dict[str, str]:
    """All that programs are given of one circle."""
    objects = f"/taxii2/hanse/collections/{collection_uuid(circle)}"
    paths = [
        f"/api/v1/findings?circle={circle}&limit=500",
        f"/api/v1/signals?circle={circle}",
        f"/api/v1/exports/findings.csv?circle={circle}",
        f"/api/v1/exports/findings.ndjson?circle={circle}",
        f"{objects}/manifest/",
        f"{objects}/objects/",
        f"/misp/{circle}/manifest.json",
        f"/misp/{circle}/hashes.csv",
    ]
    found = {path: reader.ask(path) for path in paths}
    for item in msgspec.json.decode(found[paths[0]])["items"]:
        of = item["provenance"]
        path = f"/api/v1/statements/{of['contributor']}/{of['id']}"
        found[path] = reader.ask(path)
    for event in msgspec.json.decode(found[f"/misp/{circle}/manifest.json"]):
        found[event] = reader.ask(f"/misp/{circle}/{event}.json")
    for line in msgspec.json.decode(found[paths[1]])["items"]:
        claim = f"{line['circle']}/{line['subject']}/{line['indicator']['id']}/{line['scope']}"
        found[claim] = reader.ask(f"/api/v1/signals/{claim}")
    found["relations"] = reader.ask(f"/api/v1/subjects/{about}/relations")
    return found


def _finding(about: int, indicator: str) -> FindingBody:
    body = make.finding_body(subject(about), VocabularyCode(indicator), summary="Statutes and owners match.")
    return msgspec.structs.replace(body, subject=Subject(id=subject(about), label="Verania School of Mines"))


@dataclass(frozen=True, slots=True)
class Street:
    """A house in two circles with the same neighbours, one of whom goes on under a later key in the first."""

    house: House
    second: CircleId
    earlier: KeyId
    """The key that was replaced."""
    rosters: tuple[str, str]
    """The roster of the first circle as a coordinator reads it, before and after the change of keys."""
    readers: tuple[Reader, ...]

    @property
    def names(self) -> list[str]:
        """What would tell who the other members are."""
        return [word for node in self.house.others for word in (node.name, urlsplit(node.url).netloc)]

    def handles(self) -> set[str]:
        """Keys and pseudonyms of the other members in the first circle."""
        keys = [*(node.own(self.house.circle) for node in self.house.others), self.earlier]
        return {str(name) for key in keys for name in (key, pseudonym(self.house.circle, key))}


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    house = make_house(tmp_path_factory.mktemp("street"))
    for role in READERS:
        house.account(role.value, role)
    network = InMemory([house.node, *house.others])
    second = circle_of([house.node, *house.others], name="Harbour Circle")
    for node in house.others:
        publish(node, second, make.finding(second, _finding(3, "gov-transparent-governance")))
    sync_once(house.node.runtime, transport=network)
    before = _roster(house)
    earlier = house.others[1].own(house.circle)
    rotate(house.others[1], house.circle)
    publish(house.others[1], house.circle, make.finding(house.circle, _finding(4, "fund-source-opaque")))
    sync_once(house.node.runtime, transport=network)
    with TestClient(application(house.node.runtime), base_url=house.node.url) as client:
        readers = tuple(
            Reader(role, house.browser(role.value), client, token_of(house.node.runtime, f"{role.value}-program", role))
            for role in READERS
        )
        yield Street(house, second, earlier, (before, _roster(house)), readers)
    for node in (house.node, *house.others):
        node.runtime.database.close()


def _roster(house: House) -> str:
    return text_of(house.browser(Role.COORDINATOR.value).get(f"/circles/{house.circle}"))


def test_no_page_shows_a_member_by_name_and_by_pseudonym(street: Street) -> None:
    handles = street.handles()
    for reader in street.readers:
        read, named, pseudonymous = 0, 0, 0
        for path, page in reader.pages():
            names = [name for name in street.names if name in page]
            found = [handle for handle in handles if handle in page]
            assert not (names and found), (reader.role, path, names, found)
            read, named, pseudonymous = read + 1, named + bool(names), pseudonymous + bool(found)
        assert read >= _LEAST_PAGES
        assert pseudonymous
        assert bool(named) is (reader.role is Role.COORDINATOR)


def test_no_answer_for_machines_names_a_member(street: Street) -> None:
    for reader in street.readers:
        for circle, about in ((street.house.circle, subject(1)), (street.second, subject(3))):
            for path, text in answers(reader, circle, about).items():
                assert not [name for name in street.names if name in text], (reader.role, path)


def test_two_circles_of_the_same_members_share_no_identifier(street: Street) -> None:
    """But for what is the same for everybody: the definitions of STIX, and words."""
    reader = street.readers[0]
    one = _tokens(_events_without_digests(answers(reader, street.house.circle, subject(1))))
    other = _tokens(_events_without_digests(answers(reader, street.second, subject(3))))
    circles = msgspec.json.decode(reader.ask("/api/v1/circles"))["items"]
    mine, theirs = (_tokens([str(each)]) for each in sorted(circles, key=lambda each: str(each["name"])))
    shared = _tokens([str(definitions())]) | _VOCABULARY
    assert len(one) > 50
    assert len(other) > 10
    assert {each for each in one & other if each not in shared and not _is_word(each)} == set()
    assert mine & theirs == set()


def _events_without_digests(found: Mapping[str, str]) -> list[str]:
    """Without the digests of what stands in MISP events anyway: equal words have equal ones."""
    return [text for path, text in found.items() if not path.endswith("hashes.csv")]


_VOCABULARY: Final = frozenset({"gov-transparent-governance", "institution-and-partners"})


def _is_word(token: str) -> bool:
    """Words of vocabularies and of formats are long, too; what names one thing has a capital or a digit in it."""
    return re.fullmatch(r"[a-z_-]+|[A-Za-z]+(?:[A-Z][a-z]+)+", token) is not None


def _tokens(texts: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for text in texts:
        for token in _TOKEN.findall(text):
            found.add(token)
        for payload in re.findall(r"eyJ[\w-]+\.([\w-]+)\.[\w-]+", text):
            found.update(_TOKEN.findall(base64.urlsafe_b64decode(payload + "==").decode()))
    return found


def test_two_keys_of_one_member_share_no_identifier(street: Street) -> None:
    reader, circle = street.readers[0], street.house.circle
    later = street.house.others[1].own(circle)
    assert later != street.earlier
    one, other = (
        _tokens(
            reader.ask(f"/api/v1/findings?circle={circle}&contributor={key}&subject={about}")
            for about in (subject(1), subject(4))
        )
        for key in (street.earlier, later)
    )
    assert str(street.earlier) in one
    assert str(later) in other
    assert {each for each in one & other if not _is_word(each)} <= {str(circle), *_VOCABULARY}


def test_a_change_of_keys_is_not_said_beside_a_name(street: Street) -> None:
    before, after = street.rosters
    assert before == after
    assert "Northport Institute of Technology" in after
    assert "ndorsed" not in after.replace("endorses", "").replace("endorse ", "")


def test_the_hour_of_reception_is_nowhere(street: Street) -> None:
    reader = street.readers[0]
    for circle, about in ((street.house.circle, subject(1)), (street.second, subject(3))):
        found = answers(reader, circle, about)
        items = msgspec.json.decode(found[f"/api/v1/findings?circle={circle}&limit=500"])["items"]
        assert all(re.fullmatch(r"\d{4}-\d\d-\d\d", item["provenance"]["received"]) for item in items)
        for event in msgspec.json.decode(found[f"/misp/{circle}/manifest.json"]).values():
            assert int(event["timestamp"]) % DAY_SECONDS < len(items)


def test_the_walk_would_find_a_name(street: Street) -> None:
    """The test of the test: an officer of the same node does read names and pseudonyms on one page."""
    street.house.account(f"officer-{uuid.uuid4().hex[:8]}", Role.OFFICER)
    login = f"second-{uuid.uuid4().hex[:8]}"
    street.house.account(login, Role.OFFICER)
    page = street.house.browser(login).get(f"/circles/{street.house.circle}")
    assert [name for name in street.names if name in page]
    assert [handle for handle in street.handles() if handle in page]
