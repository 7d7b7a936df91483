"""Registers on pages, their files, and a table brought in from the first page to the last."""

import io
from collections.abc import Iterator

import pytest
from openpyxl import load_workbook

from node.domain.accounts import Role
from tests.node.web.house import PARTNER_NAME, Browser, House, make_house, text_of

TABLE = f"""Agreement,Partner,Type,Start,End,Amount,Currency,Reference
Tide tables,{PARTNER_NAME},Joint project,2026-01-01,2026-02-01,1250.50,EUR,A-1
Wave rider,Nobody of that name,Contract or commissioned work,2026-03-05,,,,A-2
Backwards,{PARTNER_NAME},Joint project,2026-03-05,2026-03-01,,,A-3
""".encode()


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house with somebody of each role."""
    house = make_house(tmp_path_factory.mktemp("registers"))
    for role in Role:
        house.account(role.value, role)
    yield house
    for node in (house.node, *house.others):
        node.runtime.database.close()


def upload(browser: Browser, data: bytes, name: str = "register.csv") -> str:
    """Post the file, and the path that the answer leads to."""
    page = browser.get("/registers/import")
    token = page.split('name="csrf" value="')[1].split('"')[0]
    answer = browser.client.post("/registers/import", data={"csrf": token}, files={"file": (name, data, "text/csv")})
    assert answer.status_code == 303, text_of(answer.text)[:800]
    return str(answer.headers["location"])


def test_a_table_comes_in_step_by_step_and_stands_in_the_register(town: House) -> None:
    browser = town.browser("officer")
    path = upload(browser, TABLE)
    page = browser.get(path)
    assert "three rows" in text_of(page).lower()
    chosen = {
        f"column-{place}": field
        for place, field in enumerate(("title", "partner", "kind", "begins", "ends", "amount", "currency", "reference"))
    }
    answer = browser.submit(
        path, {**chosen, "status": "running", "days": "day-first", "decimals": "point"}, action=f"{path}/columns"
    )
    said = text_of(browser.follow(answer))
    assert "Tried, and nothing stored: 1 of three rows can come in" in said
    assert "it ends before it begins" in said.lower()
    assert "Wave rider" in said
    assert "Nothing stands here yet" in text_of(browser.get("/registers"))
    done = text_of(browser.follow(browser.submit(path, {}, action=f"{path}/store")))
    assert "Done: one engagement entered" in done
    register = text_of(browser.get("/registers?words=tide"))
    assert "Tide tables" in register
    assert "1 250.50 EUR" in register
    assert "due" in register
    assert "No engagement fits" in text_of(browser.get("/registers?words=nothing+like+it"))
    book = load_workbook(io.BytesIO(browser.client.get("/registers/agreements/file.xlsx").content))
    assert next(cell.value for cell in next(book.worksheets[0].iter_rows(min_row=2))) == "Tide tables"
    table = browser.client.get("/registers/agreements/file.csv")
    assert table.headers["content-disposition"].startswith("attachment; filename=")
    assert b"Tide tables" in table.content
    assert "A-1" in browser.client.get("/registers/agreements/file.csv").text


def test_what_is_wrong_with_the_file_or_the_choice_is_said_on_the_page(town: House) -> None:
    browser = town.browser("officer")
    page = browser.get("/registers/import")
    token = page.split('name="csrf" value="')[1].split('"')[0]
    for data, words in ((b"", "not empty"), (b"a\n", "no rows below"), ("ä".encode("latin-1"), "Latin-1")):
        answer = browser.client.post("/registers/import", data={"csrf": token}, files={"file": ("x.csv", data)})
        assert answer.status_code == 422
        assert words in text_of(answer.text)
    path = upload(browser, b"one,two\n1,2\n")
    answer = browser.submit(path, {"kind": "gift"}, action=f"{path}/columns")
    assert answer.status_code == 422
    assert "choose the column of the title" in text_of(answer.text)
    assert browser.submit(path, {"column-0": "seven"}, action=f"{path}/columns").status_code == 422
    assert browser.follow(browser.submit(path, {}, action=f"{path}/forget"))
    browser.get(path, status=404)


def test_a_table_is_seen_by_its_bringer_alone_and_a_filter_without_sense_is_refused(town: House) -> None:
    path = upload(town.browser("officer"), TABLE)
    town.account("second", Role.OFFICER)
    town.browser("second").get(path, status=404)
    town.browser("analyst").get("/registers", status=403)
    town.browser("approver").get("/registers/import", status=403)
    page = town.browser("approver").get("/registers/gifts?due=2026-13-01", status=422)
    assert "Choose it again" in text_of(page)
