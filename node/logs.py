"""Structured logs to standard error: one event a line, machine-readable or coloured for a terminal.

Events carry names, codes, counts and pseudonyms. They never carry private casework, payloads, secrets or the
roster's names of contributors. Loggers of libraries pass through the same formatter.
"""

import logging
import sys
from typing import Final

import structlog
from structlog.typing import FilteringBoundLogger, Processor

_SHARED: Final[tuple[Processor, ...]] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)


def configure(*, verbose: bool = False) -> None:
    """Set up logging for this process; called by the command line only."""
    pretty = sys.stderr.isatty()
    renderer: Processor = structlog.dev.ConsoleRenderer() if pretty else structlog.processors.JSONRenderer()
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=list(_SHARED),
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.DEBUG if verbose else logging.INFO)
    # Address lines would put subjects' identifiers into a log kept by default; the others say little.
    for noisy in ("uvicorn.access", "httpx2", "httpcore2", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    logging.getLogger("uvicorn.error").addFilter(_WithoutException())
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG if verbose else logging.INFO),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


class _WithoutException(logging.Filter):
    """Leaves the type of an exception and drops its text: that may quote what somebody typed."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep the record; the incident's line, written by the API, says where it happened."""
        if record.exc_info and record.exc_info[0] is not None:
            record.msg, record.args = f"{record.exc_info[0].__name__} (its text is not logged)", ()
            record.exc_info = record.exc_text = None
        return True


def logger(name: str) -> FilteringBoundLogger:
    """A logger for one module; works before :func:`configure` too."""
    bound: FilteringBoundLogger = structlog.get_logger(name)
    return bound
