"""The table of limits in ``docs/settings.md``, made from the constants and their docstrings.

``python -m tests.architecture.limits_table --write`` puts it into the document; without the option it is printed.
"""

import ast
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.support import ROOT

DOCUMENT: Final = ROOT / "docs" / "settings.md"
MODULES: Final = (
    ("What the protocol allows", "protocol.limits"),
    ("What the protocol allows", "protocol.messages.stream"),
    ("What the protocol allows", "protocol.messages.entity"),
    ("What the protocol allows", "protocol.messages.peering"),
    ("What the protocol allows", "protocol.messages.letter"),
    ("What the protocol allows", "protocol.messages.requests"),
    ("What the protocol allows", "protocol.messages.soundings"),
    ("What the protocol allows", "protocol.messages.evaluation"),
    ("What the protocol allows", "protocol.person_inputs"),
    ("The server's connections", "node.api.connections"),
    ("The server's connections", "node.api.body_limit"),
    ("What a peer may ask", "node.sync.limits"),
    ("What a peer may ask", "node.sync.take"),
    ("What a peer may ask", "node.sync.serve"),
    ("What a peer may ask", "node.sync.letters"),
    ("What a peer may ask", "node.publishing.request_rules"),
    ("What a peer may ask", "node.publishing.soundings"),
    ("What a peer may ask", "node.publishing.sounding_count"),
    ("What a peer may ask", "node.storage.forks"),
    ("What a program may ask", "node.accounts.rate"),
    ("What a program may ask", "node.accounts.tokens"),
    ("What a program may ask", "node.insight.query"),
    ("What a program may ask", "node.insight.asking"),
    ("What a program may ask", "node.insight.search"),
    ("What a program may ask", "node.insight.saved"),
    ("What a program may ask", "node.api.v1.stream"),
    ("What this node asks", "node.domain.person_tokens"),
    ("What this node asks", "node.publishing.person_tokens"),
    ("What this node asks", "node.sync.choose"),
    ("What this node asks", "node.sync.worker"),
    ("What this node asks", "node.sync.pull"),
    ("What this node asks", "node.sync.push"),
    ("What this node asks", "node.sync.tell"),
    ("What this node asks", "node.sync.post"),
    ("What this node asks", "node.publishing.letters"),
    ("What this node asks", "node.sync.restore"),
    ("What this node asks", "node.sync.forks"),
    ("What this node asks", "node.sync.fetch"),
    ("What a case may hold", "node.domain.casework"),
    ("What a case may hold", "node.domain.engagements"),
    ("What a case may hold", "node.domain.evidence"),
    ("What a case may hold", "node.casework.file_kinds"),
)
_BEGIN: Final = "<!-- limits -->\n"
_END: Final = "<!-- end of limits -->\n"


def table() -> str:
    """A heading and a table for each group of modules."""
    groups: dict[str, list[str]] = {}
    for title, module in MODULES:
        groups.setdefault(title, []).extend(_rows(module))
    return "\n".join(
        f"### {title}\n\n| limit | value | what it bounds | where |\n| --- | ---: | --- | --- |\n{''.join(rows)}"
        for title, rows in groups.items()
    )


def written() -> str:
    """The table as it stands in the document."""
    return DOCUMENT.read_text("utf-8").partition(_BEGIN)[2].partition(_END)[0]


def _rows(name: str) -> Iterator[str]:
    module = importlib.import_module(name)
    body = ast.parse(Path(str(module.__file__)).read_text("utf-8")).body
    for statement, following in zip(body, [*body[1:], None], strict=True):
        if not isinstance(statement, ast.AnnAssign) or not isinstance(statement.target, ast.Name):
            continue
        constant = statement.target.id
        value = getattr(module, constant, None)
        if constant.startswith("_") or not constant.isupper() or not isinstance(value, int | float):
            continue
        words = ""
        if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
            words = " ".join(str(following.value.value).replace("``", "`").split())
        yield f"| {constant} | {value:,} | {words} | `{name}` |\n"


def main(arguments: list[str]) -> None:
    """Print, or write."""
    if "--write" in arguments:
        head, _, rest = DOCUMENT.read_text("utf-8").partition(_BEGIN)
        DOCUMENT.write_text(head + _BEGIN + table() + _END + rest.partition(_END)[2], "utf-8")
    else:
        sys.stdout.write(table())


if __name__ == "__main__":
    main(sys.argv[1:])
