"""A small typed client for the analysts' API of a Hanse node. ``docs/client.md`` of the project says how to use it."""

from hanse_client.client import Client, Export, Feed, Filters, Live
from hanse_client.errors import (
    ForbiddenError,
    HanseClientError,
    InvalidError,
    NodeFailedError,
    NodeUnreachableError,
    NotFoundError,
    NotSignedInError,
    RefusedError,
    TooManyRequestsError,
    UnexpectedAnswerError,
)
from hanse_client.tables import rows, to_pandas, to_polars
from hanse_client.transport import Patience

__all__ = [
    "Client",
    "Export",
    "Feed",
    "Filters",
    "ForbiddenError",
    "HanseClientError",
    "InvalidError",
    "Live",
    "NodeFailedError",
    "NodeUnreachableError",
    "NotFoundError",
    "NotSignedInError",
    "Patience",
    "RefusedError",
    "TooManyRequestsError",
    "UnexpectedAnswerError",
    "rows",
    "to_pandas",
    "to_polars",
]
