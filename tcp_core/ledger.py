"""What the next commit decides, and everything that is told to one person. Runs in the hub's thread.

Events are pending until they are committed together; replies that come in between keep their place among them. Knows
nothing about who may do what.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

from msgspec import UNSET

from tcp_core.audience import TERMINAL_PACE, WEB_PACE
from tcp_core.delivery import Delivery
from tcp_core.event_log import EventLog, NotStoredError
from tcp_core.json_codec import JsonCodec, encode_event
from tcp_core.messages import Cleared, Command, Event, Joined, Left, Refused, Renamed, Reply, Said
from tcp_core.peer import Peer
from tcp_core.rendering import Rendering
from tcp_core.session import Session
from tcp_core.tally import Histogram
from tcp_core.text_codec import TextCodec
from tcp_core.wording import Lang

COMMIT_EVENTS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
"""Bounds of the histogram of how many events are committed together."""
_logger = logging.getLogger("parley.ledger")


class Pending(NamedTuple):
    """What `command`, sent by `peer` for `session`, is to cause: an event without seq, or a reply.

    `peer` is None where nobody sent anything: somebody is gone.
    """

    peer: Peer | None
    session: Session
    what: Event | Reply
    command: Command | None


class Ledger:
    """Between deciding and delivering.

    :param now_ms: the time for the log, Unix ms.
    :param take_effect: called with each pending thing that changes who is here, and its event, once it is in the log.
    :param not_stored: called with each pending event that could not be stored.
    """

    def __init__(
        self,
        log: EventLog,
        delivery: Delivery,
        lang: Lang,
        now_ms: Callable[[], int],
        take_effect: Callable[[Pending, Event], None],
        not_stored: Callable[[Pending], None],
    ) -> None:
        self._log = log
        self._delivery = delivery
        self.now_ms = now_ms
        """The time for the log, Unix ms."""
        self._take_effect = take_effect
        self._not_stored = not_stored
        self._pending: list[Pending] = []
        self._pending_ids: set[str] = set()
        self.events: Counter[type[Event]] = Counter()
        self.refusals: Counter[str] = Counter()
        self.commits = Histogram(COMMIT_EVENTS)
        text_codec = TextCodec(lang)
        self.json = Rendering(log, encode_event, JsonCodec(lang).encode_reply)
        self.text = Rendering(log, text_codec.encode_event, text_codec.encode_reply)
        self._renderings = (self.json, self.text)
        for rendering, pace in ((self.json, WEB_PACE), (self.text, TERMINAL_PACE)):
            rendering.warm()
            delivery.add_rendering(rendering, pace)

    def holds_id(self, id: str) -> bool:
        """Whether a message with the client's `id` is pending."""
        return id in self._pending_ids

    def reply(self, peer: Peer, reply: Event | Reply, after: int | None = None) -> None:
        """Tell one peer something, behind seq `after` or behind everything that is committed."""
        if isinstance(reply, Refused):
            self.refusals[reply.code] += 1
        encode: Callable[[Any], bytes] = peer.codec.encode_event if isinstance(reply, Said) else peer.codec.encode_reply
        if after is None:  # before its cursor is placed, a peer gets replies only
            after = 0 if peer.cursor.rendering is None else self._log.last
        self._delivery.reply(peer, after, encode(reply))

    def pend(self, pending: Pending) -> None:
        """Let the next commit decide; at once for what changes who is here, since the next command depends on it."""
        self._pending.append(pending)
        what = pending.what
        if isinstance(what, Said):
            if what.id is not UNSET:
                self._pending_ids.add(what.id)
        elif isinstance(what, Joined | Left | Renamed | Cleared):
            self.settle()

    def settle(self) -> None:
        """Commit what is pending, and take the consequences."""
        if not self._pending:
            return
        pending, self._pending = self._pending, []
        self._pending_ids.clear()
        drafts = [draft for p in pending if (draft := _draft(p.what)) is not None]
        entering = pending[-1].session if isinstance(pending[-1].what, Joined) else None
        events = self.append(drafts, entering)
        if events is None:
            for p in pending:
                if _draft(p.what) is not None:
                    self._not_stored(p)
                elif p.peer is not None:
                    self.reply(p.peer, p.what)
            return
        seq = self._log.last - len(drafts)
        committed = iter(events)
        for p in pending:
            if _draft(p.what) is not None:
                event = next(committed)
                seq = event.seq
                if not isinstance(event, Said):
                    self._take_effect(p, event)
                elif p.peer is not None:
                    self._delivery.hurry(p.peer)  # its acknowledgement
            elif p.peer is not None:
                self.reply(p.peer, p.what, seq)

    def append(self, drafts: list[Event], entering: Session | None = None) -> list[Event] | None:
        """Commit events that have no consequences here; return them, or None if they could not be stored."""
        if not drafts:
            return []
        try:
            events = self._log.append(drafts, self.now_ms(), entering)
        except NotStoredError as error:
            _logger.error("events could not be stored", extra={"events": len(drafts), "problem": str(error)})
            return None
        self.events.update(map(type, events))
        self.commits.observe(len(events))
        changed = any(isinstance(event, Cleared) for event in events)
        for rendering in self._renderings:
            if changed:
                rendering.reload()
            else:
                rendering.extend(events)
        return events


def _draft(what: Event | Reply) -> Event | None:
    """Return `what` if it is an event that the log has not taken yet."""
    return what if isinstance(what, Event) and not what.seq else None
