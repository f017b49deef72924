"""Digests at their call: what waits is rendered as one text, and fixed; what comes of it comes of each message."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from notifykit.campaign.campaign import BatchPlan, Campaign, Channel, MessagePlan
from notifykit.campaign.lengths import exceeded
from notifykit.errors import RenderError
from notifykit.model import Claim, Outcome, Status, Task
from notifykit.outbox.digests import campaign_of, is_digest
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.values import Transition
from notifykit.pipeline.call import Result
from notifykit.pipeline.drafting import storable
from notifykit.pipeline.judge import has_expired
from notifykit.wording.host import DIGEST_TEXT, DIGEST_TOO_LONG
from notifykit.wording.translation import gettext, untranslated

TEMPLATE = "digest_template"
"""The code of the refusal of a digest of which no text can be made."""

TOO_LONG = "digest_too_long"
"""Of one of which even the first message is too long, with what the template puts around it."""

Told = tuple[list[Result], list[Transition | None]]
"""Results, and where each moved its task; None where it came too late."""


def gathers(claim: Claim) -> bool:
    """Whether a claim is of a digest that is not fixed yet. No other task has an empty text."""
    return not claim.task.text and is_digest(claim.task.campaign)


def spread(
    outbox: Outbox,
    results: Sequence[Result],
    thens: Sequence[Transition | None],
    members: Callable[[Claim, Transition], Sequence[Task]] | None = None,
) -> Told:
    """Return the results of messages: in place of a digest's, one for each of its messages.

    `members`: what to ask for the messages of a digest in place of `outbox`.
    """
    told: Told = ([], [])
    for result, then in zip(results, thens, strict=True):
        claim = result.claim
        tasks: Sequence[Task] = [claim.task]
        if then is not None and is_digest(claim.task.campaign):
            tasks = members(claim, then) if members else outbox.members(claim.task.id)
        told[0].extend(replace(result, claim=replace(claim, task=task)) for task in tasks)
        told[1].extend([then] * len(tasks))
    return told


class Gathering:
    """Used by one thread at a time, inside the transaction of a visit to the store."""

    def __init__(self, outbox: Outbox, channels: Mapping[str, Channel], campaigns: Mapping[str, Campaign]) -> None:
        self._outbox = outbox
        self._channels = channels
        self._campaigns = campaigns
        self._numbers: dict[tuple[int, int], int] = {}
        """How many messages were fixed here in a digest, by that and its attempt."""

    def fixed(self, claim: Claim) -> Claim | Result | None:
        """Fix what a digest holds: as many messages as it may have and its channel takes, those that waited longest.

        Returns its claim, with the text; its result where no text can be made; None where nothing is left in it.
        """
        plan = self._plan(claim.task)
        members = self._outbox.members(claim.task.id)
        channel = plan.channel if plan else self._channels.get(claim.task.channel)
        batch = plan.batch if plan else None
        if batch is not None:
            members = members[: batch.batch.most]
        try:
            with untranslated():  # a refusal is kept
                text, number = self._text(batch, members, channel)
        except _NoTextError as error:
            fixed = self._outbox.fix(claim, [task.id for task in members[: error.number]], "")
            return None if fixed is None else Result(fixed, Outcome.rejected(error.code, str(error)), 0.0)
        fixed = self._outbox.fix(claim, [task.id for task in members[:number]], text)
        self._numbers[claim.task.id, claim.token] = number
        return fixed

    def members(self, claim: Claim, then: Transition, *, of_sent: bool) -> Sequence[Task]:
        """Return the messages of a digest of which there is a result.

        Those of one that was sent only are counted, unless `of_sent`: each is then shown as the digest itself, and the
        store is not asked where it was fixed for this very attempt. None can leave it while it is under way.
        """
        digest = claim.task
        number = self._numbers.pop((digest.id, claim.token), None)
        if of_sent or number is None or then.status is not Status.SENT:
            return self._outbox.members(digest.id)
        return [replace(digest, campaign=campaign_of(digest.campaign))] * number

    def outlived(self, claim: Claim) -> bool:
        """Whether a claim is of a digest that is fixed, of which a message has expired: it is to go without that."""
        task = claim.task
        if not task.text or not is_digest(task.campaign) or task.doubted_at is not None:
            return False
        now = self._outbox.now()
        return any(has_expired(member, now) for member in self._outbox.members(task.id))

    def _plan(self, digest: Task) -> MessagePlan | None:
        campaign = self._campaigns.get(campaign_of(digest.campaign))
        return campaign.message(digest.name) if campaign else None

    def _text(self, plan: BatchPlan | None, members: Sequence[Task], channel: Channel | None) -> tuple[str, int]:
        """Return the longest text that the channel takes, and of how many of the messages it is."""
        number = len(members)
        if not number:
            return "", 0
        text = _rendered(plan, members)
        if _takes(channel, text):
            return text, number
        least, most = 1, number  # the text of `most` is too long
        best = ""
        while least < most:
            number = (least + most) // 2
            text = _rendered(plan, members[:number])
            if _takes(channel, text):
                best, least = text, number + 1
            else:
                most = number
        if best:
            return best, least - 1
        bound = exceeded(channel.bounds, text) if channel else None
        assert bound is not None  # noqa: S101 - the channel does not take it
        raise _NoTextError(TOO_LONG, DIGEST_TOO_LONG(most=bound.most, unit=bound.name).text, number=1)


def _takes(channel: Channel | None, text: str) -> bool:
    return channel is None or exceeded(channel.bounds, text) is None


def _rendered(plan: BatchPlan | None, members: Sequence[Task]) -> str:
    """Render a digest. One whose campaign or template is gone has its messages one below the other."""
    if plan is None or plan.template is None:
        return "\n\n".join(task.text for task in members)
    try:
        text = plan.template(members)
    except RenderError as error:
        raise _NoTextError(TEMPLATE, DIGEST_TEXT(why=str(error)).text, number=len(members)) from error
    if not text.strip() or not storable(text):
        empty, broken = gettext("it is empty"), gettext("it has a NUL character, or half of a character")
        what = broken if text.strip() else empty
        raise _NoTextError(TEMPLATE, DIGEST_TEXT(why=what).text, number=len(members))
    return text


class _NoTextError(Exception):
    """No text can be made."""

    def __init__(self, code: str, why: str, *, number: int) -> None:
        super().__init__(why)
        self.code = code
        self.number = number
        """Of how many of the messages."""
