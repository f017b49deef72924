"""run: generate, dispatch, settle, and again."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial

from notifykit.alerts import notes
from notifykit.alerts.messages import Changed
from notifykit.alerts.watch import Watch
from notifykit.campaign.campaign import Campaign
from notifykit.errors import CampaignError, NotifykitError, StoreError, pass_interrupt
from notifykit.metrics.counting import Counting
from notifykit.operate.archives import archive_path, recall
from notifykit.outbox.protocol import Outbox
from notifykit.pipeline.dispatch import Dispatcher
from notifykit.pipeline.dispatched import Dispatched
from notifykit.pipeline.generate import Generated, generate
from notifykit.pipeline.held_claims import worker_name
from notifykit.pipeline.places import keep_here, require_here
from notifykit.pipeline.presence import Presence
from notifykit.pipeline.project import Project
from notifykit.pipeline.selection import EVERYTHING, Selection
from notifykit.pipeline.settle import Settled, close_own, settle
from notifykit.pipeline.source_state import SourceState, release_undescribed
from notifykit.pipeline.telling import tell_expired
from notifykit.wording.translation import gettext, gettext_noop

log = logging.getLogger(__name__)

OUTBOX = gettext_noop("the outbox")
"""Where a pass could not go on, if it was in no campaign."""

LONGEST_WAIT = 86_400.0
"""Seconds of one wait: not every system can wait for months."""


@dataclass(slots=True)
class Pass:
    """What one pass over everything did."""

    generated: list[Generated] = field(default_factory=list)
    dispatched: Dispatched = field(default_factory=Dispatched)
    settled: list[Settled] = field(default_factory=list)
    failures: dict[str, NotifykitError] = field(default_factory=dict)
    """Campaigns that could not go on, with the reason. The others did."""
    alerts: list[Changed] = field(default_factory=list)
    """What began and what ended."""
    recalled: int = 0
    """Messages of which only an archive knew, and which are known now."""


def generate_all(
    project: Project,
    outbox: Outbox,
    campaigns: Sequence[Campaign],
    this_pass: Pass,
    *,
    dry_run: bool = False,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Generate each campaign; one that cannot go on is noted in `this_pass.failures` and does not stop the others.

    What an archive knows and the outbox does not is taken as known before.
    """
    this_pass.recalled = _recalled(project, outbox, dry_run=dry_run)
    precedence = project.precedence(outbox)
    place = project.configuration.settings.place
    if not dry_run:
        precedence.release_undescribed()
        release_undescribed(outbox, project.described_names)
        tell_expired(outbox.cancel_expired())

    def before_queueing(campaign: Campaign) -> None:
        keep_here(campaign, place, outbox)
        precedence.remember(campaign)

    for campaign in campaigns:
        with alone(campaign, this_pass):
            require_here(campaign, place, outbox)
            if dry_run:
                precedence.require(campaign)
            else:
                precedence.note(campaign)
            project.require_may_generate(campaign)
            state = SourceState(outbox, campaign, project.file.folder)
            project.start(campaign, state=state.last)
            this_pass.generated.append(
                generate(
                    campaign,
                    outbox,
                    observers=project.observers,
                    progress=progress,
                    dry_run=dry_run,
                    before_queueing=partial(before_queueing, campaign),
                    state=None if dry_run else state,
                )
            )


def _recalled(project: Project, outbox: Outbox, *, dry_run: bool) -> int:
    """Take as known what only an archive knows, and say so; returns how many messages."""
    archive = archive_path(project.configuration.settings.store, project.file.file.absolute())
    found = recall(outbox, archive, project.clock, dry_run=dry_run)
    for error in found.unusable:
        log.warning("whether it knows of messages that the outbox never heard of cannot be told: %s", error)
    if found.messages and dry_run:
        log.warning("%d messages in %s are not known to the outbox, and would not be queued", found.messages, archive)
    elif found.messages:
        log.warning("%d messages in %s were not known to the outbox, and are now", found.messages, archive)
    return found.messages


def settle_all(project: Project, outbox: Outbox, campaigns: Sequence[Campaign], this_pass: Pass) -> None:
    """Settle each campaign that owes write-backs."""
    close_own(outbox)
    owing = set(outbox.owing_campaigns())
    precedence = project.precedence(outbox)
    place = project.configuration.settings.place
    for campaign in campaigns:
        if campaign.name not in owing:
            continue
        with alone(campaign, this_pass):
            require_here(campaign, place, outbox)
            project.start(campaign, reads=False)
            with outbox.transaction():
                keep_here(campaign, place, outbox)
                if precedence.refusal(campaign) is None:
                    precedence.remember(campaign)
            this_pass.settled.append(settle(campaign, outbox, project.observers))


@contextmanager
def alone(campaign: Campaign, this_pass: Pass) -> Iterator[None]:
    """Record whatever a campaign's source or strategy raises as a failure of that campaign; failures of the store are
    raised."""
    try:
        yield
    except StoreError:
        raise
    except NotifykitError as error:
        this_pass.failures[campaign.name] = error
    except BaseException as error:
        pass_interrupt(error)
        source, strategy = type(campaign.source).__name__, type(campaign.strategy).__name__
        log.exception("campaign %s cannot go on", campaign.name)
        this_pass.failures[campaign.name] = CampaignError(
            gettext(
                "{kind} with source {source} and strategy {strategy}",
                kind=type(error).__name__,
                source=source,
                strategy=strategy,
            ),
            mend=gettext("this is a defect: report it to the plugin's author with the traceback above"),
            where=campaign.file,
        )


class Runner:
    """Repeats passes until stopped."""

    def __init__(
        self,
        project: Project,
        outbox: Outbox,
        campaigns: Sequence[Campaign],
        *,
        workers: int | None = None,
        only: Selection = EVERYTHING,
        alive: Callable[[], None] = lambda: None,
        ended: Callable[[Sequence[str]], None] = lambda _: None,
        longest_wait: float = LONGEST_WAIT,
    ) -> None:
        """`campaigns` are generated; of what is sent and settled, it keeps to `only`. `alive` is called with every step
        of the work, and while there is none, every `longest_wait` seconds. `ended` is told the channels of attempts
        that have ended, from any thread."""
        self._project = project
        self._outbox = outbox
        self._campaigns = campaigns
        self._workers = workers
        self._only = only
        self._alive = alive
        self._ended = ended
        self._longest_wait = longest_wait
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._dispatcher: Dispatcher | None = None
        name = worker_name()
        self._presence = Presence(outbox, name, project.configuration.settings.place, "run")
        self._watch = Watch(project, name)
        self._counting = Counting(project, self._watch.logged)

    def stop(self) -> None:
        """Finish what is on the wire, then end. Safe to call from a signal handler."""
        self._stop.set()
        self._wake.set()
        if self._dispatcher is not None:
            self._dispatcher.stop()

    def wake(self) -> None:
        """Ask at once whether there is to be no other pass. Any thread may call it."""
        self._wake.set()

    @property
    def calling(self) -> bool:
        """Whether calls that outlive their pass go on."""
        return self._dispatcher is not None and self._dispatcher.calling

    def once(self) -> Pass:
        """One pass: generate, send what is due now, settle. Calls that hang are waited for last, and settled too."""
        with self._dispatching() as dispatcher, self._watch.logged.counting(), self._counting:
            this_pass = self._begun()
            self._pass_on(this_pass)
            if dispatcher.join():
                self._settle(this_pass)
        self._project.plugins.observe("after_pass", project=self._project)
        return this_pass

    def forever(
        self, interval: float, report: Callable[[Pass], None], *, ended: Callable[[], bool] = lambda: False
    ) -> None:
        """Generate every `interval` seconds; in between, send and settle whatever falls due.

        A store that is locked, or a disk that is full, ends a pass and not the run. `ended` is asked before each step
        whether there is to be no other.
        """
        with self._dispatching(), self._presence, self._watch.logged.counting(), self._counting:
            begun = self._outlasting(self._begun)
            if begun.alerts:
                report(begun)
            self._repeat(interval, report, ended)

    @contextmanager
    def _dispatching(self) -> Iterator[Dispatcher]:
        """Keep one dispatcher over all passes, with a connection of its own: a call that hangs outlives its pass."""
        with closing(self._project.open_outbox()) as outbox:
            self._dispatcher = dispatcher = self._project.dispatcher(
                outbox, workers=self._workers, progress=self._sent, only=self._only
            )
            if self._stop.is_set():
                dispatcher.stop()
            try:
                yield dispatcher
            finally:
                dispatcher.join()

    def _begun(self) -> Pass:
        """Look once before the first pass: how long none was made is seen then."""
        return Pass(alerts=self._watch.look(self._outbox))

    def _pass(self) -> Pass:
        this_pass = Pass()
        self._pass_on(this_pass)
        return this_pass

    def _pass_on(self, this_pass: Pass) -> None:
        generate_all(self._project, self._outbox, self._campaigns, this_pass, progress=self._progress)
        self._send(this_pass)
        self._watch.passed(self._outbox, this_pass.generated, this_pass.failures)
        described = {campaign.name for campaign in self._project.described_of(self._only)}
        for topic in (notes.DISPATCHED, notes.SETTLED):
            notes.keep_done(self._outbox, topic, sorted(described - this_pass.failures.keys()), self._outbox.now())
        self._look(this_pass)

    def _look(self, this_pass: Pass) -> None:
        """Find what began and what ended, and send what tells of it at once."""
        changed = self._watch.look(self._outbox)
        this_pass.alerts += changed
        if changed and self._dispatcher is not None and not self._stop.is_set():
            this_pass.dispatched.add(self._dispatcher.run(drain=False, leave_overdue=True))
        close_own(self._outbox)

    def _repeat(self, interval: float, report: Callable[[Pass], None], ended: Callable[[], bool]) -> None:
        clock = self._project.clock
        while not (self._stop.is_set() or ended()):
            next_pass = clock.monotonic() + interval
            self._presence.show()
            report(self._outlasting(self._pass))
            self._project.plugins.observe("after_pass", project=self._project)
            while not (self._stop.is_set() or ended()) and (left := next_pass - clock.monotonic()) > 0:
                self._alive()
                due = self._outlasting_due()
                wait = min(left, math.inf if due is None else max(1.0, due - self._outbox.now()))
                bit = min(wait, self._longest_wait)
                woken = self._wake.wait(bit)
                self._wake.clear()
                if not woken and (bit == wait < left or self._watch.due):
                    this_pass = self._outlasting(self._in_between)
                    if this_pass.dispatched.by_status or this_pass.failures or this_pass.alerts:
                        report(this_pass)

    def _progress(self, _number: int) -> None:
        self._alive()

    def _sent(self, channels: Sequence[str]) -> None:
        self._ended(channels)
        self._alive()

    def _in_between(self) -> Pass:
        this_pass = Pass()
        self._presence.show()
        self._send(this_pass)
        if self._watch.due:
            self._look(this_pass)
        return this_pass

    def _outlasting(self, work: Callable[[], Pass]) -> Pass:
        try:
            return work()
        except StoreError as error:
            if not error.passing:
                raise
            return Pass(failures={OUTBOX: error})

    def _outlasting_due(self) -> float | None:
        try:
            channels = filter(self._only.has_channel, self._project.configuration.channels)
            return self._outbox.next_due(list(channels), self._only.kept_campaigns)
        except StoreError as error:
            if not error.passing:
                raise
            return None

    def _send(self, this_pass: Pass) -> None:
        if self._dispatcher is not None and not self._stop.is_set():
            this_pass.dispatched = self._dispatcher.run(drain=False, leave_overdue=True)
        self._settle(this_pass)

    def _settle(self, this_pass: Pass) -> None:
        settle_all(self._project, self._outbox, self._project.described_of(self._only), this_pass)
