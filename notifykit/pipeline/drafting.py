"""Renders the messages of one record, as they are queued."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Protocol

from notifykit.campaign.campaign import Campaign, MessagePlan
from notifykit.campaign.lengths import exceeded
from notifykit.campaign.limit_keys import keyed
from notifykit.campaign.split import split_on_line_ends
from notifykit.campaign.times import LATEST, PassTime, read_datetime
from notifykit.errors import NotifykitError
from notifykit.keys.normal import is_programs_number, is_spreadsheets_error
from notifykit.model import Draft, Metadata, Problem, Record
from notifykit.pipeline.alike import in_words
from notifykit.wording import Reason
from notifykit.wording.host import HALF_CHARACTER, RECIPIENT_ERROR, RECIPIENT_NUMBER
from notifykit.wording.translation import gettext, gettext_noop

_HALF = re.compile("[\ud800-\udfff]")
"""Half of a surrogate pair: JSON and templates can spell it, and it is no Unicode text."""

MOST_OF_A_KEY = 1_000
"""Bytes of a key: a server's index has no room for much longer ones, and a key is the same in every store."""

MOST_OF_A_PERIOD = 100
"""Bytes of a period: it is in the same index."""

_CORRECT = gettext_noop("correct the template or the row")
_KEY, _TEXT, _RECIPIENT = gettext_noop("key"), gettext_noop("text"), gettext_noop("recipient")


class Known(Protocol):
    """Says what was queued before."""

    def known(self, key: str, message: str, period: str = "") -> bool:
        """Whether a message of this name was ever queued for the record, in this period or a later one."""
        ...


def drafted(campaign: Campaign, record: Record, ledger: Known) -> list[Draft] | Problem:
    """Return the messages that a record needs; where one of them cannot be made, why the record is held."""
    try:
        metadata = campaign.strategy.metadata(record)
        period = _period(campaign, record) if campaign.opens_periods else ""
        return [
            draft
            for plan in campaign.messages
            if plan.when is None or plan.when(record)
            for draft in _drafts(campaign, plan, record, ledger, metadata, period)
        ]
    except _UnsendableError as error:
        return Problem(place=record.place, key=record.key, what=str(error), mend=error.mend, reason=error.reason)
    except NotifykitError as error:
        return Problem(place=record.place, key=record.key, what=str(error), mend=gettext(_CORRECT))


def period_of(campaign: Campaign, record: Record) -> str | None:
    """Return in which period a record is told; None where that cannot be said, so that it is held."""
    try:
        return _period(campaign, record)
    except (_UnsendableError, NotifykitError):
        return None


def _period(campaign: Campaign, record: Record) -> str:
    period: object = campaign.strategy.period(record)
    if isinstance(period, str) and _fits(period):
        return period
    raise _UnsendableError(
        gettext(
            "the period {period!r:.120} is no line of text of at most {most} bytes without @",
            period=period,
            most=MOST_OF_A_PERIOD,
        ),
        gettext("correct the row, or `every` of the campaign's strategy"),
    )


def _fits(period: str) -> bool:
    plain = period == period.strip() and period.isprintable() and "@" not in period
    return plain and len(period.encode()) <= MOST_OF_A_PERIOD


def _drafts(
    campaign: Campaign, plan: MessagePlan, record: Record, ledger: Known, metadata: Metadata, period: str
) -> Iterator[Draft]:
    text, recipient = plan.text(record), plan.recipient(record)
    options = None if plan.options is None else plan.options(record)
    for what, rendered in ((_TEXT, text), (_RECIPIENT, recipient)):
        if not rendered.strip():
            raise _UnsendableError(
                gettext("message `{plan}` has an empty {what}", plan=plan.name, what=gettext(what)), gettext(_CORRECT)
            )
    if not recipient[0].isalpha():
        _require_unmangled(plan, recipient)
    if len(data := record.key.encode("utf-8", "replace")) > MOST_OF_A_KEY:
        raise _UnsendableError(
            gettext("the key has {number} bytes, of at most {most}", number=len(data), most=MOST_OF_A_KEY),
            gettext("correct the row"),
        )
    if not storable(f"{record.key}{text}{recipient}"):
        _require_storable(plan, record.key, text, recipient)
    not_before, expires_at = _times(plan, record, campaign.time)
    for name, part in _parts(plan, record, ledger, text, period):
        draft = Draft(
            campaign=campaign.name,
            key=record.key,
            name=name,
            recipient=recipient,
            text=part,
            channel=plan.channel.name,
            task_type=plan.task_type,
            ordered=plan.ordered and plan.batch is None,
            metadata=metadata,
            options=None if options is None else options.stored,
            attachments=() if options is None else options.attachments,
            period=period,
            not_before=not_before,
            expires_at=expires_at,
            batch=None if plan.batch is None else plan.batch.batch,
        )
        yield keyed(draft, plan.channel)


def _times(plan: MessagePlan, record: Record, time: PassTime) -> tuple[float, float | None]:
    """Return when a message may be sent, 0 where that is at once, and when it expires."""
    if plan.send_at is None and plan.quiet is None and plan.expires is None:
        return 0.0, None
    now = at = time.at
    if plan.send_at is not None:
        try:
            at = max(now, read_datetime(plan.send_at(record), time.zone).timestamp())
        except ValueError as error:
            what = gettext("message `{plan}` has no time in `send_at`: {error}", plan=plan.name, error=error)
            raise _UnsendableError(what, gettext(_CORRECT)) from error
    expires_at = None if plan.expires is None else min(at + plan.expires, LATEST)
    if plan.quiet is not None:
        at = plan.quiet.until(at)
    return (at if at > now else 0.0), expires_at


def _require_unmangled(plan: MessagePlan, recipient: str) -> None:
    """Hold what a spreadsheet made of a telephone number: somebody else may have the one that is left of it."""
    if is_programs_number(recipient):
        mend = gettext("put the digits back from where they came, with the column formatted as text")
        raise _UnsendableError(RECIPIENT_NUMBER(message=plan.name, recipient=recipient), mend)
    if is_spreadsheets_error(recipient):
        mend = gettext("mend the formula that gives it")
        raise _UnsendableError(RECIPIENT_ERROR(message=plan.name, recipient=recipient), mend)


def storable(text: str) -> bool:
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


def _parts(plan: MessagePlan, record: Record, ledger: Known, text: str, period: str) -> list[tuple[str, str]]:
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
    if ledger.known(record.key, plan.name, period):
        return []  # a record that was edited since must not grow another part
    return [(plan.name if number == 1 else f"{plan.name}.{number}", part) for number, part in enumerate(parts, 1)]


class _UnsendableError(Exception):
    """Ends the rendering of one record."""

    def __init__(self, what: Reason | str, mend: str) -> None:
        super().__init__(in_words(what) if isinstance(what, Reason) else what)
        self.mend = mend
        self.reason = what if isinstance(what, Reason) else None
