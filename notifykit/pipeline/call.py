"""One call of a sender, of which whatever escapes is an outcome."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from notifykit.campaign.campaign import Channel
from notifykit.model import Claim, Message, Outcome
from notifykit.pipeline.answer import usable
from notifykit.roles import SendContext
from notifykit.wording.host import SENDER_RAISED


@dataclass(slots=True)
class Result:
    """What came of a claim."""

    claim: Claim
    outcome: Outcome
    seconds: float
    """How long the call took."""


def call(channel: Channel, claims: Sequence[Claim], contexts: Sequence[SendContext]) -> list[Result]:
    """Call the channel's sender, once, with these messages: with one alone where it takes no more."""
    messages = [_message(claim) for claim in claims]
    log = contexts[0].log
    started = time.perf_counter()
    try:
        answers = _answers(channel, messages, contexts)
    except BaseException as error:
        ids = ", ".join(str(claim.task.id) for claim in claims)
        log.log(logging.ERROR, "the sender of channel %s failed on task %s", channel.name, ids, exc_info=error)
        answers = [Outcome.unknown(type(error).__name__, SENDER_RAISED().text)] * len(claims)
    seconds = time.perf_counter() - started
    results = []
    for claim, answer in zip(claims, answers, strict=True):
        outcome, wrong = usable(answer)
        if wrong:
            unusable = ", ".join(wrong)
            log.error("what the sender of channel %s returned cannot be used: %s", channel.name, unusable)
        results.append(Result(claim, outcome, seconds))
    return results


def _answers(channel: Channel, messages: list[Message], contexts: Sequence[SendContext]) -> Sequence[object]:
    """Return what the sender answers for each message."""
    sender: Any = channel.sender
    if channel.batch_size == 1:
        return [sender.send(messages[0], contexts[0])]
    answers = sender.send_many(messages, contexts)
    if isinstance(answers, list | tuple) and len(answers) == len(messages):
        return answers
    raise TypeError(f"send_many must return a list of {len(messages)} outcomes")


def _message(claim: Claim) -> Message:
    task = claim.task
    return Message(
        recipient=task.recipient,
        text=task.text,
        idempotency_key=task.idempotency_key,
        campaign=task.campaign,
        key=task.key,
        name=task.name,
        metadata=task.metadata,
    )
