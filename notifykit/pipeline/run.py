"""run: generate, dispatch, settle, and again."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from notifykit.campaign.campaign import Campaign
from notifykit.errors import CampaignError, NotifykitError, StoreError
from notifykit.outbox import Outbox
from notifykit.pipeline.dispatch import Dispatched, Dispatcher
from notifykit.pipeline.generate import Generated, generate
from notifykit.pipeline.project import Host
from notifykit.pipeline.settle import Settled, settle

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Cycle:
    """What one pass over everything did."""

    generated: list[Generated] = field(default_factory=list)
    dispatched: Dispatched = field(default_factory=Dispatched)
    settled: list[Settled] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)
    """Campaigns that could not go on, with the reason. The others did."""


def generate_all(
    host: Host,
    outbox: Outbox,
    campaigns: Sequence[Campaign],
    cycle: Cycle,
    *,
    dry_run: bool = False,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Generate each campaign; one that cannot go on is noted in `cycle.failures` and does not stop the others."""
    for campaign in campaigns:
        with _alone(campaign, cycle):
            host.require_may_generate(campaign)
            host.start(campaign)
            cycle.generated.append(
                generate(campaign, outbox, observers=host.plugins, progress=progress, dry_run=dry_run)
            )


def settle_all(host: Host, outbox: Outbox, campaigns: Sequence[Campaign], cycle: Cycle) -> None:
    """Settle each campaign that owes write-backs."""
    owing = set(outbox.owing_campaigns())
    for campaign in campaigns:
        if campaign.name not in owing:
            continue
        with _alone(campaign, cycle):
            host.start(campaign)
            cycle.settled.append(settle(campaign, outbox))


@contextmanager
def _alone(campaign: Campaign, cycle: Cycle) -> Iterator[None]:
    """Let a campaign fail for itself, whatever its source or its strategy raises; a store that fails is everybody's."""
    try:
        yield
    except CampaignError as error:
        cycle.failures[campaign.name] = str(error)
    except NotifykitError:
        raise
    except Exception as error:
        source, strategy = type(campaign.source).__name__, type(campaign.strategy).__name__
        log.exception("campaign %s cannot go on", campaign.name)
        cycle.failures[campaign.name] = (
            f"{campaign.file}: {type(error).__name__} with source {source} and strategy {strategy}; "
            "this is a defect: report it to the plugin's author with the traceback above"
        )


class Runner:
    """Repeats the cycle until stopped."""

    def __init__(
        self, host: Host, outbox: Outbox, campaigns: Sequence[Campaign], *, workers: int | None = None
    ) -> None:
        self._host = host
        self._outbox = outbox
        self._campaigns = campaigns
        self._workers = workers
        self._stop = threading.Event()
        self._dispatcher: Dispatcher | None = None

    def stop(self) -> None:
        """Finish what is on the wire, then end. Safe to call from a signal handler."""
        self._stop.set()
        if self._dispatcher is not None:
            self._dispatcher.stop()

    def once(self) -> Cycle:
        """One pass: generate, send what is due now, settle."""
        cycle = Cycle()
        generate_all(self._host, self._outbox, self._campaigns, cycle)
        self._send(cycle)
        return cycle

    def forever(self, interval: float, report: Callable[[Cycle], None]) -> None:
        """Generate every `interval` seconds; in between, send and settle whatever falls due.

        A store that is locked, or a disk that is full, ends a pass and not the run.
        """
        clock = self._host.clock
        while not self._stop.is_set():
            next_pass = clock.monotonic() + interval
            report(self._outlasting(self.once))
            while not self._stop.is_set() and (left := next_pass - clock.monotonic()) > 0:
                due = self._outlasting_due()
                wait = left if due is None else min(left, max(1.0, due - clock.now()))
                if not self._stop.wait(wait) and wait < left:
                    cycle = self._outlasting(self._in_between)
                    if cycle.dispatched.by_status or cycle.failures:
                        report(cycle)

    def _in_between(self) -> Cycle:
        cycle = Cycle()
        self._send(cycle)
        return cycle

    def _outlasting(self, work: Callable[[], Cycle]) -> Cycle:
        try:
            return work()
        except StoreError as error:
            if not error.passing:
                raise
            return Cycle(failures={"the outbox": str(error)})

    def _outlasting_due(self) -> float | None:
        try:
            return self._outbox.next_due(self._host.configuration.channels)
        except StoreError as error:
            if not error.passing:
                raise
            return None

    def _send(self, cycle: Cycle) -> None:
        if not self._stop.is_set():
            self._dispatcher = self._host.dispatcher(self._outbox, workers=self._workers)
            if self._stop.is_set():
                self._dispatcher.stop()
            cycle.dispatched = self._dispatcher.run(drain=False)
        settle_all(self._host, self._outbox, self._host.described, cycle)
