"""One participant of the room, from joining to leaving.

Knows nothing about connections: a session can outlive several, and the hub says which one it has now.
"""

from __future__ import annotations

from dataclasses import dataclass

from tcp_core.limits import Rate
from tcp_core.messages import Door


@dataclass(slots=True, eq=False)
class Session:
    """A participant."""

    nick: str
    door: Door
    address: str
    """The client's own address, for a browser the one behind the gateway; of the connection that it has or had last."""
    since: int
    """When it joined, Unix ms."""
    token: str = ""
    """128 random bits that let a browser come back to this session; empty at the text door."""
    operator: bool = False
    spoke_at: int = 0
    """When it last said something, Unix ms; 0 for not yet."""
    joined_from: str = ""
    """The address when it joined."""
    rate: Rate | None = None
    """How fast it may type; with another connection it goes on where it was."""

    def __post_init__(self) -> None:
        self.joined_from = self.joined_from or self.address
