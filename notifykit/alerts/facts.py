"""What conditions look at: each thing is read once a look, and only if some condition asks for it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from notifykit.alerts import notes
from notifykit.model import Status
from notifykit.operate.attention import outages, unreachable
from notifykit.outbox.places import KeepsPlaces, TellsSnapshots
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.values import ALERTS_CAMPAIGN, TEST_CAMPAIGN, Count, Filter, Outage, Pulse, RecentFigures
from notifykit.wording import Reason

if TYPE_CHECKING:
    from notifykit.alerts.conditions import Condition
    from notifykit.outbox.recent import Calls

Covers = Callable[[str], bool]
T = TypeVar("T")


class Facts:
    """How things stand in a store, as of one look."""

    def __init__(
        self,
        outbox: Outbox,
        channels: Collection[str],
        campaigns: Collection[str],
        report: Callable[[], Mapping[str, Reason]] = dict,
    ) -> None:
        """`channels`: those that can be used here; `campaigns`: those that are to have passes; `report`: what plugins
        find wrong, each under a name."""
        self._outbox = outbox
        self._channels = channels
        self._campaigns = campaigns
        self._report = report
        self._recent: dict[float, Sequence[RecentFigures]] = {}

    @cached_property
    def pulse(self) -> Pulse:
        """What is open."""
        return self._outbox.pulse()

    @property
    def at(self) -> float:
        """UTC seconds by the store's clock."""
        return self.pulse.at

    @cached_property
    def outages(self) -> tuple[Outage, ...]:
        """Channels that cannot be reached, or ask to wait."""
        return tuple(outages(self._outbox))

    @cached_property
    def unusable(self) -> Mapping[str, Count]:
        """How many messages wait for channels that cannot be used here."""
        return unreachable(self.pulse, self._channels)

    @property
    def closed(self) -> Collection[str]:
        """The channels that take nothing now. One that is not configured is none of them."""
        return {pause.channel for pause in self.pulse.pauses} | {one.channel for one in self.outages}

    @property
    def due(self) -> Mapping[str, float]:
        """Since when the first turn of each channel is due, or when it will be: none where only alerts wait."""
        if not self.pulse.total(Status.QUEUED):
            return {}
        return {one.channel: one.oldest_due for one in self.pulse.channels if one.oldest_due is not None}

    @property
    def paused(self) -> Collection[str]:
        """The channels that nobody may use now, until a time, a probe or a person's word."""
        return {pause.channel for pause in self.pulse.pauses} | {one.channel for one in self.outages if one.paused}

    def usable(self, channel: str) -> bool:
        """Whether a channel can be used here, and takes something now."""
        return channel in self._channels and channel not in self.closed

    def open(self, status: Status, covers: Covers) -> Count:
        """Count the messages in a status that is open; of those that failed, without tests."""
        mine = (one for one in self.pulse.campaigns if covers(one.campaign))
        found = (
            one.by_status.get(status, Count())
            for one in mine
            if status is not Status.FAILED or one.campaign != TEST_CAMPAIGN
        )
        return sum(found, Count())

    def foreign(self, covers: Covers) -> int:
        """Count our messages whose status another program changed."""
        return sum(number for name, number in self.foreign_by_campaign().items() if covers(name))

    def foreign_by_campaign(self) -> Mapping[str, int]:
        """Count them by campaign."""
        found = self._outbox.tasks(Filter(statuses=(Status.FOREIGN,)))
        return Counter(task.campaign for task in found if task.campaign not in ("", ALERTS_CAMPAIGN))

    def oldest_waiting(self, condition: Condition) -> float | None:
        """Return when the message was queued that waits for longest."""
        found = (one.oldest_queued for one in self.pulse.campaigns if condition.covers(one.campaign))
        return min((since for since in found if since is not None), default=None)

    def oldest_doubt(self, condition: Condition) -> float | None:
        """Return since when the oldest doubt is one."""
        found = (one.oldest_doubt for one in self.pulse.campaigns if condition.covers(one.campaign))
        return min((since for since in found if since is not None), default=None)

    def recent(self, window: float) -> Sequence[RecentFigures]:
        """Return what happened in the last `window` seconds."""
        if window not in self._recent:
            self._recent[window] = self._outbox.recent(self.at - window, self.at + 1.0)
        return self._recent[window]

    def calls(self, window: float, longer: float) -> Mapping[str, Calls]:
        """Return by channel the calls of the last `window` seconds, and how many took longer than `longer`."""
        return self._outbox.recent_calls(self.at - window, self.at + 1.0, longer)

    @cached_property
    def places_seen(self) -> Mapping[str, float]:
        """When a process of each place last gave a sign of life; nothing where the store is a file."""
        seen: dict[str, float] = defaultdict(float)
        for machine in self._outbox.machines() if isinstance(self._outbox, KeepsPlaces) else ():
            seen[machine.place] = max(seen[machine.place], machine.seen_at)
        return seen

    @cached_property
    def oldest_snapshot(self) -> float | None:
        """The age of the store's oldest snapshot, in seconds; None where the store has none."""
        return self._outbox.oldest_snapshot() if isinstance(self._outbox, TellsSnapshots) else None

    @cached_property
    def last_work(self) -> float | None:
        """When anything was generated, sent or settled last; None where that never was."""
        return max((at for times in notes.passes_of(self._outbox).values() for at in times.values()), default=None)

    @cached_property
    def reported(self) -> Mapping[str, Reason]:
        """What plugins find wrong, each under a name."""
        return self._report()

    @cached_property
    def failing(self) -> Mapping[str, str]:
        """The campaigns whose last pass could not go on, with the error."""
        return self._of_campaigns(notes.failing(self._outbox))

    def passes(self) -> Mapping[str, float]:
        """Return when each campaign had its last whole pass, as far as that is known."""
        return self._of_campaigns(notes.passes(self._outbox))

    def source_changes(self) -> Mapping[str, float]:
        """Return when the source of each campaign changed last, as far as that is known."""
        return {name: seen.at for name, seen in self._of_campaigns(notes.sources(self._outbox)).items()}

    def errors(self, window: float) -> tuple[int, str]:
        """Return how many errors were logged in the last `window` seconds, and the latest."""
        found = [one for one in notes.errors(self._outbox) if one.at >= self.at - window]
        return sum(one.number for one in found), max(found, key=lambda one: one.at).latest if found else ""

    def _of_campaigns(self, found: Mapping[str, T]) -> Mapping[str, T]:
        return {name: value for name, value in found.items() if name in self._campaigns}
