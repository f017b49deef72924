"""Renders the messages of one record, as they are queued."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Protocol

from notifykit.campaign.campaign import Campaign, MessagePlan
from notifykit.campaign.lengths import exceeded
from notifykit.campaign.limit_keys import keyed
from notifykit.campaign.split import split_on_line_ends
from notifykit.errors import NotifykitError
from notifykit.model import Draft, Metadata, Problem, Record
from notifykit.pipeline.alike import in_words
from notifykit.wording import Reason
from notifykit.wording.host import HALF_CHARACTER
from notifykit.wording.translation import gettext, gettext_noop

_HALF = re.compile("[\ud800-\udfff]")
"""Half of a surrogate pair: JSON and templates can spell it, and it is no Unicode text."""

MOST_OF_A_KEY = 1_000
"""Bytes of a key: a server's index has no room for much longer ones, and a key is the same in every store."""

_CORRECT = gettext_noop("correct the template or the row")
_KEY, _TEXT, _RECIPIENT = gettext_noop("key"), gettext_noop("text"), gettext_noop("recipient")


class Known(Protocol):
    """Says what was queued before."""

    def known(self, key: str, message: str) -> bool:
        """Whether a message of this name was ever queued for the record."""
        ...


def drafted(campaign: Campaign, record: Record, ledger: Known) -> list[Draft] | Problem:
    """Return the messages that a record needs; where one of them cannot be made, why the record is held."""
    try:
        metadata = campaign.strategy.metadata(record)
        return [
            draft
            for plan in campaign.messages
            if plan.when is None or plan.when(record)
            for draft in _drafts(campaign, plan, record, ledger, metadata)
        ]
    except _UnsendableError as error:
        return Problem(place=record.place, key=record.key, what=str(error), mend=error.mend, reason=error.reason)
    except NotifykitError as error:
        return Problem(place=record.place, key=record.key, what=str(error), mend=gettext(_CORRECT))


def _drafts(
    campaign: Campaign, plan: MessagePlan, record: Record, ledger: Known, metadata: Metadata
) -> Iterator[Draft]:
    text, recipient = plan.text(record), plan.recipient(record)
    options = None if plan.options is None else plan.options(record)
    for what, rendered in ((_TEXT, text), (_RECIPIENT, recipient)):
        if not rendered.strip():
            raise _UnsendableError(
                gettext("message `{plan}` has an empty {what}", plan=plan.name, what=gettext(what)), gettext(_CORRECT)
            )
    if len(data := record.key.encode("utf-8", "replace")) > MOST_OF_A_KEY:
        raise _UnsendableError(
            gettext("the key has {number} bytes, of at most {most}", number=len(data), most=MOST_OF_A_KEY),
            gettext("correct the row"),
        )
    if not _storable(f"{record.key}{text}{recipient}"):
        _require_storable(plan, record.key, text, recipient)
    for name, part in _parts(plan, record, ledger, text):
        draft = Draft(
            campaign=campaign.name,
            key=record.key,
            name=name,
            recipient=recipient,
            text=part,
            channel=plan.channel.name,
            task_type=plan.task_type,
            ordered=plan.ordered,
            metadata=metadata,
            options=None if options is None else options.stored,
            attachments=() if options is None else options.attachments,
        )
        yield keyed(draft, plan.channel)


def _storable(text: str) -> bool:
    """Whether a text is Unicode without NUL: sooner than looking for what is none."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def _require_storable(plan: MessagePlan, key: str, text: str, recipient: str) -> None:
    for what, rendered in ((_KEY, key), (_TEXT, text), (_RECIPIENT, recipient)):
        if "\0" in rendered:
            raise _UnsendableError(
                gettext(
                    "message `{plan}` has a NUL character (U+0000) in its {what}", plan=plan.name, what=gettext(what)
                ),
                gettext(_CORRECT),
            )
        if half := _HALF.search(rendered):
            raise _UnsendableError(
                HALF_CHARACTER(message=plan.name, part=what, half=f"\\u{ord(half[0]):04x}"), gettext(_CORRECT)
            )


def _parts(plan: MessagePlan, record: Record, ledger: Known, text: str) -> list[tuple[str, str]]:
    bounds = plan.channel.bounds
    if not bounds or (bound := exceeded(bounds, text)) is None:
        return [(plan.name, text)]
    parts = split_on_line_ends(text, bounds) if plan.split else None
    if parts is None:
        raise _UnsendableError(
            gettext(
                "message `{plan}` has {number} {unit}, channel `{channel}` takes {limit}",
                plan=plan.name,
                number=bound.of(text),
                unit=bound.name,
                channel=plan.channel.name,
                limit=bound.most,
            ),
            gettext("shorten the longest line")
            if plan.split
            else gettext("shorten the template, or set `split: lines`"),
        )
    if ledger.known(record.key, plan.name):
        return []  # a record that was edited since must not grow another part
    return [(plan.name if number == 1 else f"{plan.name}.{number}", part) for number, part in enumerate(parts, 1)]


class _UnsendableError(Exception):
    """Ends the rendering of one record."""

    def __init__(self, what: Reason | str, mend: str) -> None:
        super().__init__(in_words(what) if isinstance(what, Reason) else what)
        self.mend = mend
        self.reason = what if isinstance(what, Reason) else None
