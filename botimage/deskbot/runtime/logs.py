"""Logs: one JSON object a line on stderr, without secrets.

Values are redacted by the name of their field and, where they wander into messages, by the values themselves: whoever
reads a secret says so here.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Protocol, TextIO, cast

import structlog

REDACTED = "[redacted]"
_SECRET_FIELDS = ("secret", "token", "password", "api_key", "apikey", "authorization", "signature")
# No venue's secret is shorter; redacting such a value would tear words apart.
_SHORTEST_SECRET = 6
_secrets: set[str] = set()


class Stream(Protocol):
    """Where lines go."""

    def write(self, text: str, /) -> int: ...

    def flush(self) -> None: ...


def keep_secret(*values: str) -> None:
    """Never let these values into a log line."""
    _secrets.update(value for value in values if len(value) >= _SHORTEST_SECRET)


def configure(stream: Stream | None = None, level: int = logging.INFO) -> None:
    """Send structlog's and the standard library's logs to one stream of JSON lines."""
    chain: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[Any] = [structlog.processors.format_exc_info, redact, structlog.processors.JSONRenderer(default=str)]
    structlog.configure(
        processors=[*chain, *last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", stream or sys.stderr)),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *chain],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(level, logging.WARNING))


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor that takes secrets out of an event."""
    for name, value in event.items():
        if any(word in name.lower() for word in _SECRET_FIELDS):
            event[name] = REDACTED
        elif isinstance(value, str):
            event[name] = _clean(value)
    return event


def _clean(text: str) -> str:
    for secret in _secrets:
        text = text.replace(secret, REDACTED)
    return text
