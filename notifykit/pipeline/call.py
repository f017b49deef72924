"""One call of a sender, of which whatever escapes is an outcome."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from notifykit.campaign.campaign import Channel
from notifykit.errors import StoreError
from notifykit.model import Claim, Message, Outcome, Task
from notifykit.outbox.digests import campaign_of
from notifykit.pipeline.answer import usable
from notifykit.roles import SendContext
from notifykit.wording.host import (
    CONTENTS_LOST,
    CONTENTS_UNREAD,
    OPTIONS_UNFIT,
    OPTIONS_UNTAKEN,
    SENDER_NOT_OPENED,
    SENDER_RAISED,
)

Contents = Callable[[str], bytes]
"""Returns what an attachment holds, by its hash. Raises LookupError where that is not kept."""


@dataclass(slots=True)
class Result:
    """What came of a claim."""

    claim: Claim
    outcome: Outcome
    seconds: float
    """How long the call took."""


def call(
    channel: Channel, claims: Sequence[Claim], contexts: Sequence[SendContext], contents: Contents
) -> list[Result]:
    """Call the channel's sender, once, with these messages: with one alone where it takes no more.

    It is not called with what cannot be made of what is stored.
    """
    made = [_message(channel, claim.task, contents) for claim in claims]
    results = [
        Result(claim, outcome, 0.0) for claim, outcome in zip(claims, made, strict=True) if isinstance(outcome, Outcome)
    ]
    if results:
        kept = [at for at, one in enumerate(made) if isinstance(one, Message)]
        claims, contexts = [claims[at] for at in kept], [contexts[at] for at in kept]
        if not kept:
            return results
    messages = [one for one in made if isinstance(one, Message)]
    log = contexts[0].log
    started = time.perf_counter()
    try:
        channel.opening.require(channel.sender)
    except BaseException as error:
        log.log(logging.WARNING, "the sender of channel %s cannot be opened", channel.name, exc_info=error)
        why = SENDER_NOT_OPENED().text
        away = Outcome.retry(type(error).__name__, why, unreached=True)
        return [*results, *(Result(claim, away, 0.0) for claim in claims)]
    try:
        answers = _answers(channel, messages, contexts)
    except BaseException as error:
        ids = ", ".join(str(claim.task.id) for claim in claims)
        log.log(logging.ERROR, "the sender of channel %s failed on task %s", channel.name, ids, exc_info=error)
        answers = [Outcome.unknown(type(error).__name__, SENDER_RAISED().text)] * len(claims)
    seconds = time.perf_counter() - started
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


def _message(channel: Channel, task: Task, contents: Contents) -> Message | Outcome:
    """Return what the sender is given; the outcome where that cannot be made: nothing is sent then."""
    options = None
    if channel.options is not None:
        from notifykit.campaign.message_options import StoredOptionsError  # few senders have any

        try:
            options = channel.options.restored(task.options, task.text, contents)
        except StoredOptionsError as error:
            return Outcome.rejected("options", OPTIONS_UNFIT(field=error.field, cause=error.why).text)
        except StoreError as error:
            return Outcome.retry(type(error).__name__, CONTENTS_UNREAD().text)
        except LookupError as error:
            return Outcome.rejected("contents", CONTENTS_LOST(hash=str(error.args[0])).text)
    elif task.options:
        return Outcome.rejected("options", OPTIONS_UNTAKEN(field=next(iter(task.options))).text)
    return Message(
        recipient=task.recipient,
        text=task.text,
        idempotency_key=task.idempotency_key,
        campaign=campaign_of(task.campaign),
        key=task.key,
        name=task.name,
        metadata=task.metadata,
        options=options,
    )
