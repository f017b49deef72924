"""Sessions that wait for the next message, while a run keeps them."""

from __future__ import annotations

import smtplib
import threading
import time

from notifykit_smtp.session import end

IDLE = 60.0
"""Seconds after which a session is not trusted any more: servers close those that say nothing for long."""


class Pool:
    """Idle sessions, each used by one thread at a time. Keeps none before `open` and after `close`."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._idle: list[tuple[smtplib.SMTP, float]] = []
        self._open = False

    def open(self) -> None:
        """Keep sessions from now on."""
        with self._turn:
            self._open = True

    def take(self) -> smtplib.SMTP | None:
        """Return a session that was used just before; None where there is none."""
        while True:
            with self._turn:
                if not self._idle:
                    return None
                smtp, since = self._idle.pop()
            if time.monotonic() - since < IDLE:
                return smtp
            smtp.close()

    def give_back(self, smtp: smtplib.SMTP) -> None:
        """Keep a session for the next message, or end it."""
        with self._turn:
            if keep := self._open and smtp.sock is not None:
                self._idle.append((smtp, time.monotonic()))
        if not keep:
            end(smtp)

    def close(self) -> None:
        """End all of them."""
        with self._turn:
            self._open = False
            ending, self._idle = self._idle, []
        for smtp, _ in ending:
            end(smtp)
