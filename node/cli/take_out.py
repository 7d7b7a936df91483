"""``hanse take-out``: everything that this node holds, in the clear, in one archive that other programs can read."""

import hashlib
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Annotated, Final

import msgspec
import typer

from node.accounts.access_log import record_access
from node.casework import evidence
from node.cli.open import DEFAULT_DATA, OUT, DataOption, node, progress
from node.clock import day_of
from node.errors import Code, HanseError
from node.runtime import Runtime
from node.storage import everything
from node.storage.evidence import EvidenceFiles

_ABOUT: Final = """Everything that a node of the Hanse holds, in the clear. Keep it as you keep the casework itself.

tables/NAME.ndjson   one row of a table on each line, as JSON; what was sealed is opened
evidence/ID          the files of evidence; tables/evidence.ndjson says what each is called and what kind it is
manifest.json        the number of rows and SHA-256 of each file

Left out, because it is of use nowhere else:
{secrets}

Left out, because it can be computed again:
{derived}
"""


def take_out(
    target: Annotated[Path, typer.Argument(help="The archive to write (.zip). It must not be there yet.")],
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Write everything that this node holds into one archive: casework, evidence, statements, accounts.

    Nothing in it is encrypted: the archive is made readable for its owner alone, and what happens to it is yours.
    """
    with node(data) as runtime:
        with runtime.database.write() as tx:
            record_access(tx, runtime.vault, None, "everything-taken-out", "", runtime.clock.now())
        rows = _write(runtime, target)
    OUT.print(f"{rows:,} rows are in {target}. Nothing in it is encrypted.", markup=False, soft_wrap=True)


def _write(runtime: Runtime, target: Path) -> int:
    manifest: dict[str, dict[str, str | int]] = {}
    try:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise HanseError(
            Code.BAD_FILE, f"{target} cannot be written: {error.strerror}.", remedy="Name a file that is not there yet."
        ) from error
    with os.fdopen(descriptor, "wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        with runtime.database.read() as tx:  # one moment for all tables
            archive.writestr("README.txt", _about())
            for name in everything.names():
                lines = (msgspec.json.encode(row) for row in everything.rows(tx, runtime.vault, name))
                _add(archive, manifest, f"tables/{name}.ndjson", (line + b"\n" for line in lines))
                progress(sum(int(each["rows"]) for each in manifest.values()), what="rows")
            files = EvidenceFiles(runtime.settings.evidence, runtime.vault)
            for one in evidence.all_files(tx, runtime.vault):
                _add(archive, manifest, f"evidence/{one.id}", evidence.content_of(files, one))
        made = {"day": day_of(runtime.clock.now()).isoformat(), "node": runtime.settings.base_url, "files": manifest}
        archive.writestr("manifest.json", msgspec.json.format(msgspec.json.encode(made)))
    return sum(int(each["rows"]) for name, each in manifest.items() if name.startswith("tables/"))


def _add(
    archive: zipfile.ZipFile, manifest: dict[str, dict[str, str | int]], name: str, pieces: Iterator[bytes]
) -> None:
    digest, count = hashlib.sha256(), 0
    target: IO[bytes]
    with archive.open(name, "w", force_zip64=True) as target:
        for piece in pieces:
            target.write(piece)
            digest.update(piece)
            count += 1
    manifest[name] = {"rows": count, "sha256": digest.hexdigest()}


def _about() -> str:
    def listed(entries: dict[str, str]) -> str:
        return "\n".join(f"  {name}: {why}" for name, why in sorted(entries.items()))

    return _ABOUT.format(secrets=listed(dict(everything.SECRETS)), derived=listed(dict(everything.DERIVED)))
