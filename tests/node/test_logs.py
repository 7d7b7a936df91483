"""What a node writes to its log, and what it never does."""

import logging
import subprocess
import sys

from tests.support import ROOT

_PROGRAM = """
import logging
from node import logs
logs.configure()
try:
    raise ValueError("Ada Quillfeather typed this")
except ValueError:
    logging.getLogger("uvicorn.error").exception("Exception in ASGI application")
logging.getLogger("uvicorn.access").info("GET /partners?q=Quillfeather")
logs.logger("node").info("pulled", entries=3)
"""


def test_no_text_of_an_exception_and_no_address_line_is_logged() -> None:
    done = subprocess.run([sys.executable, "-c", _PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603
    assert "Quillfeather" not in done.stdout + done.stderr
    assert "ValueError (its text is not logged)" in done.stderr
    assert '"event": "pulled"' in done.stderr
    assert logging.getLevelName(logging.INFO).lower() in done.stderr
