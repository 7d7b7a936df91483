"""Builds one node from its settings: the parts, and the application that serves them."""

import importlib.resources
from contextlib import ExitStack
from typing import Final

from fastapi import FastAPI

from node import web
from node.accounts.openid import Provider
from node.api import federation, misp, monitoring, problems, reference, taxii, v1, well_known
from node.circles import anchors
from node.clock import Clock, SystemClock
from node.domain.settings import Settings
from node.ledger.keyring import Keyring
from node.runtime import Runtime
from node.storage.database import Database
from node.storage.migrations import require_current
from node.storage.vault import Vault
from node.subjects.matching import Names
from node.sync.fetch import Fetcher
from node.sync.limits import Limits
from protocol.vocabulary import Vocabulary

VOCABULARY: Final = "vocabularies/v1.json"


def build(settings: Settings, *, clock: Clock | None = None, check_version: bool = True) -> Runtime:
    """Open the parts of a node; refuses a database of another version and keys that others can read."""
    anchors.read(settings)  # a file that cannot be used is said at the start, not to somebody who asks who we are
    vault = Vault.from_file(settings.data_key)
    vocabulary = Vocabulary.parse(importlib.resources.files("schemas").joinpath(VOCABULARY).read_bytes())
    database = Database(settings.database_url)
    with ExitStack() as undo:
        undo.callback(database.close)
        if check_version:
            require_current(database)
        undo.pop_all()
    return Runtime(
        settings=settings,
        database=database,
        clock=clock or SystemClock(),
        vault=vault,
        keyring=Keyring(settings.keys),
        vocabulary=vocabulary,
        names=Names(database, settings.data),
        openid=_provider(settings),
    )


def _provider(settings: Settings) -> Provider | None:
    if settings.openid is None:
        return None
    return Provider(settings.openid, settings.base_url, lambda: Fetcher(settings))


def application(runtime: Runtime) -> FastAPI:
    """Everything that a node serves. No interactive documentation: it would load scripts from elsewhere."""
    app = FastAPI(
        title="Hanse node",
        version="1",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    limits = Limits()
    app.include_router(federation.build(runtime, limits))
    app.include_router(well_known.build(runtime, limits))
    app.include_router(v1.build(runtime))
    app.include_router(taxii.build(runtime))
    app.include_router(misp.build(runtime))
    # Errors of pages are pages; those of the API stay problem documents.
    problems.install(app, taxii.renderer(web.install(app, runtime)))
    reference.install(app)
    monitoring.install(app, runtime)
    return app
