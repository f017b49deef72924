"""Drains: what this process sends, one dispatcher a channel."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass

from notifykit.engine.outboxes import Connection, Outboxes
from notifykit.errors import StoreError
from notifykit.pipeline.dispatch import Dispatcher
from notifykit.pipeline.project import Project
from notifykit.pipeline.selection import Selection

log = logging.getLogger(__name__)

LONGEST = 60.0
"""Seconds after which a drain makes room for other channels."""
_AGAIN = 0.5
"""Seconds between two tries to reach a store that is away for a moment."""


@dataclass(frozen=True, slots=True)
class Drained:
    """What came of a drain."""

    more: bool = False
    """Whether the channel is to be drained again now."""
    owing: tuple[str, ...] = ()
    """Campaigns that owe write-backs, where something was sent."""


@dataclass(frozen=True, slots=True)
class _Lane:
    dispatcher: Dispatcher
    connection: Connection

    def close(self) -> None:
        self.dispatcher.join()
        self.connection.outbox.close()


class Drains:
    """All drains of one process. A channel has one of them at most, so that its `concurrency` is that of a process."""

    def __init__(self, project: Project, outboxes: Outboxes) -> None:
        self._project = project
        self._outboxes = outboxes
        self._lock = threading.Lock()
        self._running: dict[str, bool] = {}
        """By channel, whether it was asked for again meanwhile."""
        self._lanes: dict[str, _Lane] = {}
        """Those that are at work, or whose calls outlive their timeout by far."""
        self._strange: set[str] = set()
        """Channels that were told to be none of this machine."""
        self._stop = threading.Event()

    def run(self, channel: str) -> Drained:
        """Send what is due on a channel. Returns at once where that is being done: then it is drained once more.

        An outage of the store is waited out: what is claimed is known to this dispatcher alone. Raises StoreError.
        """
        if channel not in self._project.configuration.channels:
            if channel not in self._strange:
                self._strange.add(channel)
                log.warning("channel %s cannot be used on this machine", channel)
            return Drained()
        with self._lock:
            if self._stop.is_set():
                return Drained()
            if channel in self._running:
                self._running[channel] = True
                return Drained()
            self._running[channel] = False
        self._close_idle()
        try:
            drained = self._drain(channel)
        finally:
            with self._lock:
                again = self._running.pop(channel)
        return Drained(more=drained.more or again, owing=drained.owing)

    def stop(self) -> None:
        """Finish what is on the wire, and begin nothing any more."""
        with self._lock:
            self._stop.set()
            lanes = list(self._lanes.values())
        for lane in lanes:
            lane.dispatcher.stop()

    def join(self) -> None:
        """Wait for the calls that outlive their timeout by far, and record them."""
        with self._lock:
            lanes, self._lanes = self._lanes, {}
        for lane in lanes.values():
            lane.close()

    def _drain(self, channel: str) -> Drained:
        lane = self._lane(channel)
        outbox, clock = lane.connection.outbox, self._project.clock
        until = clock.monotonic() + LONGEST
        try:
            sent = self._run(lane, until)
            with lane.dispatcher.quiet():
                owing = tuple(outbox.owing_campaigns()) if sent else ()
                due = outbox.next_due([channel])
            overtime = self._stop.is_set() or clock.monotonic() >= until
            more = overtime and due is not None and due <= outbox.now()
        except BaseException:
            if self._dropped(channel, lane):
                lane.close()
            raise
        if self._dropped(channel, lane):
            self._outboxes.give_back(lane.connection)
        return Drained(more=more, owing=owing)

    def _run(self, lane: _Lane, until: float) -> bool:
        """Send until nothing is due, or it is `until`. Returns whether anything was sent."""
        sent = 0
        while True:
            seconds = max(until - self._project.clock.monotonic(), 0.0)
            try:
                return sent + lane.dispatcher.run(drain=False, leave_overdue=True, seconds=seconds).sent > 0
            except StoreError as error:
                if not error.passing or self._stop.is_set():
                    raise
                log.info("the store cannot be reached: %s", error)
                sent += 1  # perhaps
                self._stop.wait(_AGAIN)

    def _lane(self, channel: str) -> _Lane:
        with self._lock:
            if channel in self._lanes:
                return self._lanes[channel]
        connection = self._outboxes.take()
        dispatcher = self._project.dispatcher(
            connection.outbox, only=Selection(channels=(channel,)), worker=connection.worker
        )
        lane = _Lane(dispatcher, connection)
        with self._lock:
            self._lanes[channel] = lane
            if self._stop.is_set():
                lane.dispatcher.stop()
        return lane

    def _dropped(self, channel: str, lane: _Lane) -> bool:
        """Drop a lane whose calls have all returned."""
        with self._lock:
            if lane.dispatcher.calling:
                return False
            del self._lanes[channel]
            return True

    def _close_idle(self) -> None:
        """Close what a call kept open that has returned meanwhile."""
        with self._lock:
            over = [
                name for name, lane in self._lanes.items() if name not in self._running and not lane.dispatcher.calling
            ]
            lanes = [self._lanes.pop(name) for name in over]
        for lane in lanes:
            lane.close()
