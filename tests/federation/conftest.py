"""Fixtures for tests of several nodes, on each database."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.federation.support import Node, make_node

MakeNode = Callable[..., Node]


@contextmanager
def making_nodes(directory: Path, server_url: str = "") -> Iterator[MakeNode]:
    """Makes nodes by name, each with an empty database of its own: a file, or a schema of this PostgreSQL server.

    They are closed, and schemas dropped, when the block ends.
    """
    made: list[Node] = []
    schemas: list[str] = []

    def make(name: str, *, url: str = "") -> Node:
        database_url = ""
        if server_url:
            schemas.append(f"test_{os.urandom(6).hex()}")
            _admin(sa.make_url(server_url), f"CREATE SCHEMA {schemas[-1]}")
            options = {"options": f"-csearch_path={schemas[-1]} -csynchronous_commit=off"}
            own = sa.make_url(server_url).update_query_dict(options)
            database_url = own.render_as_string(hide_password=False)
        made.append(make_node(directory, name, url=url, database_url=database_url))
        return made[-1]

    try:
        yield make
    finally:
        for node in made:
            node.runtime.database.close()
        for schema in schemas:
            _admin(sa.make_url(server_url), f"DROP SCHEMA {schema} CASCADE")


@pytest.fixture(params=["sqlite", "postgresql"])
def node_of(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakeNode]:
    """Makes nodes by name, each with an empty database of its own (on PostgreSQL a schema, which is quicker)."""
    server_url = request.getfixturevalue("postgresql_url") if request.param == "postgresql" else ""
    with making_nodes(tmp_path, server_url) as make:
        yield make


def _admin(server_url: sa.URL, command: str) -> None:
    engine = sa.create_engine(server_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(command))
    engine.dispose()
