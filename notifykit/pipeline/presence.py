"""Being known to the other machines of a store."""

from __future__ import annotations

import logging
import socket
from typing import Self

from notifykit.errors import StoreError
from notifykit.outbox.places import KeepsPlaces
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.values import Machine
from notifykit.plugins.find import own_version

log = logging.getLogger(__name__)


class Presence:
    """For a block, this process is one of the store's machines. On a store that keeps none, it does nothing."""

    def __init__(self, outbox: Outbox, name: str, place: str, does: str) -> None:
        """`name`: as of a worker; `does`: the command, for people."""
        self._outbox = outbox
        self._machine = Machine(
            name=name,
            host=socket.gethostname(),
            place=place,
            version=own_version(),
            does=does,
            since=0.0,
            seen_at=0.0,
            ahead=0.0,
        )

    def __enter__(self) -> Self:
        self.show()
        return self

    def show(self) -> None:
        """Give a sign of life. What the store says against it is no reason to end."""
        if isinstance(self._outbox, KeepsPlaces):
            try:
                self._outbox.be_seen(self._machine)
            except StoreError as error:
                log.info("this process is not listed: %s", error)

    def __exit__(self, *_: object) -> None:
        if isinstance(self._outbox, KeepsPlaces):
            try:
                self._outbox.leave(self._machine.name)
            except StoreError as error:
                log.info("this process stays listed for a while: %s", error)
