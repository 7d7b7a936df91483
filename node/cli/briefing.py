"""``hanse briefing``: one page about a circle or a partner, with figures that can be computed again."""

from pathlib import Path
from typing import Annotated

import typer

from node.cli.open import DEFAULT_DATA, OUT, DataOption, argument, node, progress
from node.cli.operate import catch_up
from node.domain.briefing import Briefing
from node.errors import Code, HanseError
from node.insight.briefing import circle_briefing, figures_bytes, parse_as_of, parse_month, subject_briefing
from node.insight.handling import Audience
from node.insight.pdf import pdf
from node.insight.sheet import Sheet, sheet
from node.runtime import Runtime
from protocol.identifiers import parse_circle_id, parse_subject_id


def briefing(
    about: Annotated[str, typer.Argument(help="A circle, or a subject such as ror:05a28rw58.")],
    month: Annotated[str, typer.Option(help="Of a circle: the month that is counted, as 2026-09.")] = "",
    as_of: Annotated[str, typer.Option(help="The state that an earlier briefing names, as 1234.2026-09-30.")] = "",
    partners: Annotated[bool, typer.Option("--partners", help="Only what partners may have.")] = False,  # noqa: FBT002
    pdf_file: Annotated[Path | None, typer.Option("--pdf", help="Write it as a PDF to this file.")] = None,
    figures: Annotated[bool, typer.Option("--figures", help="Print the figures' bytes alone.")] = False,  # noqa: FBT002
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Print a briefing; with the state and the policy that one names, its figures come out the same, byte for byte."""
    with node(data) as runtime:
        if not as_of:
            catch_up(runtime)
        made = _made(runtime, about, month, as_of, "partners" if partners else "institution")
        words = sheet(made, runtime.vocabulary)
        if pdf_file is not None:
            pdf_file.write_bytes(pdf(words, made.as_of.day))
            OUT.print(f"written to {pdf_file}; figures {made.digest}", markup=False, soft_wrap=True)
        elif figures:
            OUT.print(figures_bytes(made.figures).decode(), markup=False, soft_wrap=True)
        else:
            _show(words)


def _made(runtime: Runtime, about: str, month: str, as_of: str, audience: Audience) -> Briefing:
    at = parse_as_of(as_of) if as_of else None
    vocabulary, now = runtime.vocabulary, runtime.clock.now()
    with runtime.database.read() as tx:
        if ":" not in about:
            return circle_briefing(
                tx,
                vocabulary,
                argument(parse_circle_id, about),
                now,
                month=parse_month(month) if month else None,
                as_of=at,
                audience=audience,
                told=lambda done, total: progress(done, what="claims", total=total),
            )
        if month:
            raise HanseError(Code.INVALID, "a briefing on a subject has no month.", remedy="Leave --month out.")
        return subject_briefing(tx, vocabulary, argument(parse_subject_id, about), now, as_of=at, audience=audience)


def _show(words: Sheet) -> None:
    """The whole sheet as plain lines."""
    lines = [words.mark, "", f"{words.kind}: {words.title}", words.subtitle, ""]
    lines += [f"{label}: {text}" for label, text in words.facts]
    for block in words.blocks:
        lines += ["", block.heading]
        lines += [f"  {row.name or row.identifier} {row.identifier} {row.text}" for row in block.rows] or [
            f"  {block.empty}"
        ]
        lines += [f"  {block.more}"] if block.more else []
    if words.table:
        lines += ["", *(" · ".join(row) for row in words.table)]
    lines += ["", *words.limits, "", *(f"{label}: {text}" for label, text in words.origin)]
    for line in lines:
        OUT.print(line, markup=False, soft_wrap=True)
