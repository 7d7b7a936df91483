"""``python -m tests.browser.pictures FOLDER [PART]``: a picture of every page, light and dark, wide and on a telephone.

Prints what axe finds on each. ``PART`` of an address leaves out the other pages. The folder should be outside the
repository: pictures are for looking at, and nobody keeps them.
"""

import re
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from playwright.sync_api import ViewportSize, sync_playwright

from tests.browser.conftest import ARGUMENTS, NAMES, Town
from tests.browser.test_every_page import HERE, look, pages_of
from tests.federation.support import free_port, serving
from tests.interop.npm import install
from tests.node.web.furnished import furnish

SIZES: Final[dict[str, ViewportSize]] = {
    "wide": {"width": 1280, "height": 900},
    "telephone": {"width": 390, "height": 844},
}


def take(folder: Path, part: str) -> None:
    """All of them."""
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as directory:
        kept = Path(directory)
        axe = (install(HERE / "axe", kept) / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        done = furnish(kept / "house", url)
        chromium = next(found for found in map(shutil.which, NAMES) if found)
        with serving(done.house.app, port), sync_playwright() as playwright:
            town = Town(done.house, url, playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS)))
            for login, paths in pages_of(done).items():
                for path in (each for each in paths if part in each and "{" not in each):
                    _page(town, login, path, folder, axe)
            town.browser.close()


def _page(town: Town, login: str, path: str, folder: Path, axe: str) -> None:
    for name, size in SIZES.items():
        visitor = town.visitor(viewport=size)
        if login:
            visitor.arrive(login)
        visitor.open(path)
        for scheme in ("light", "dark"):
            visitor.page.emulate_media(color_scheme="light" if scheme == "light" else "dark")
            short = re.sub(r"[A-Za-z0-9_-]{20,}", "x", path.strip("/")).replace("/", "-").partition("?")[0] or "home"
            visitor.page.screenshot(path=folder / f"{short}-{scheme}-{name}.png", full_page=True)
        found = look(visitor.page, axe)
        sys.stdout.write("".join(f"{name} {path}: {each}\n" for each in found))
        visitor.page.context.close()


if __name__ == "__main__":
    take(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "")
