"""Bells: what is to be looked after soon. The jobs of procrastinate, as far as this project uses them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from procrastinate import App
from procrastinate.exceptions import AlreadyEnqueued

LANES = "lanes"
"""The queue of what any machine can do."""
_LONGEST_PLACE = 34
"""Bytes: a name of 63 is the longest that LISTEN takes, and `procrastinate_queue_v1#place:` stands before it."""
_FIRST = 1
"""The priority of what is done before other jobs of its queue."""


@dataclass(frozen=True, slots=True)
class Bell:
    """One thing to look after. Until somebody does, it is rung only once."""

    job: str
    about: str | None = None
    """The channel of `drain`, the campaign of `generate` and `settle`."""
    queue: str = LANES

    @property
    def lock(self) -> str:
        """What no two bells that wait have in common."""
        if self.about is None:
            return self.job
        at = "" if self.queue == LANES else f"@{self.queue}"
        return f"{self.job}:{self.about}{at}"

    @property
    def arguments(self) -> dict[str, str | int]:
        """The job's arguments."""
        if self.about is None:
            return {}
        return {"channel" if self.job == "drain" else "campaign": self.about}


def queue_of(place: str) -> str:
    """Return the queue of what only one place can do."""
    if len(place.encode()) > _LONGEST_PLACE:
        place = hashlib.sha256(place.encode()).hexdigest()[:_LONGEST_PLACE]
    return f"place:{place}"


def drain_bell(channel: str) -> Bell:
    """Return the bell for a channel with something to send."""
    return Bell("drain", channel)


def settle_bell(campaign: str, place: str) -> Bell:
    """Return the bell for a campaign that owes write-backs."""
    return Bell("settle", campaign, queue_of(place))


def generate_bell(campaign: str, place: str) -> Bell:
    """Return the bell for a campaign whose records are to be looked at."""
    return Bell("generate", campaign, queue_of(place))


async def ring(app: App, bells: Iterable[Bell]) -> None:
    """Ring, each one that does not wait already. Never within a transaction of the outbox: what a bell is about must
    be there when it is heard. Raises ConnectorException."""
    if not (wanted := list(dict.fromkeys(bells))):
        return
    # One look spares the server's log an error for each bell that waits.
    waiting = {job.queueing_lock for job in await app.job_manager.list_jobs_async(status="todo")}
    for bell in wanted:
        if bell.lock not in waiting:
            with suppress(AlreadyEnqueued):
                deferrer = app.configure_task(bell.job, queue=bell.queue, queueing_lock=bell.lock)
                await deferrer.defer_async(**bell.arguments)


async def ring_once(app: App, bell: Bell, slot: int) -> None:
    """Ring for one slot of time, unless some machine did. Raises ConnectorException.

    `slot`: the slot's beginning, in milliseconds by the store's clock, which is the same on all machines.
    """
    deferrer = app.configure_task(
        bell.job,
        queue=bell.queue,
        queueing_lock=bell.lock,
        priority=_FIRST,
        task_kwargs={**bell.arguments, "timestamp": slot},
    )
    with suppress(AlreadyEnqueued):
        await app.job_manager.defer_periodic_job(job=deferrer.job, periodic_id=bell.lock, defer_timestamp=slot)
