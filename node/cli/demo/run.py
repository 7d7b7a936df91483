"""The demo, from beginning to end."""

import importlib.resources
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer

from node.cli.demo import tell, ties
from node.cli.demo.casework import Desk, share_fictional, share_public_cases
from node.cli.demo.cast import DATA, PLAYERS, fictional_rows
from node.cli.demo.processes import serving, wait_until_replicated
from node.cli.demo.setup import Stage, build_stage
from node.cli.open import OUT
from node.domain.insight import FindingView
from node.errors import Code, HanseError
from node.insight.query import MAX_PAGE, findings
from protocol.errors import Fault
from protocol.identifiers import SubjectId

DEFAULT_FOLDER: Final = Path("demo-data")
_PAUSE: Final = 3_600


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """The last line of ``hanse demo --exit``."""

    nodes: int
    organisations: int
    statements_published: int
    entries_replicated_and_verified: int
    signals: int
    seconds: float


def demo(
    leave: Annotated[bool, typer.Option("--exit", help="Stop when everything was shown, with counts as JSON.")] = False,  # noqa: FBT002
    registry: Annotated[
        Path | None, typer.Option(help="A registry file to load; by default about 300 organisations.", exists=True)
    ] = None,
    cases: Annotated[
        Path | None,
        typer.Option(help="A file of documented public cases instead of the one that comes along.", exists=True),
    ] = None,
    data: Annotated[Path, typer.Option(help="The folder of the three nodes; made anew each time.")] = DEFAULT_FOLDER,
) -> None:
    """Run three universities with invented names: assess, publish, sync, and see what each knows now."""
    began = time.monotonic()
    # Whoever ends the demo in another way than by Ctrl-C ends the three servers with it all the same.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with importlib.resources.as_file(DATA / "organisations_excerpt.jsonl.gz") as excerpt:
        OUT.print("[bold]Three universities[/bold] make keys, found a circle and load the registry")
        stage = build_stage(data, registry or excerpt)
    OUT.print(f"  {', '.join(player.name for player in PLAYERS)}; {stage.organisations:,} organisations")
    published = _share_everything(stage, cases.read_bytes() if cases else (DATA / "public_cases.csv").read_bytes())
    published += ties.share_ties(stage)
    subjects = _subjects(stage)
    before = [tell.read(desk, subjects) for desk in stage.desks]
    with serving(stage.desks):
        OUT.print("\n[bold]Sync[/bold]: three processes pull from each other over signed requests")
        replicated = wait_until_replicated(stage.desks)
        after = [tell.read(desk, subjects) for desk in stage.desks]
        if any(known.bits() != after[0].bits() for known in after):
            raise HanseError(Code.CORRUPTED, "the nodes computed different signals.", fault=Fault.OURS)
        OUT.print(f"  {replicated} entries replicated and verified; the same {after[0].count} signals at every node")
        OUT.print("\n[bold]What each knew alone, and what it knows now[/bold]")
        tell.tell_difference(stage, before, after)
        tell.tell_proxy_case(stage, before, after)
        ties.tell_path(stage)
        counts = Counts(
            nodes=len(stage.desks),
            organisations=stage.organisations,
            statements_published=published,
            entries_replicated_and_verified=replicated,
            signals=after[0].count,
            seconds=round(time.monotonic() - began, 1),
        )
        if not leave:
            _keep_serving(stage)
    OUT.print(msgspec.json.encode(counts).decode(), markup=False, soft_wrap=True)


def _share_everything(stage: Stage, cases: bytes) -> int:
    OUT.print("\n[bold]Casework[/bold]: assessments are recorded, findings drafted, approved by a second person")
    rows = fictional_rows()
    published = 0
    public = []
    for place, desk in enumerate(stage.desks):
        shared = share_fictional(desk, rows, stage.identify)
        tell.tell_sharing(desk, "invented assessments", shared)
        reported = share_public_cases(desk, cases, _portion(place, len(stage.desks)), stage.identify)
        tell.tell_sharing(desk, "public cases", reported)
        public.append(reported)
        published += shared.published + reported.published
    tell.tell_refusals(public)
    return published


def _portion(place: int, parts: int) -> Callable[[str], bool]:
    """Which public cases one of the nodes takes: every third."""
    return lambda case_id: int("".join(filter(str.isdigit, case_id)) or 0) % parts == place


def _subjects(stage: Stage) -> list[SubjectId]:
    """Every subject about which any node has published."""
    return sorted({subject for desk in stage.desks for subject in _stated(desk)})


def _stated(desk: Desk) -> Iterator[SubjectId]:
    with desk.runtime.database.read() as tx:
        cursor, more = "", True
        while more:
            page = findings(tx, cursor, MAX_PAGE, now=desk.runtime.clock.now())
            yield from (item.subject for item in page.items if isinstance(item, FindingView))
            cursor, more = page.next, page.more


def _keep_serving(stage: Stage) -> None:
    tell.tell_addresses(stage)
    OUT.print("\nThe three nodes keep serving and syncing. Ctrl-C ends the demo.")
    try:
        while True:
            time.sleep(_PAUSE)
    except KeyboardInterrupt:
        OUT.print("\nStopped.")
