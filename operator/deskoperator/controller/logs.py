"""Logs: one JSON object per line on standard error, ours and the libraries' alike."""

import logging
import sys

import structlog


def configure(level: int = logging.INFO) -> None:
    """Sets up structlog and the standard library's logging for the process."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.EventRenamer("message"),
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # The command itself says in one line that there is no way to a cluster.
    logging.getLogger("kubernetes.aio.config.kube_config").setLevel(logging.ERROR)
    # kopf says "Handler succeeded" for every event.
    logging.getLogger("kopf.objects").setLevel(logging.WARNING)
