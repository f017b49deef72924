"""What `run` shows on a terminal while it goes on: of each channel what waits, for what, and how much leaves."""

from __future__ import annotations

import sys
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, TextIO, cast

from notifykit.errors import StoreError
from notifykit.model import FOREVER
from notifykit.operate.attention import outages
from notifykit.outbox.values import ChannelPulse, Outage, Pause, Pulse
from notifykit.pipeline.project import Project
from notifykit.roles import Rate
from notifykit.terminal.console import visible
from notifykit.terminal.stdout import through
from notifykit.terminal.times import duration, local, relative
from notifykit.wording import Reason
from notifykit.wording.translation import gettext, pgettext

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["LiveView"]

LOOK = 2.0
"""Seconds between two looks at the store."""

WINDOW = 60.0
"""Seconds over which messages are counted that left."""


class LiveView:
    """Lines below all others, on a terminal: they go when it ends."""

    def __init__(self, say: Callable[[Reason], str], clock: Callable[[], float] = time.monotonic) -> None:
        """`say`: reasons in the language that was asked for."""
        self._say = say
        self._clock = clock
        self._lock = threading.Lock()
        self._ended: dict[str, deque[float]] = defaultdict(deque)
        self._project: Project | None = None
        self._seen: tuple[Pulse, Sequence[Outage]] | None = None
        self._over = threading.Event()

    def follow(self, project: Project) -> None:
        """Show this project from now on."""
        with self._lock:
            self._project = project

    def told(self, channels: Sequence[str]) -> None:
        """Count attempts that have ended, by the channels that they went to. Any thread may call it."""
        with self._lock:
            now = self._clock()
            for channel in channels:
                self._ended[channel].append(now)

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show it while the block lasts, where stderr is a terminal."""
        if not sys.stderr.isatty():
            yield
            return
        from rich.console import Console
        from rich.file_proxy import FileProxy
        from rich.live import Live

        looking = threading.Thread(target=self._look, name="notifykit-live", daemon=True)
        looking.start()
        console = Console(file=sys.stderr)
        try:
            # What is printed meanwhile goes above it.
            with (
                Live(get_renderable=self._table, console=console, transient=True, refresh_per_second=1),
                through(cast(TextIO, FileProxy(console, sys.stderr))),
            ):
                yield
        finally:
            self._over.set()
            looking.join()

    def rows(self) -> list[tuple[str, str, str, str, str]]:
        """Return of each channel: its name, how many wait, since when, how many left lately, and what it waits for."""
        with self._lock:
            seen, rates = self._seen, self._rates()
        if seen is None:
            return []
        pulse, cut_off = seen
        waiting = {one.channel: one for one in pulse.channels}
        pauses = {pause.channel: pause for pause in pulse.pauses}
        away = {outage.channel: outage for outage in cut_off}
        found = []
        for channel in sorted({*waiting, *rates, *pauses, *away}):
            one = waiting.get(channel)
            found.append(
                (
                    channel,
                    f"{one.waiting.number:,}{'+' if one.waiting.more else ''}" if one else "0",
                    relative(one.oldest_queued, pulse.at) if one else "",
                    f"{rates.get(channel, 0):,}",
                    self._waits_for(pulse.at, one, pauses.get(channel), away.get(channel)),
                )
            )
        return found

    def _waits_for(self, now: float, waiting: ChannelPulse | None, pause: Pause | None, outage: Outage | None) -> str:
        if pause is not None:
            ends = "`notifykit resume`" if pause.until == FOREVER else local(pause.until)
            return gettext("{ends}: {why}", ends=ends, why=self._say(pause.reason))
        if outage is not None and outage.next_probe > now:
            return gettext(
                "the next try {when}: {why}", when=relative(outage.next_probe, now), why=self._say(outage.told)
            )
        if waiting is None:
            return ""
        if waiting.oldest_due is not None and waiting.oldest_due > now:
            return gettext("a turn that is due {when}", when=relative(waiting.oldest_due, now))
        rate = self._used_up(waiting.channel)
        return (
            gettext("its limit of {count} in {duration}", count=rate.count, duration=duration(rate.seconds))
            if rate
            else ""
        )

    def _used_up(self, channel: str) -> Rate | None:
        """Return the rate of a channel that this process has used up itself, if there is one."""
        now = self._clock()
        with self._lock:
            project, ended = self._project, list(self._ended[channel])
        found = project.configuration.channels.get(channel) if project is not None else None
        for rate in found.limits if found is not None else ():
            if sum(now - at < rate.seconds for at in ended) >= rate.count:
                return rate
        return None

    def _rates(self) -> dict[str, int]:
        since = self._clock() - WINDOW
        for ended in self._ended.values():
            while ended and ended[0] < since:
                ended.popleft()
        return {channel: len(ended) for channel, ended in self._ended.items() if ended}

    def _look(self) -> None:
        while not self._over.is_set():
            with self._lock:
                project = self._project
            if project is not None:
                with suppress(StoreError):  # it is told where the work meets it
                    self._look_at(project)
            self._over.wait(LOOK)

    def _look_at(self, project: Project) -> None:
        with closing(project.open_outbox()) as outbox:
            while project is self._project and not self._over.is_set():
                seen = outbox.pulse(), outages(outbox)
                with self._lock:
                    self._seen = seen
                self._over.wait(LOOK)

    def _table(self) -> Table:
        from rich.markup import escape
        from rich.table import Table

        table = Table(pgettext("heading", "channel"), box=None, pad_edge=False, header_style="bold")
        ended = pgettext("heading", "ended in {seconds:.0f} s", seconds=WINDOW)
        for name in (pgettext("heading", "waiting"), pgettext("heading", "oldest"), ended):
            table.add_column(name, justify="right")
        table.add_column(pgettext("heading", "waits for"))
        for row in self.rows():
            table.add_row(*(escape(visible(cell)) for cell in row))
        return table
