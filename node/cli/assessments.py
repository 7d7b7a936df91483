"""``hanse assessments``: private casework from files."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import structlog
import typer

from node.casework.evidence import tidy
from node.casework.import_file import import_rows
from node.casework.public_cases import import_public_cases
from node.cli.accounts import require_account
from node.cli.identify import identify
from node.cli.open import DEFAULT_DATA, EXIT_OPERATOR, OUT, DataOption, node
from node.domain.accounts import Permission
from node.domain.casework import ImportReport
from node.runtime import Runtime
from node.storage.evidence import EvidenceFiles

app = typer.Typer(help="Private assessments.", no_args_is_help=True)


class Format(StrEnum):
    """Which columns a file has."""

    ASSESSMENTS = "assessments"
    PUBLIC_CASES = "public-cases"


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="CSV, JSON or NDJSON; docs/import.md has the columns.", exists=True)],
    login: Annotated[str, typer.Option("--as", help="The officer who owns the assessments.")],
    form: Annotated[Format, typer.Option("--format", help="Which columns the file has.")] = Format.ASSESSMENTS,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Import assessments; every row that is refused is named with the reason, and the others are kept."""
    with node(data) as runtime, runtime.database.write() as tx:
        account = require_account(tx, runtime.vault, login, Permission.ASSESSMENTS_WRITE).id
        read = import_rows if form is Format.ASSESSMENTS else import_public_cases
        report = read(
            tx,
            runtime.vault,
            runtime.vocabulary,
            account,
            file.read_bytes(),
            lambda text: identify(tx, text),
            runtime.clock.now(),
        )
    show(report)
    if report.refused:
        raise typer.Exit(EXIT_OPERATOR)


def show(report: ImportReport) -> None:
    """Print what became of every row."""
    OUT.print(
        f"{report.rows} rows: {len(report.created)} imported, {len(report.unchanged)} known already,"
        f" {len(report.refused)} refused."
    )
    for refusal in report.refused:
        column = f" {refusal.column}:" if refusal.column else ""
        OUT.print(f"  row {refusal.row}:{column} {refusal.reason}", markup=False)


def tidy_evidence(runtime: Runtime) -> None:
    """Remove evidence files that nothing refers to. A disk that refuses is logged: the worker goes on."""
    files = EvidenceFiles(runtime.settings.evidence, runtime.vault)
    try:
        removed = tidy(runtime.database, files, runtime.clock.now())
    except OSError as error:
        structlog.get_logger().warning("evidence-not-tidied", error=error.strerror)
        return
    if removed:
        structlog.get_logger().info("evidence-removed", files=removed)
