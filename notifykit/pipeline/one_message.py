"""One message that is queued, sent and recorded by whoever asks for it, beside all that waits: one attempt, no more."""

from __future__ import annotations

import logging
import random
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from notifykit.campaign.campaign import Channel, DispatchSettings, RenderedOptions
from notifykit.campaign.limit_keys import keyed
from notifykit.clock import Clock
from notifykit.errors import NotifykitError
from notifykit.model import Claim, Draft, Outcome, Status, Task, Verdict
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.values import TEST_CAMPAIGN, Finished, Transition
from notifykit.pipeline.bounds import bounds_of
from notifykit.pipeline.call import call
from notifykit.pipeline.held_claims import worker_name
from notifykit.pipeline.judge import judge
from notifykit.pipeline.recovery import Recovery
from notifykit.pipeline.selection import Selection
from notifykit.roles import SendContext
from notifykit.wording.host import OUT_OF_ATTEMPTS
from notifykit.wording.translation import gettext

log = logging.getLogger(__name__)


class ChannelBusyError(NotifykitError):
    """The one thing that a channel's calls use is in use; nothing was queued."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempted:
    """What came of one message."""

    task_id: int
    outcome: Outcome
    then: Transition
    """Where it went: `sent`, `failed` or `in_doubt`."""
    seconds: float
    """How long the call took."""


def test_draft(channel: str, recipient: str, text: str, now: float, options: RenderedOptions | None) -> Draft:
    """Return a test message under a key of its own: the time, and a random part. `now`: UTC seconds."""
    moment = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Draft(
        campaign=TEST_CAMPAIGN,
        key=f"{moment}-{secrets.token_hex(3)}",
        name="test",
        recipient=recipient,
        text=text,
        channel=channel,
        task_type="notifykit",
        ordered=False,
        options=None if options is None else options.stored,
        attachments=() if options is None else options.attachments,
    )


def take_lost(outbox: Outbox, clock: Clock) -> list[Task]:
    """Leave test messages in doubt whose worker is gone, and return them."""

    def judged(claim: Claim, outcome: Outcome) -> Transition:
        return _once(claim, outcome, outbox.now())

    recovery = Recovery(outbox, worker_name(), clock, judged, Selection(campaigns=(TEST_CAMPAIGN,)))
    return [result.claim.task for result, _ in recovery.take_lost()]


def send_one(
    outbox: Outbox,
    channels: Mapping[str, Channel],
    draft: Draft,
    settings: DispatchSettings,
    clock: Clock,
    begun: Callable[[int], None],
) -> Attempted:
    """Queue a draft without an order, and make its one attempt, durably `sending` before the call.

    `begun` gets the task's id before the call. A kill in between leaves it in doubt. What it comes to says nothing of
    its channel. Raises ChannelBusyError, and StoreError where the outcome cannot be recorded: the message is in doubt
    then.
    """
    channel = channels[draft.channel]
    bounds = bounds_of(channels, settings.workers)[draft.channel]
    worker, lease = worker_name(), max(settings.lease, 3 * settings.timeout)
    with outbox.enlist(worker):
        with outbox.transaction():
            if any(claim.task.channel in bounds.shared_with for claim in outbox.on_wire()):
                mend = gettext("try again when it is done; `notifykit tasks --status sending` shows it")
                raise ChannelBusyError(
                    gettext("{resource} is in use by a message that is being sent", resource=channel.resource),
                    mend=mend,
                )
            (id_,) = outbox.enqueue([keyed(draft, channel)]).ids
            claim = outbox.claim_task(id_, worker, bounds, lease)
            assert claim is not None  # noqa: S101 - it was queued in this transaction
        begun(id_)
        context = SendContext(attempt=claim.token, timeout=settings.timeout, clock=clock, log=log)
        (result,) = call(channel, [claim], [context], outbox.contents)
        then = _once(claim, result.outcome, outbox.now())
        with outbox.transaction():
            finished = Finished(claim=claim, outcome=result.outcome, then=then, call_seconds=result.seconds)
            outbox.exchange([finished], worker, 0, {draft.channel: bounds}, lease)
            if then.status is Status.SENT:
                outbox.complete([id_])
    return Attempted(task_id=id_, outcome=result.outcome, then=then, seconds=result.seconds)


def _once(claim: Claim, outcome: Outcome, now: float) -> Transition:
    """Say where a message goes that has one try."""
    if outcome.verdict is Verdict.RETRY:
        return Transition(status=Status.FAILED, reason=OUT_OF_ATTEMPTS(tries=1, cause=outcome.said))
    return judge(claim, outcome, None, now, random.Random())  # noqa: S311 - of what is not used
