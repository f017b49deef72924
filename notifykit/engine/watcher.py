"""The watcher: one in each process, for as long as it lives.

A claim is given up where its heartbeat number was seen unchanged for a whole lease, and no drain takes that long.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable
from contextlib import closing

from notifykit.errors import StoreError
from notifykit.outbox.address import OpenedOutbox
from notifykit.pipeline.held_claims import worker_name
from notifykit.pipeline.presence import Presence
from notifykit.pipeline.project import Project
from notifykit.pipeline.record import Recorder
from notifykit.pipeline.recovery import Recovery
from notifykit.pipeline.telling import tell_observers, tell_recovered

log = logging.getLogger(__name__)

_LOOKS = 5.0
"""Seconds between two looks at most."""


class Watcher:
    """Recovers what workers left that are gone, of this process too: its claims are renewed by their dispatchers."""

    def __init__(
        self, project: Project, outbox: OpenedOutbox, *, does: str, on_lost: Callable[[set[str]], None]
    ) -> None:
        """`outbox` is the watcher's own; `does`: what `notifykit machines` says of this process. `on_lost` is told the
        channels whose claims were taken away."""
        self.name = worker_name()
        self._presence = Presence(outbox, self.name, project.configuration.settings.place, does)
        self._project = project
        self._outbox = outbox
        self._on_lost = on_lost
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watcher", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """End the watch."""
        self._stop.set()
        self._thread.join()

    def now(self) -> float:
        """Return the store's clock, in UTC seconds."""
        return self._outbox.now()

    def _watch(self) -> None:
        project, clock = self._project, self._project.clock
        campaigns = {campaign.name: campaign for campaign in project.described}
        rng = random.Random()  # noqa: S311 - jitter
        recorder = Recorder(self._outbox, project.configuration.channels, campaigns, rng)
        recovery = Recovery(self._outbox, self.name, clock, recorder.judge)
        every = min(project.configuration.settings.dispatch.lease / 4, _LOOKS)
        with closing(self._outbox), self._presence:
            while not self._stop.wait(every):
                try:
                    self._presence.show()
                    self._look(recovery)
                except StoreError as error:
                    log.log(logging.INFO if error.passing else logging.ERROR, "nothing can be recovered: %s", error)
                except Exception:
                    log.exception("nothing can be recovered")  # and it goes on: nobody else would begin to watch

    def _look(self, recovery: Recovery) -> None:
        lost = recovery.take_lost()
        for result, then in lost:
            task = result.claim.task
            tell_recovered(task, then)
            tell_observers(self._project.observers, [result], [then])
        if lost:
            self._on_lost({result.claim.task.channel for result, _ in lost})
