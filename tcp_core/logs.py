"""Logs as fields, one record a line on standard error, whatever people made of their nicks.

The modules log by `logging`, with fields in `extra`; structlog writes them, in a thread of its own: who logs waits
for nobody. A client's address is in the field `address` and nowhere else, so that it can be left out. Knows
nothing about what is logged.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from logging.handlers import QueueHandler, QueueListener
from queue import Full, Queue
from typing import Literal, get_args

import structlog
from structlog.typing import EventDict, Processor

from tcp_core.restraint import Restraint

LogFormat = Literal["text", "json"]
LOG_FORMATS: tuple[LogFormat, ...] = get_args(LogFormat)
MOST_UNWRITTEN = 10_000
"""Records; while so many wait for a standard error that nobody reads, further ones are lost."""
FINISH_SECONDS = 1.0
_FIRST = ("time", "level", "logger", "event")


class _Handler(QueueHandler):
    """Hands records over as they are: nobody changes them."""

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        return record

    def enqueue(self, record: logging.LogRecord) -> None:
        with suppress(Full):
            self.queue.put_nowait(record)


class _Listener(QueueListener):
    """Writes what it is handed, up to the end."""

    def enqueue_sentinel(self) -> None:
        assert isinstance(self.queue, Queue)
        self.queue.put(None)  # where the library's own would fail if the queue is full


def configure(format: LogFormat, addresses: bool) -> Callable[[], None]:
    """Write what `logging` is given to standard error from now on; JSON in ASCII, so nothing in it can attack.

    :param addresses: whether clients' addresses are written.
    :return: what writes the rest, at the end of the program.
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
    queue: Queue[logging.LogRecord | None] = Queue(MOST_UNWRITTEN)
    listener = _Listener(queue, handler)
    listener.start()
    restrained = _Handler(queue)
    restrained.addFilter(Restraint())
    logging.basicConfig(level=logging.INFO, handlers=[restrained], force=True)
    logging.captureWarnings(capture=True)
    threading.excepthook = _log_failed_thread
    return lambda: _finish(listener)


def _finish(listener: QueueListener) -> None:
    rest = threading.Thread(target=listener.stop, name="last records", daemon=True)
    rest.start()
    rest.join(FINISH_SECONDS)  # and no longer, if nobody reads


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
