"""Logs as fields, one record a line on standard error, whatever people made of their nicks.

The modules log by `logging`, with fields in `extra`; structlog writes them. A client's address is in the field
`address` and nowhere else, so that it can be left out. Knows nothing about what is logged.
"""

from __future__ import annotations

import logging
import threading
from typing import Literal, get_args

import structlog
from structlog.typing import EventDict, Processor

from tcp_core.restraint import Restraint

LogFormat = Literal["text", "json"]
LOG_FORMATS: tuple[LogFormat, ...] = get_args(LogFormat)
_FIRST = ("time", "level", "logger", "event")


def configure(format: LogFormat, addresses: bool) -> None:
    """Write what `logging` is given to standard error from now on; JSON in ASCII, so nothing in it can attack.

    :param addresses: whether clients' addresses are written.
    """
    render: Processor = structlog.processors.JSONRenderer() if format == "json" else _as_text
    before: list[Processor] = [
        structlog.stdlib.ExtraAdder(),
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        structlog.processors.format_exc_info,
        _in_order if addresses else _without_addresses,
    ]
    after = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, render]
    handler = logging.StreamHandler()
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=before, processors=after))
    handler.addFilter(Restraint())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    threading.excepthook = _log_failed_thread


def _in_order(_: object, __: str, fields: EventDict) -> EventDict:
    return {**{key: fields.pop(key) for key in _FIRST}, **fields}


def _without_addresses(logger: object, name: str, fields: EventDict) -> EventDict:
    fields.pop("address", None)
    return _in_order(logger, name, fields)


def _as_text(_: object, __: str, fields: EventDict) -> str:
    time, level, logger, event = (fields.pop(key) for key in _FIRST)
    rest = "".join(f" {key}={value!r}" for key, value in fields.items())  # repr escapes what is not printable
    return f"{time} {level} {logger}: {repr(str(event))[1:-1]}{rest}"


def _log_failed_thread(failed: threading.ExceptHookArgs) -> None:
    what = (failed.exc_type, failed.exc_value or failed.exc_type(), failed.exc_traceback)
    logging.getLogger("parley").critical("a thread has failed", exc_info=what)
