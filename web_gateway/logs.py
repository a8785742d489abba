"""Logs as fields, one record a line on standard error, as text or as JSON. Knows nothing about what is logged.

Whatever is in a field, it can't end its line or reach a terminal: both forms escape what is not printable.
"""

from __future__ import annotations

import logging
import sys

import structlog
from structlog.typing import EventDict, Processor

_FIRST = ("time", "level", "logger", "event")


def configure(form: str, addresses: bool) -> None:
    """Set up structlog, and route what libraries log by `logging` through it.

    :param form: `text` or `json`.
    :param addresses: whether the field `address` is logged.
    """
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        structlog.processors.format_exc_info,
        _in_order if addresses else _without_addresses,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    render: Processor = structlog.processors.JSONRenderer() if form == "json" else _as_text
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render]
        )
    )
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    # It warns of each subprotocol that it does not know, with an address and a stranger's words.
    logging.getLogger("aiohttp.websocket").setLevel(logging.ERROR)


def _in_order(_: object, __: str, event: EventDict) -> EventDict:
    return {**{key: event.pop(key) for key in _FIRST}, **event}


def _without_addresses(logger: object, method: str, event: EventDict) -> EventDict:
    event.pop("address", None)
    return _in_order(logger, method, event)


def _as_text(_: object, __: str, event: EventDict) -> str:
    time, level, logger, what = (event.pop(key) for key in _FIRST)
    fields = "".join(f" {key}={value!r}" for key, value in event.items())
    return f"{time} {level} {logger}: {repr(str(what))[1:-1]}{fields}"
