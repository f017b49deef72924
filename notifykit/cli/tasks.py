"""`notifykit tasks`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import click

from notifykit.cli.language import said
from notifykit.cli.names import check_campaign, check_channel
from notifykit.cli.sections import example
from notifykit.cli.stores import existing
from notifykit.config.known_store import looks
from notifykit.errors import ExitCode
from notifykit.model import Status, Task
from notifykit.operate.forms import task_form
from notifykit.operate.lines import message_name
from notifykit.outbox.pruned import ArchivePlace, KeepsPruned
from notifykit.outbox.values import Filter
from notifykit.session import Session
from notifykit.terminal.console import count, json_option, out, print_json, some
from notifykit.terminal.tables import Key, Right, print_table
from notifykit.terminal.times import duration
from notifykit.wording.translation import gettext, gettext_noop

SHOWN = 100

status_option: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "--status",
    "statuses",
    type=click.Choice([status.value for status in Status]),
    multiple=True,
    metavar="STATUS",
    help=f"Only in this state: {', '.join(status.value for status in Status)}. May be repeated.",
)
campaign_option: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "--campaign", metavar="CAMPAIGN", help="Only of this campaign."
)
key_option: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "--key", metavar="KEY", help="Only of the record with this business key."
)
where_option: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "--where", metavar="TEXT", help="Only those whose reason has this text in it."
)
reason_option: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "--reason", metavar="CODE", help="Only those whose reason, or a cause of it, has this code."
)


def limit_option(shown: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the option `--limit` of a list; `shown`: its default for people."""
    return click.option(
        "--limit",
        type=click.IntRange(1, 2**63 - 1),
        metavar="N",
        help=f"List at most so many. [default: {shown}, or all with --json]",
    )


@click.command(
    epilog=example("notifykit tasks --status failed --status in_doubt", "notifykit tasks --campaign beijing")
)
@campaign_option
@key_option
@status_option
@click.option("--channel", metavar="CHANNEL", help="Only of this channel.")
@limit_option(SHOWN)
@json_option
@click.pass_obj
@looks
def tasks(
    session: Session,
    campaign: str | None,
    key: str | None,
    statuses: tuple[str, ...],
    channel: str | None,
    limit: int | None,
    as_json: bool,
) -> ExitCode:
    """List messages and where each stands.

    In the order in which they were queued; below them, by id, why they are not sent. group #2 is the message `group`
    in its second round: it was sent again; group 2026-11-29 is that of a period, where a strategy opens some.
    """
    project = session.open_project(secrets=False)
    found: list[Task] = []
    more = False
    archives: list[ArchivePlace] = []
    archived = 0
    now = 0.0
    with existing(project) as outbox:
        if outbox is not None:
            check_campaign(project, outbox, campaign)
            check_channel(project, outbox, channel)
            at_most = limit if limit or as_json else SHOWN
            which = Filter(
                campaign=campaign,
                key=key,
                statuses=tuple(map(Status, statuses)),
                channel=channel,
                limit=at_most and at_most + 1,
            )
            now = outbox.now()
            found = list(outbox.tasks(which))
            more = at_most is not None and len(found) > at_most
            found = found[:at_most]
            if isinstance(outbox, KeepsPruned):
                archives = outbox.archives()
                archived = len(outbox.pruned(key, campaign)) if key else outbox.count_pruned()
    if as_json:
        print_json(
            {
                "tasks": [task_form(task, project.plugins.wording) for task in found],
                "more": more,
                "archived": archived,
            }
        )
    elif outbox is not None:
        print_tasks(found, now)
        if more:
            out(gettext("… there are more; --limit {number} lists more of them, --json all", number=len(found) * 10))
        if archived and archives:
            messages = count(archived, "message")
            told = (
                gettext_noop("archived: {messages} of {key} in {path} on {host}; `notifykit trace KEY`")
                if key
                else gettext_noop("archived: {messages} in {path} on {host}; `notifykit trace KEY`")
            )
            out(gettext(told, messages=messages, key=key, path=archives[0].path, host=archives[0].host))
    return ExitCode.DONE


def print_tasks(found: list[Task], now: float) -> None:
    """Show tasks as a table, and below it why they are where they are."""
    if not found:
        out(gettext("no messages"))
        return
    print_table(
        [Right("id"), "status", "receipt", "campaign", Key("key"), "message", "to", Right("tries"), Right("age")],
        [
            (
                str(task.id),
                task.status.value,
                gettext(task.receipt.status.value) if task.receipt else "",
                task.campaign,
                task.key,
                message_name(task),
                task.recipient,
                str(task.tries) if task.tries else "",
                duration(max(0.0, now - task.queued_at) if task.queued_at else None, units=1),
            )
            for task in found
        ],
    )
    why: dict[str, list[str]] = defaultdict(list)
    for task in found:
        if task.reason:
            why[said(task.reason)].append(str(task.id))
    for reason, ids in why.items():
        out(gettext("{ids}: {reason}", ids=some(ids), reason=reason))
