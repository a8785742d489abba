"""What can be counted about the room: kept by the hub's thread in plain numbers, looked at by others.

Knows nothing about who looks, or in which format.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from tcp_core.chat import Chat
from tcp_core.delivery import Delivery
from tcp_core.event_log import EventLog
from tcp_core.ledger import Ledger
from tcp_core.messages import Door
from tcp_core.tally import Histogram

SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Bounds of the histograms of time."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """The connections of a moment."""

    by_door: Counter[Door]
    blocked: int
    """Those of which the socket takes no more."""


class Figures:
    """The hub's view of itself.

    What `handed_over`, `round_begins` and `round_ends` are given are seconds of one monotonic clock.
    """

    def __init__(self, log: EventLog, chat: Chat, delivery: Delivery, ledger: Ledger) -> None:
        self._log = log
        self._chat = chat
        self._delivery = delivery
        self._ledger = ledger
        self.latency = Histogram(SECONDS)
        """From handing input over to the end of the round that applied it: of the oldest input of each round."""
        self.rounds = Histogram(SECONDS)
        """How long rounds took, without waiting for input."""
        self._oldest: float | None = None
        self._began = 0.0

    # -------------------------------------------------------- by the hub's thread

    def round_begins(self, now: float) -> None:
        """Note that the hub has stopped waiting."""
        self._began = now

    def handed_over(self, at: float) -> None:
        """Note when the input that is being applied was handed over; the oldest comes first."""
        if self._oldest is None:
            self._oldest = at

    def round_ends(self, now: float) -> None:
        """Note that everything that there was is done."""
        self.rounds.observe(now - self._began)
        if self._oldest is not None:
            self.latency.observe(now - self._oldest)
            self._oldest = None

    # ------------------------------------------------------------ by any thread

    def crowd(self) -> Crowd:
        """Return who is connected now."""
        peers = self._delivery.peers.copy()
        return Crowd(Counter(peer.door for peer in peers), sum(peer.blocked for peer in peers))

    @property
    def sessions(self) -> int:
        """How many take part, browsers that may come back included."""
        return len(self._chat)

    @property
    def last_seq(self) -> int:
        """The newest event's."""
        return self._log.last

    @property
    def log_bytes(self) -> int:
        """The size of the log's files."""
        files = (self._log.path, self._log.path.with_name(f"{self._log.path.name}-wal"))
        return sum(path.stat().st_size for path in files if path.exists())

    @property
    def commits(self) -> Histogram:
        """How many events were committed together."""
        return self._ledger.commits

    def events(self) -> dict[str, int]:
        """Return how many events were stored since the start, by type."""
        return {type.__name__.lower(): count for type, count in self._ledger.events.copy().items()}

    def refusals(self) -> Counter[str]:
        """Return how often somebody was refused something, by code."""
        return self._ledger.refusals.copy()

    def deliveries(self) -> dict[Door, int]:
        """Return how many events were handed to a reader's socket, summed over the readers."""
        told = self._delivery.told
        return {"terminal": told[self._ledger.text], "web": told[self._ledger.json]}
