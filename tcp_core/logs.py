"""Logs as fields, one record a line on standard error; whatever people made of their nicks.

The modules log by `logging`, with fields in `extra`; structlog writes them. The client's address is in the field
`address` and nowhere else, so that it can be left out. Knows nothing about what is logged.
"""

from __future__ import annotations

import logging
import threading
from typing import Literal, get_args

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

LogFormat = Literal["text", "json"]
LOG_FORMATS: tuple[LogFormat, ...] = get_args(LogFormat)
_FIRST = ("time", "level", "logger", "event")


def configure(format: LogFormat, addresses: bool) -> None:
    """Write what `logging` is given to standard error from now on.

    :param format: `text` is logfmt, `json` an object a line.
    :param addresses: whether clients' addresses are written.
    """
    renderer: list[Processor] = [_printable, structlog.processors.LogfmtRenderer()]
    if format == "json":
        renderer = [structlog.processors.JSONRenderer()]  # in ASCII, so there is nothing left that could attack
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.ExtraAdder(),
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            structlog.processors.format_exc_info,
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _with_addresses if addresses else _without_addresses,
            *renderer,
        ],
    )
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    threading.excepthook = _log_failed_thread


def _with_addresses(_: WrappedLogger, __: str, fields: EventDict) -> EventDict:
    return {key: fields[key] for key in (*_FIRST, *(key for key in fields if key not in _FIRST))}


def _without_addresses(logger: WrappedLogger, name: str, fields: EventDict) -> EventDict:
    fields.pop("address", None)
    return _with_addresses(logger, name, fields)


def _printable(_: WrappedLogger, __: str, fields: EventDict) -> EventDict:
    """Escape what is not printable: ends of lines, controls, changes of direction, lone surrogates."""
    return {key: value if isinstance(value, int | float) else _escaped(str(value)) for key, value in fields.items()}


def _escaped(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _log_failed_thread(failed: threading.ExceptHookArgs) -> None:
    what = (failed.exc_type, failed.exc_value or failed.exc_type(), failed.exc_traceback)
    logging.getLogger("parley").critical("a thread has failed", exc_info=what)
