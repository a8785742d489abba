"""What operators read about people: who came, who went, who was not let in; never what anybody says.

Knows nothing about when that happens, or how it is written down.
"""

from __future__ import annotations

import logging

from tcp_core.messages import Door
from tcp_core.session import Session

_logger = logging.getLogger("parley.people")


def joined(session: Session) -> None:
    """Note that somebody has entered."""
    _logger.info("joined", extra={"nick": session.nick, "door": session.door, "address": session.address})


def moved(session: Session, address: str) -> None:
    """Note that somebody comes back from another address."""
    fields = {"nick": session.nick, "door": session.door, "address": address}
    _logger.info("came back from another address", extra=fields)


def left(reason: str, *sessions: Session) -> None:
    """Note that these are gone."""
    for session in sessions:
        fields = {"nick": session.nick, "door": session.door, "address": session.address, "reason": reason}
        _logger.info("left", extra=fields)


def refused(door: Door, address: str, reason: str) -> None:
    """Note that a connection is ended from our side, because of a refusal or something like it."""
    _logger.info("refused", extra={"reason": reason, "door": door, "address": address})
