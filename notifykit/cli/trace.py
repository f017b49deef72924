"""`notifykit trace`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from notifykit.cli.language import said
from notifykit.cli.names import check_campaign, unknown_key
from notifykit.cli.sections import example
from notifykit.cli.stores import existing
from notifykit.config.known_store import looks
from notifykit.errors import ExitCode, NotifykitError
from notifykit.model import Attempt, Status, Task
from notifykit.operate.archived import archived_of
from notifykit.operate.forms import archived_form, story_form
from notifykit.operate.lines import left_out, message_name, option_lines, told_later
from notifykit.operate.trace import InDigest, Step, StepKind, Trace, traces
from notifykit.outbox.digests import is_digest
from notifykit.session import Session
from notifykit.terminal.console import json_option, out, print_json, warn
from notifykit.terminal.stdout import emit
from notifykit.terminal.tables import print_table
from notifykit.terminal.times import duration, local, relative
from notifykit.wording import Reason
from notifykit.wording.translation import gettext, gettext_noop

if TYPE_CHECKING:
    from notifykit.operate.pruning import Archived

KINDS = (
    gettext_noop("adopted"),
    gettext_noop("cancelled"),
    gettext_noop("expired"),
    gettext_noop("late result"),
    gettext_noop("receipt"),
    gettext_noop("rerendered"),
    gettext_noop("resent"),
    gettext_noop("resolved"),
    gettext_noop("retried"),
    gettext_noop("set aside"),
    gettext_noop("undone"),
    gettext_noop("write back owed"),
)
"""What events of messages are called, and decisions about them."""

RECEIPTS = (gettext_noop("delivered"), gettext_noop("bounced"))
"""What services tell later."""

DIGESTS = 20
"""Lines about messages in digests."""

VERDICTS = (gettext_noop("accepted"), gettext_noop("rejected"), gettext_noop("retry"), gettext_noop("unknown"))


@click.command(epilog=example("notifykit trace 1010000000000000001"))
@click.argument("key")
@click.option("--campaign", metavar="CAMPAIGN", help="Only in this campaign.")
@json_option
@click.pass_obj
@looks
def trace(session: Session, key: str, campaign: str | None, as_json: bool) -> ExitCode:
    """Tell one record's whole story.

    In order, with every attempt to send its messages and every decision about them. KEY is the record's business key,
    such as a contract id.
    """
    project = session.open_project(secrets=False)
    found: list[Trace] = []
    gone: Archived | None = None
    now = 0.0
    with existing(project) as outbox:
        if outbox is not None:
            check_campaign(project, outbox, campaign)
            now = outbox.now()
            found = traces(outbox, key, campaign)
            gone = archived_of(project, outbox, key, campaign, _warn)
            if not found and gone is None:
                raise unknown_key(outbox, key, campaign)
    if as_json:
        wording = project.plugins.wording
        print_json(
            {
                "key": key,
                "stories": [story_form(story, wording) for story in found],
                "archived": gone and archived_form(gone, wording),
            }
        )
        return ExitCode.DONE
    for number, story in enumerate(found):
        if number:
            emit()
        _print(story, now)
    if gone is not None:
        if found:
            emit()
        _print_archived(gone, now)
    return ExitCode.DONE


def _warn(error: NotifykitError) -> None:
    warn(gettext("warning: {error}", error=error))


def _print_archived(gone: Archived, now: float) -> None:
    for story in gone.stories:
        _print(story, now)
    for message in gone.messages:
        out(
            gettext(
                "archived: {message} of {key} in campaign {campaign}: in {path} on {host}",
                message=message.name,
                key=message.key,
                campaign=message.campaign,
                path=gone.place.path,
                host=gone.place.host,
            )
        )
    if not gone.messages and is_digest(gone.stories[0].campaign):
        where = {"path": gone.place.path, "host": gone.place.host}
        out(gettext("archived: {key} is in {path} on {host}, with messages of it", key=gone.stories[0].key, **where))
    elif not gone.messages:
        out(
            gettext(
                "archived: {key} is in {path} on {host}, and the outbox has not heard of that: it was restored from a "
                "copy",
                key=gone.stories[0].key,
                path=gone.place.path,
                host=gone.place.host,
            )
        )
    if not gone.stories:
        out(gettext("their story is told where that file is; here is no {file}", file=gone.file))


def _print(story: Trace, now: float) -> None:
    out(gettext("{key} in campaign {campaign}", key=story.key, campaign=story.campaign or gettext("(none)")))
    print_table(
        ["local time", "", "message", "what happened"],
        [
            (local(step.at or None), relative(step.at or None, now), message_name(step.task), _told(step))
            for step in story.steps
        ],
    )
    for one in story.digests[:DIGESTS]:
        out(_in_digest(one))
    if len(story.digests) > DIGESTS:
        out(gettext("… and {number:,} more; --json lists all", number=len(story.digests) - DIGESTS))
    for task in story.tasks:
        out(
            gettext(
                "now: {name} to {recipient} by {channel}: {stands}",
                name=message_name(task),
                recipient=task.recipient,
                channel=task.channel,
                stands=_now(task, now),
            ),
            *(f"    {line}" for line in option_lines(task.options)),
        )


def _in_digest(one: InDigest) -> str:
    name, digest = message_name(one.message), one.digest
    if not one.fixed:
        return gettext(
            "digest: {key} {name} waits with others in digest {id} ({digest}), which is due at {time}",
            key=one.message.key,
            name=name,
            id=digest.id,
            digest=digest.key,
            time=local(digest.not_before or digest.queued_at),
        )
    return gettext(
        "digest: {key} {name} is one of {number:,} in digest {id} ({digest}): {status}",
        key=one.message.key,
        name=name,
        number=one.membership.members,
        id=digest.id,
        digest=digest.key,
        status=gettext(digest.status.value.replace("_", " ")),
    )


def _told(step: Step) -> str:
    if step.attempt is not None:
        return _attempt(step.attempt)
    if step.event is not None:
        kind, who, why = gettext(step.event.kind.replace("_", " ")), step.event.who, step.event.detail
        if not why:
            return gettext("{kind} by {who}", kind=kind, who=who)
        return gettext("{kind} by {who}: {why}", kind=kind, who=who, why=why)
    if step.kind is StepKind.QUEUED:
        return gettext("queued as task {id} for {recipient}", id=step.task.id, recipient=step.task.recipient)
    return gettext("sent") if step.kind is StepKind.SENT else gettext("written back")


def _attempt(attempt: Attempt) -> str:
    if attempt.verdict is None:
        return gettext("attempt {number} under way, by {worker}", number=attempt.number, worker=attempt.worker)
    told = (
        gettext("attempt {number}: {verdict}", number=attempt.number, verdict=gettext(attempt.verdict.value))
        if attempt.call_seconds is None
        else gettext(
            "attempt {number}: {verdict} after {duration}",
            number=attempt.number,
            verdict=gettext(attempt.verdict.value),
            duration=duration(attempt.call_seconds),
        )
    )
    why = " ".join(filter(None, (attempt.code, said(Reason(attempt.detail or "")))))
    if attempt.vendor_id:
        why = gettext("{why} (id {id})", why=why, id=attempt.vendor_id).strip()
    told = gettext("{told}: {why}", told=told, why=why) if why else told
    return gettext("; ").join(filter(None, (told, left_out(attempt))))


def _now(task: Task, now: float) -> str:
    words = {
        Status.SENT: gettext("sent, its write-back is owed"),
        Status.COMPLETED: gettext("sent and written back"),
        Status.IN_DOUBT: gettext("in doubt; `notifykit resolve {task}` decides", task=task.id),
        Status.FAILED: gettext("failed; `notifykit retry {task}` tries it again", task=task.id),
        Status.PENDING: gettext("pending, a row of another program"),
        Status.FOREIGN: gettext("foreign; `notifykit resolve {task}` decides", task=task.id),
    }
    stands = words.get(task.status, task.status.value)
    if task.status is Status.QUEUED and task.not_before > now:
        stands = gettext(
            "{status}, next attempt at {time} ({when})",
            status=stands,
            time=local(task.not_before),
            when=relative(task.not_before, now),
        )
    if task.status is Status.QUEUED and task.expires_at is not None:
        stands = gettext(
            "{stands}, expires at {time} ({when})",
            stands=stands,
            time=local(task.expires_at),
            when=relative(task.expires_at, now),
        )
    if task.reason:
        stands = gettext("{told} ({reason})", told=stands, reason=said(task.reason))
    return gettext("; ").join(filter(None, (stands, told_later(task.receipt))))
