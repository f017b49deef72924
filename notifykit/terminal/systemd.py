"""Telling systemd how a service stands, where it asks for that (`Type=notify`, `WatchdogSec=`): `man sd_notify`."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Mapping

log = logging.getLogger(__name__)

_LOCAL = getattr(socket, "AF_UNIX", -1)  # where there is none there is no systemd


class Notifier:
    """Sends to the socket that systemd names; says nothing where it names none."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        name = environment.get("NOTIFY_SOCKET", "")
        self._address = f"\0{name[1:]}" if name.startswith("@") else name
        watched = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        self._patience = int(environment.get("WATCHDOG_USEC", "0")) / 1_000_000 if watched else 0.0
        self._next_sign = 0.0

    @property
    def every(self) -> float | None:
        """Seconds after which systemd wants a sign of life, with a margin; None where it wants none."""
        return self._patience / 3 if self._address and self._patience else None

    def ready(self, status: str) -> None:
        """Say that it is at work. `status`: what `systemctl status` shows."""
        self._send("READY=1", f"STATUS={status}")

    def reloading(self) -> None:
        """Say that the configuration is read anew; `ready` ends that."""
        self._send("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """Say that it ends."""
        self._send("STOPPING=1")

    def alive(self) -> None:
        """Give a sign of life, if one is due."""
        if (every := self.every) is not None and time.monotonic() >= self._next_sign:
            self._next_sign = time.monotonic() + every
            self._send("WATCHDOG=1")

    def _send(self, *lines: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(_LOCAL, socket.SOCK_DGRAM) as sender:
                sender.connect(self._address)
                sender.sendall("\n".join(lines).encode())
        except OSError as error:
            log.warning("systemd cannot be told %s: %s", lines[0], error)
