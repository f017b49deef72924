"""dispatch: queued messages to outcomes, with several sends at once.

Each sending thread hands in its result and gets its next task in one visit to the store, and threads that come at
the same time share a commit (see `group_commit`); one slow send delays nobody. At most one task a thread is `sending`
at any time: that, and no more, is in doubt after a kill.
"""

from __future__ import annotations

import logging
import os
import random
import secrets
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from queue import SimpleQueue

from notifykit.campaign.campaign import Campaign, Channel, DispatchSettings
from notifykit.clock import Clock
from notifykit.errors import StoreError
from notifykit.model import FOREVER, Claim, Message, Outcome, Status
from notifykit.outbox.protocol import Outbox, Transition
from notifykit.pipeline.group_commit import GroupCommit, Visit
from notifykit.pipeline.judge import defect, doubtful, judge
from notifykit.pipeline.observers import Nobody, Observers
from notifykit.roles import SendContext

log = logging.getLogger(__name__)

TICK = 0.2
"""Seconds between two looks for work when there is none."""

HOOKS = {Status.SENT: "task_sent", Status.FAILED: "task_failed", Status.IN_DOUBT: "task_in_doubt"}


@dataclass(slots=True)
class Dispatched:
    """What one run did."""

    by_status: Counter[Status] = field(default_factory=Counter)
    """Where attempts moved their tasks."""
    recovered: int = 0
    """Tasks whose worker was gone."""
    late: int = 0
    """Results that came after somebody else had decided."""

    @property
    def sent(self) -> int:
        """Accepted, or assumed so by the campaign's policy."""
        return self.by_status[Status.SENT]


@dataclass(slots=True)
class _Result:
    claim: Claim
    outcome: Outcome
    seconds: float


@dataclass(slots=True, kw_only=True, eq=False)
class _Errand(Visit):
    """Hand in a result, and get the next task."""

    result: _Result | None
    claim: Claim | None = None
    then: Transition | None = None
    """Where the result moved its task; None where it came too late."""


def worker_name() -> str:
    """Return a name for this dispatcher that no other has: host, process, and a random part."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


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
        progress: Callable[[int], None] | None = None,
    ) -> None:
        self._outbox = outbox
        self._channels = channels
        self._limits = {name: channel.limits for name, channel in channels.items()}
        self._campaigns = campaigns
        self._settings = settings
        self._clock = clock
        self._observers = observers or Nobody()
        self._rng = rng or random.Random()  # noqa: S311 - jitter
        self._progress = progress
        self._worker = worker_name()
        self._desk = GroupCommit(self._serve, visitors=lambda: self._alive - self._idle)
        self._state = threading.Condition()
        self._idle = 0
        self._alive = 0
        self._looks = 0
        self._finished = False
        self._failure: BaseException | None = None
        self._stop = threading.Event()
        self._report = Dispatched()

    def stop(self) -> None:
        """Finish what is on the wire, record it, and start nothing new. Safe to call from a signal handler."""
        self._stop.set()

    def run(self, *, drain: bool) -> Dispatched:
        """Send what is due. With `drain`, wait for retries, limits and timed pauses too, until nothing waits.

        Raises StoreError where outcomes could not be recorded for the length of a lease: what was sent in that
        time is then in doubt.
        """
        self._tell_lost(self._take_lost())
        threads = [
            threading.Thread(target=self._work, name=f"send-{number}", daemon=True)
            for number in range(self._settings.workers)
        ]
        self._alive = len(threads)
        for thread in threads:
            thread.start()
        try:
            self._watch(drain=drain)
        finally:
            self._finish()
            for thread in threads:
                thread.join()
        if self._failure is not None:
            raise self._failure
        return self._report

    # the sending threads ----------------------------------------------------------------------------------

    def _work(self) -> None:
        result: _Result | None = None
        wake: SimpleQueue[None] = SimpleQueue()
        try:
            while True:
                errand = self._desk.visit(_Errand(wake=wake, result=result))
                if result is not None:
                    self._tell(result, errand.then)
                    result = None
                if errand.claim is None:
                    if not self._wait_for_work():
                        return
                elif self._stop.is_set():
                    self._give_back(errand.claim)
                    return
                else:
                    result = self._send(errand.claim)
        except BaseException as error:  # noqa: BLE001 - carried to the thread that called run()
            self._failure = self._failure or error
        finally:
            with self._state:
                self._alive -= 1
                self._finished = self._finished or self._failure is not None
                self._state.notify_all()

    def _send(self, claim: Claim) -> _Result:
        task = claim.task
        sender = self._channels[task.channel].sender
        message = Message(
            recipient=task.recipient,
            text=task.text,
            idempotency_key=task.idempotency_key,
            campaign=task.campaign,
            key=task.key,
            name=task.name,
            metadata=task.metadata,
        )
        context = SendContext(attempt=claim.token, timeout=self._settings.timeout, clock=self._clock, log=log)
        started = time.perf_counter()
        try:
            outcome = sender.send(message, context)
        except Exception as error:
            log.exception("the sender of channel %s failed on task %d", task.channel, task.id)
            outcome = Outcome.unknown(type(error).__name__, "the sender raised")
        seconds = time.perf_counter() - started
        if wrong := defect(outcome):
            log.error("what the sender of channel %s returned cannot be used: %s", task.channel, wrong)
            outcome = Outcome.unknown("bad_outcome", wrong)
        return _Result(claim, outcome, seconds)

    def _tell(self, result: _Result, then: Transition | None) -> None:
        """Tell observers and the report what became of an attempt."""
        with self._state:
            if then is None:
                self._report.late += 1
            else:
                self._report.by_status[then.status] += 1
        if then is not None and then.status in HOOKS:
            self._observers.observe(HOOKS[then.status], task=result.claim.task, outcome=result.outcome)
        if self._progress is not None:
            self._progress(1)

    # the store --------------------------------------------------------------------------------------------

    def _serve(self, errands: list[_Errand]) -> None:
        """Record every result, and claim as many tasks again. Raises StoreError when the lease is over."""
        patience = self._clock.monotonic() + self._settings.lease
        while True:
            try:
                return self._exchange(errands)
            except StoreError as error:
                # What was sent is known here only: keep trying to record it for as long as the lease is ours.
                hopeless = not error.passing or self._clock.monotonic() > patience
                if hopeless or not any(errand.result for errand in errands):
                    raise
                log.warning("outcomes cannot be recorded yet, trying again: %s", error)
                time.sleep(0.5)

    def _exchange(self, errands: Sequence[_Errand]) -> None:
        with self._outbox.transaction():
            for errand in errands:
                if errand.result is not None:
                    errand.then = self._record(errand.result)
            claims: list[Claim] = []
            if not self._ending:
                claims = self._outbox.claim(self._worker, len(errands), self._limits, self._settings.lease)
        for errand, claim in zip(errands, claims, strict=False):
            errand.claim = claim
        if self._idle and claims and len(claims) == len(errands):
            self._wake_if_due()

    def _wake_if_due(self) -> None:
        """Wake one idle thread where there is more to do than the busy ones took."""
        due = self._outbox.next_due(self._channels)
        if due is not None and due <= self._clock.now():
            with self._state:
                self._looks += 1
                self._state.notify()

    def _give_back(self, claim: Claim) -> None:
        with self._desk.alone():
            self._outbox.release(claim)

    def _record(self, result: _Result) -> Transition | None:
        claim, outcome = result.claim, result.outcome
        then = self._judge(claim, outcome)
        moved = self._outbox.finish(claim, outcome, then, result.seconds)
        if outcome.pause is not None:
            self._outbox.pause(claim.task.channel, outcome.pause, f"{outcome.code} {outcome.detail}".strip())
        return then if moved else None

    def _judge(self, claim: Claim, outcome: Outcome) -> Transition:
        campaign = self._campaigns.get(claim.task.campaign)
        plan = campaign.message(claim.task.name) if campaign else None
        return judge(claim, outcome, plan, self._clock.now(), self._rng)

    def _take_lost(self) -> list[tuple[_Result, Transition]]:
        """Put claims whose worker is gone where their campaign's policy says."""
        lost = []
        with self._outbox.transaction():
            for claim in self._outbox.expired():
                outcome = doubtful(claim)
                then = self._judge(claim, outcome)
                if self._outbox.finish(claim, outcome, then):
                    lost.append((_Result(claim, outcome, 0.0), then))
        return lost

    def _tell_lost(self, lost: list[tuple[_Result, Transition]]) -> None:
        for result, then in lost:
            self._report.recovered += 1
            log.warning(
                "task %d (%s): its worker is gone, now %s", result.claim.task.id, result.claim.task.key, then.status
            )
            self._tell(result, then)

    # waiting and ending -----------------------------------------------------------------------------------

    def _wait_for_work(self) -> bool:
        """Sleep until there may be work. False: go home."""
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

    def _watch(self, *, drain: bool) -> None:
        """Renew leases until the last thread is home; until then recover lost ones, and find out when all is done."""
        beat = recover = self._clock.monotonic()
        every = self._settings.lease / 4
        while True:
            with self._state:
                if self._alive and (self._idle < self._alive or self._ending):
                    self._state.wait(TICK)
                if not self._alive:
                    return
                all_idle = self._idle == self._alive
            now = self._clock.monotonic()
            if now - beat >= every:
                beat = now
                with self._desk.alone():
                    self._outbox.heartbeat(self._worker, self._settings.lease)
            if self._ending:
                continue
            if now - recover >= min(every, 5.0):
                recover = now
                with self._desk.alone():
                    lost = self._take_lost()
                self._tell_lost(lost)
            if self._look(all_idle=all_idle, drain=drain):
                self._finish()

    @property
    def _ending(self) -> bool:
        return self._finished or self._stop.is_set()

    def _look(self, *, all_idle: bool, drain: bool) -> bool:
        """Wake the idle threads if something is due. True where all is done."""
        with self._state:
            if not self._idle:
                return False
        with self._desk.alone():
            due = self._outbox.next_due(self._channels)
            others = self._outbox.next_lease_end() if drain and all_idle else None
        # The threads went idle because a claim found nothing; what others are sending may hold back what waits.
        if all_idle and (not drain or due in (None, FOREVER)) and others is None:
            return True
        if due is not None and due <= self._clock.now():
            with self._state:
                self._looks += 1
                self._state.notify_all()
        if all_idle:
            self._stop.wait(TICK)
        return False
