"""dispatch: queued messages to outcomes, with several sends at once.

Each sending thread hands in its result and gets its next task in one visit to the store, and threads that come at
the same time share a commit (see `group_commit`, `exchanges`). Each channel has a bound of its own, so one that is slow
delays no other. At most one call a thread is under way at any time, with one task or with a batch that the sender takes
at once; no more of a channel than can be called at once: that, and no more, is in doubt after a kill.
"""

from __future__ import annotations

import logging
import math
import random
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from queue import SimpleQueue

from notifykit.campaign.campaign import Campaign, Channel, DispatchSettings
from notifykit.clock import Clock
from notifykit.errors import StoreError
from notifykit.model import FOREVER, Claim, Outcome
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.values import Transition, is_reserved
from notifykit.pipeline.bounds import most_calls
from notifykit.pipeline.call import Result, call
from notifykit.pipeline.dispatched import Dispatched
from notifykit.pipeline.exchanges import Errand, Exchanges
from notifykit.pipeline.group_commit import GroupCommit
from notifykit.pipeline.held_claims import worker_name
from notifykit.pipeline.judge import may_repeat
from notifykit.pipeline.observers import Nobody, Observers
from notifykit.pipeline.record import Recorder
from notifykit.pipeline.recovery import Recovery
from notifykit.pipeline.selection import EVERYTHING, Selection
from notifykit.pipeline.telling import about, tell_observers, tell_pauses, tell_recovered
from notifykit.roles import SendContext
from notifykit.wording.host import WINDOW_OVER

log = logging.getLogger(__name__)

TICK = 0.2
"""Seconds between two looks for work when there is none."""


class Dispatcher:
    """Sends what is due on its channels, until told to stop or there is nothing left to do."""

    def __init__(
        self,
        outbox: Outbox,
        channels: Mapping[str, Channel],
        campaigns: Mapping[str, Campaign],
        settings: DispatchSettings,
        clock: Clock,
        *,
        observers: Observers | None = None,
        rng: random.Random | None = None,
        progress: Callable[[Sequence[str]], None] | None = None,
        only: Selection = EVERYTHING,
        worker: str | None = None,
    ) -> None:
        """`only`: what it sends, and recovers. `worker`: a name of earlier dispatchers over this connection."""
        self._outbox = outbox
        self._channels = channels
        self._settings = settings
        self._clock = clock
        self._observers = observers or Nobody()
        self._progress = progress
        self._worker = worker or worker_name()
        self._desk = GroupCommit(self._serve, visitors=lambda: self._alive - self._idle)
        recorder = Recorder(outbox, channels, campaigns, rng or random.Random())  # noqa: S311 - jitter
        self._exchanges = Exchanges(outbox, self._worker, channels, settings, clock, recorder, only, self._observers)
        self._recovery = Recovery(outbox, self._worker, clock, recorder.judge, only)
        self._enlisted = ExitStack()
        self._locked = False
        self._state = threading.Condition()
        self._most_threads = most_calls(self._exchanges.bounds)
        self._beating = False
        self._idle = self._alive = self._looks = 0
        self._spare = 0  # threads that are started once the others have found work and left some
        self._finished = False
        self._failure: BaseException | None = None
        self._stop = threading.Event()
        self._report = Dispatched()

    def stop(self) -> None:
        """Finish what is on the wire, record it, and start nothing new. Safe to call from a signal handler."""
        self._stop.set()

    @property
    def calling(self) -> bool:
        """Whether calls that `run` left go on."""
        return bool(self._alive)

    def run(self, *, drain: bool, leave_overdue: bool = False, seconds: float = math.inf) -> Dispatched:
        """Send what is due. With `drain`, wait for retries, limits and timed pauses too, until nothing waits.

        With `leave_overdue` it does not wait for calls that outlive their timeout by far: they go on, their claims are
        renewed, and `join` waits for them. After `seconds` nothing new is begun. May be called again.

        Raises StoreError where outcomes could not be recorded for the length of a lease: what was sent in that
        time is then in doubt.
        """
        self._report = Dispatched()
        self._failure = None
        try:
            self._enlist()
            self._recover()
            self._start_threads(first=True)
            self._watch(drain=drain, leave_overdue=leave_overdue, until=self._clock.monotonic() + seconds)
        finally:
            self._finish()
            self._wait_for_threads(leave_overdue=leave_overdue)
        if self._failure is not None:
            raise self._failure
        return self._report

    def quiet(self) -> AbstractContextManager[None]:
        """Keep all of its threads away from the store meanwhile, as for a fork; calls go on."""
        return self._desk.alone()

    def join(self) -> bool:
        """Wait for the calls that `run` left, and record them. False where there were none."""
        left = bool(self._alive)
        self._wait_for_threads(leave_overdue=False)
        return left

    def _enlist(self) -> None:
        """Be known as alive, by a lock and by a heartbeat, until the last thread has ended."""
        if not self._locked:
            self._enlisted.enter_context(self._outbox.enlist(self._worker))
            self._locked = True
        with self._state:
            self._finished = False
            if self._beating:
                return
            self._beating = True
        threading.Thread(target=self._beat_on, name="heartbeat", daemon=True).start()

    def _start_threads(self, *, first: bool = False) -> None:
        """Start one thread, then as many as there are, up to `workers`; where all of those are busy, as many again."""
        with self._state:
            most = 1 if first else min(self._spare, self._alive) or self._settings.workers
            self._spare = self._settings.workers - 1 if first else max(self._spare - most, 0)
            number = max(min(most, self._most_threads - self._alive), 0)
            self._alive += number
        for _ in range(number):
            threading.Thread(target=self._work, name="send", daemon=True).start()

    def _wait_for_threads(self, *, leave_overdue: bool) -> None:
        with self._state:
            while self._alive > (self._exchanges.held.overdue() if leave_overdue else 0):
                self._state.wait(TICK)
            if self._alive:
                return
            while self._beating:
                self._state.wait(TICK)
        self._enlisted.close()
        self._locked = False

    # the sending threads ----------------------------------------------------------------------------------

    def _work(self) -> None:
        wake: SimpleQueue[None] = SimpleQueue()
        errand = Errand(wake=wake, results=[])
        try:
            while True:
                self._desk.visit(errand)
                self._tell(errand.results, errand.thens)
                errand.results = []
                claims = errand.claims
                if not claims:
                    if not (errand.again or self._wait_for_work()):
                        return
                elif self._stop.is_set():
                    self._give_back(claims)
                    return
                errand = Errand(wake=wake, results=self._call(claims) if claims else [])
        except BaseException as error:  # noqa: BLE001 - `run` raises it
            self._failure = self._failure or error
            for result in errand.results:
                task, verdict = result.claim.task, result.outcome.verdict
                log.error(  # noqa: TRY400 - `run` raises it
                    "task %d (%s): the outcome, %s, could not be recorded: %s",
                    task.id,
                    task.key,
                    verdict,
                    error,
                    extra=about("not_recorded", task),
                )
        finally:
            self._exchanges.held.drop(errand.claims)
            with self._state:
                self._alive -= 1
                self._finished = self._finished or self._failure is not None
                self._state.notify_all()

    def _call(self, claims: Sequence[Claim]) -> list[Result]:
        """Call the sender of these claims' channel, once, without those that may not be called, or not again."""
        channel = self._channels[claims[0].task.channel]
        results: list[Result] = []
        called: list[Claim] = []
        stale = self._exchanges.held.begin_call(claims)
        for claim in claims:
            task = claim.task
            if stale and not self._still_held(claim):
                log.warning(
                    "task %d (%s): taken while this worker was stopped; it is not sent",
                    task.id,
                    task.key,
                    extra=about("taken", task),
                )
                self._exchanges.held.drop([claim])
                with self._state:
                    self._report.taken += 1
            elif task.doubted_at is not None and not may_repeat(claim, channel.repeatable_for, self._outbox.now()):
                why = WINDOW_OVER(seconds=channel.repeatable_for).text
                results.append(Result(claim, Outcome.unknown("repeat_window_over", why), 0.0))
            else:
                called.append(claim)
        if stale and called:
            self._exchanges.held.begin_call(called)
        if called:
            results += call(channel, called, [self._context(claim) for claim in called], self._contents)
        return results

    def _contents(self, sha256: str) -> bytes:
        with self._desk.alone():
            return self._outbox.contents(sha256)

    def _context(self, claim: Claim) -> SendContext:
        return SendContext(
            attempt=claim.token,
            timeout=self._settings.timeout,
            clock=self._clock,
            log=log,
            still_held=lambda: self._still_held(claim),
        )

    def _still_held(self, claim: Claim) -> bool:
        """Whether the claim is ours; the store is asked only where it has not said so lately."""
        if not self._exchanges.held.stale([claim]):
            return True
        now = self._clock.monotonic()
        with self._desk.alone():
            if not self._outbox.holds(claim):
                return False
        self._exchanges.held.confirm([claim], now)
        return True

    def _count(self, results: Sequence[Result], thens: Sequence[Transition | None]) -> None:
        """Count what became of attempts."""
        for result, then in zip(results, thens, strict=True):
            if then is None:
                self._report.late += 1
            elif not is_reserved(result.claim.task.campaign):
                self._report.by_status[then.status] += 1

    def _tell(self, results: Sequence[Result], thens: Sequence[Transition | None]) -> None:
        """Tell observers what became of attempts."""
        tell_observers(self._observers, results, thens)
        tell_pauses(self._observers, self._exchanges.paused)
        if self._progress is not None and results:
            self._progress([result.claim.task.channel for result in results])

    # the store --------------------------------------------------------------------------------------------

    def _serve(self, errands: list[Errand]) -> None:
        self._exchanges.serve(errands, lambda: self._ending)
        with self._state:
            for errand in errands:
                self._count(errand.results, errand.thens)
            self._report.add_expired(self._exchanges.take_expired())
        if (self._idle or self._spare) and all(errand.claims for errand in errands):
            self._wake_if_due()

    def _wake_if_due(self) -> None:
        """Wake one idle thread, or start some more, where there is more to do than the busy ones took."""
        due = self._exchanges.next_due(self._exchanges.free())
        if due is not None and due <= self._outbox.now():
            with self._state:
                self._looks += 1
                self._state.notify()
            if self._spare:
                self._start_threads()

    def _give_back(self, claims: Sequence[Claim]) -> None:
        with self._desk.alone(), self._outbox.transaction():
            for claim in claims:
                self._outbox.release(claim)
        self._exchanges.held.drop(claims)

    def _recover(self) -> None:
        """Recover what workers left that are gone. Our own claims are renewed first."""
        self._beat()
        with self._desk.alone():
            lost = self._recovery.take_lost()
            self._report.add_expired(self._recovery.cancel_expired())
        for result, then in lost:
            self._report.recovered += 1
            tell_recovered(result.claim.task, then)
            with self._state:
                self._count([result], [then])
            self._tell([result], [then])

    def _beat(self) -> None:
        """Renew the claims that a thread holds, and those alone."""
        now = self._clock.monotonic()
        if held := self._exchanges.held.all():
            with self._desk.alone():
                renewed = self._outbox.heartbeat(held)
            self._exchanges.held.confirm(renewed, now)

    def _beat_on(self) -> None:
        """Renew our claims until the last thread has ended."""
        every = self._settings.lease / 4
        beaten = self._clock.monotonic()
        while True:
            with self._state:
                self._state.wait(min(every, TICK))
                if self._finished and not self._alive:
                    self._beating = False
                    self._state.notify_all()
                    return
            now = self._clock.monotonic()
            if now - beaten >= every:
                beaten = now
                try:
                    self._beat()
                except StoreError as error:
                    log.warning("claims cannot be renewed: %s", error)

    # waiting and ending -----------------------------------------------------------------------------------

    def _wait_for_work(self) -> bool:
        """Sleep until there may be work. False where there will be none."""
        with self._state:
            self._idle += 1
            seen = self._looks
            self._state.notify_all()
            while self._looks == seen and not self._ending:
                self._state.wait(TICK)
            self._idle -= 1
            return not self._ending

    def _finish(self) -> None:
        with self._state:
            self._finished = True
            self._state.notify_all()

    def _watch(self, *, drain: bool, leave_overdue: bool, until: float) -> None:
        """Until the last thread has ended: recover what others left on the wire, and find out when all is done."""
        recovered = self._clock.monotonic()
        while True:
            with self._state:
                if self._alive and (self._idle < self._alive or self._ending):
                    self._state.wait(TICK)
                overdue = self._exchanges.held.overdue()
                rest = self._alive - (overdue if leave_overdue else 0)
                if not self._alive or (rest <= 0 and self._ending):
                    return
                all_idle = self._idle == rest
            if self._ending:
                continue
            now = self._clock.monotonic()
            if now - recovered >= min(self._settings.lease / 4, 5.0):
                recovered = now
                self._recover()
            if now >= until or self._look(all_idle=all_idle, drain=drain):
                self._finish()

    @property
    def _ending(self) -> bool:
        return self._finished or self._stop.is_set()

    def _look(self, *, all_idle: bool, drain: bool) -> bool:
        """Wake the idle threads if something is due, or start more. True where all is done."""
        free = self._exchanges.free()
        with self._state:
            idle, more = self._idle, self._alive < self._most_threads
        if not idle and not (more and free):
            return all_idle
        with self._desk.alone():
            others_send = drain and all_idle and self._recovery.others_send()  # before: what they leave is due then
            due = self._exchanges.next_due(free)
        is_due = due is not None and due <= self._outbox.now()
        # Threads go idle because a claim found nothing; what others are sending may hold back what waits.
        found_nothing = bool(idle) or not is_due
        if all_idle and found_nothing and (not drain or (due in (None, FOREVER) and not others_send)):
            return True
        if is_due:
            if not idle:
                self._start_threads()
            with self._state:
                self._looks += 1
                self._state.notify_all()
        if all_idle:
            self._stop.wait(TICK / 4 if others_send else TICK)
        return False
