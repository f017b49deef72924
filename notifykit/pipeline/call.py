"""One call of a sender, of which whatever escapes is an outcome."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from notifykit.campaign.campaign import Channel
from notifykit.model import Claim, Message, Outcome
from notifykit.pipeline.answer import usable
from notifykit.roles import SendContext


@dataclass(slots=True)
class Result:
    """What came of a claim."""

    claim: Claim
    outcome: Outcome
    seconds: float
    """How long the call took."""


def call(channel: Channel, claim: Claim, context: SendContext) -> Result:
    """Call the channel's sender, once."""
    task = claim.task
    message = Message(
        recipient=task.recipient,
        text=task.text,
        idempotency_key=task.idempotency_key,
        campaign=task.campaign,
        key=task.key,
        name=task.name,
        metadata=task.metadata,
    )
    started = time.perf_counter()
    try:
        outcome, wrong = usable(channel.sender.send(message, context))
    except BaseException as error:
        context.log.log(
            logging.ERROR, "the sender of channel %s failed on task %d", channel.name, task.id, exc_info=error
        )
        outcome, wrong = Outcome.unknown(type(error).__name__, "the sender raised"), ()
    seconds = time.perf_counter() - started
    if wrong:
        unusable = ", ".join(wrong)
        context.log.error("what the sender of channel %s returned cannot be used: %s", channel.name, unusable)
    return Result(claim, outcome, seconds)
