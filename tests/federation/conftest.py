"""Fixtures for tests of several nodes, on each database."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.federation.support import Node, make_node

MakeNode = Callable[..., Node]


@pytest.fixture(params=["sqlite", "postgresql"])
def node_of(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakeNode]:
    """Makes nodes by name, each with an empty database of its own (on PostgreSQL a schema, which is quicker)."""
    made: list[Node] = []
    schemas: list[str] = []

    def make(name: str, *, url: str = "") -> Node:
        database_url = ""
        if request.param == "postgresql":
            schemas.append(f"test_{os.urandom(6).hex()}")
            server_url = sa.make_url(request.getfixturevalue("postgresql_url"))
            _admin(server_url, f"CREATE SCHEMA {schemas[-1]}")
            own = server_url.update_query_dict({"options": f"-csearch_path={schemas[-1]} -csynchronous_commit=off"})
            database_url = own.render_as_string(hide_password=False)
        made.append(make_node(tmp_path, name, url=url, database_url=database_url))
        return made[-1]

    yield make
    for node in made:
        node.runtime.database.close()
    for schema in schemas:
        _admin(sa.make_url(request.getfixturevalue("postgresql_url")), f"DROP SCHEMA {schema} CASCADE")


def _admin(server_url: sa.URL, command: str) -> None:
    engine = sa.create_engine(server_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(command))
    engine.dispose()
