"""The invented node whose documents stand in ``docs/legal``; ``python -m tests.node.cli.legal_example`` writes them."""

from datetime import date
from typing import Final

from node.cli.legal.documents import Document, document
from node.cli.legal.facts import CircleFacts, Facts, MemberFacts
from tests.support import ROOT

FOLDER: Final = ROOT / "docs" / "legal"
EXAMPLE: Final = Facts(
    institution="University of Aldermoor",
    base_url="https://hanse.aldermoor.example",
    made=date(2026, 9, 4),
    contact="privacy-office@aldermoor.example",
    staff=7,
    roles=(
        ("Records assessments and drafts findings", 3),
        ("Reads casework and approves what leaves; never their own drafts", 2),
        ("Keeps the node running, manages accounts, peers and circles; sees no casework", 2),
    ),
    circles=(
        CircleFacts(
            name="Estuary Circle",
            id="AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            purpose="Due diligence on organisations that offer cooperation to more than one of us.",
            legal_basis="Article 6(1)(e) of the GDPR, with the founding agreement.",
            retention_days=1_826,
            threshold=3,
            attribution="pseudonymous",
            token_operators=("Northport Institute of Technology", "University of Aldermoor"),
            others=(
                MemberFacts("Northport Institute of Technology", "https://hanse.northport.example", ""),
                MemberFacts(
                    "Université du Val d'Esk",
                    "https://hanse.valdesk.example",
                    "an adequacy decision (Article 45), file 2026/17",
                ),
            ),
            founded_by=("Northport Institute of Technology", "University of Aldermoor", "Université du Val d'Esk"),
        ),
    ),
    casework_months=120,
    due=2,
    alert_days=183,
    finding_months=(12, 120),
    access_log_entries=48_211,
    access_log_intact=True,
    sign_in="the institution's OpenID Connect provider",
    session_hours=10,
    secure=True,
    database="PostgreSQL",
    outside=("The mail server mail.aldermoor.example: e-mail addresses of staff who want notices.",),
    replies_intake=True,
    token_evaluations_per_day=20,
)


def page(which: Document) -> str:
    """The example as it stands in the documents."""
    return (
        "<!-- What `hanse privacy` prints for an invented node; made by tests/node/cli/legal_example.py. -->\n\n"
        f"{document(which, EXAMPLE)}"
    )


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for each in Document:
        (FOLDER / f"{each.value}.md").write_text(page(each), "utf-8")
