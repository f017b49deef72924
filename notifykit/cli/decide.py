"""`notifykit retry`, `resolve`, `resend` and `resume`: a person's decisions, each recorded with who and why."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

import click

from notifykit.cli.examples import example
from notifykit.cli.forms import task_form
from notifykit.cli.names import check_campaign, check_channel
from notifykit.cli.stores import NOTHING_YET
from notifykit.cli.tasks import campaign_option, key_option, print_tasks, reason_option, where_option
from notifykit.errors import ExitCode, NotifykitError
from notifykit.model import Status, Task
from notifykit.operate.decisions import Resolution, Selection, decide, resendable
from notifykit.operate.decisions import resend as send_again
from notifykit.outbox import Outbox
from notifykit.pipeline.project import Project
from notifykit.session import Session
from notifykit.terminal.console import count, json_option, out, print_json, warn

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def _who(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str:
    if value:
        return value
    try:
        name = getpass.getuser()
        name.encode()  # LOGNAME may hold bytes that are no text
    except (OSError, KeyError, ImportError, UnicodeError) as error:
        raise click.UsageError("this computer does not say who you are; say it with --who NAME") from error
    return name


def _reason(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if not value.strip():
        raise click.BadParameter("must not be empty: it is what people read later")
    return value


ids_argument: Decorator = click.argument("ids", type=click.IntRange(1, 2**63 - 1), nargs=-1, metavar="[ID]...")
why_option: Decorator = click.option(
    "--why", required=True, callback=_reason, metavar="TEXT", help="The reason, which is kept with the message."
)
who_option: Decorator = click.option(
    "--who", callback=_who, metavar="NAME", help="Who decides. [default: the user of this computer]"
)


@click.command(
    epilog=example('notifykit retry 4 --why "the robot is back"', 'notifykit retry --failed --why "the robot is back"')
)
@ids_argument
@click.option("--failed", is_flag=True, help="All that failed, instead of ids.")
@campaign_option
@key_option
@where_option
@reason_option
@why_option
@who_option
@json_option
@click.pass_obj
def retry(
    session: Session,
    ids: tuple[int, ...],
    failed: bool,
    campaign: str | None,
    key: str | None,
    where: str | None,
    reason: str | None,
    why: str,
    who: str,
    as_json: bool,
) -> ExitCode:
    """Try failed messages again.

    Those with the ids, or all that the filters describe. The count of tries starts anew.
    """
    which = _selection(ids, campaign, key, (Status.FAILED,) if failed else (), where, reason, default=Status.FAILED)
    return _decide(session, which, Resolution.RETRY, who=who, why=why, as_json=as_json)


@click.command(
    epilog=example(
        'notifykit resolve 3 --sent --why "it is in the group"',
        'notifykit resolve --campaign beijing --resend --why "the group never got them"',
        'notifykit resolve --reason ReadTimeout --sent --why "they are all in the group"',
    )
)
@ids_argument
@click.option("--sent", is_flag=True, help="It has arrived: from in_doubt or failed to sent.")
@click.option("--resend", "again", is_flag=True, help="It has not arrived: from in_doubt back to queued.")
@click.option("--cancel", is_flag=True, help="Drop it: from queued, failed or in_doubt to cancelled.")
@campaign_option
@key_option
@where_option
@reason_option
@click.option(
    "--status",
    "statuses",
    type=click.Choice([status.value for status in Resolution.CANCEL.of]),
    multiple=True,
    metavar="STATUS",
    help="With filters instead of ids: in this state. [default: in_doubt]",
)
@why_option
@who_option
@json_option
@click.pass_obj
def resolve(
    session: Session,
    ids: tuple[int, ...],
    sent: bool,
    again: bool,
    cancel: bool,
    campaign: str | None,
    key: str | None,
    where: str | None,
    reason: str | None,
    statuses: tuple[str, ...],
    why: str,
    who: str,
    as_json: bool,
) -> ExitCode:
    """Decide about messages in doubt.

    Or drop what should not be sent. Those with the ids, or all that the filters describe.
    """
    chosen = [
        decision
        for decision, asked in ((Resolution.SENT, sent), (Resolution.RESEND, again), (Resolution.CANCEL, cancel))
        if asked
    ]
    if len(chosen) != 1:
        raise click.UsageError("say what is to become of them: --sent, --resend or --cancel")
    which = _selection(ids, campaign, key, tuple(map(Status, statuses)), where, reason, default=Status.IN_DOUBT)
    return _decide(session, which, chosen[0], who=who, why=why, as_json=as_json)


def _selection(
    ids: tuple[int, ...],
    campaign: str | None,
    key: str | None,
    statuses: tuple[Status, ...],
    where: str | None,
    reason: str | None,
    *,
    default: Status,
) -> Selection:
    filtered = any(given is not None for given in (campaign, key, where, reason)) or bool(statuses)
    if ids and filtered:
        raise click.UsageError("give ids or filters, not both")
    if not ids and not filtered:
        raise click.UsageError("say which: ids (`notifykit tasks` lists them), or filters such as --campaign")
    return Selection(
        ids=ids,
        campaign=campaign,
        key=key,
        statuses=() if ids else statuses or (default,),
        where=where,
        reason=reason,
    )


def _decide(session: Session, which: Selection, decision: Resolution, *, who: str, why: str, as_json: bool) -> ExitCode:
    project = session.open_project(secrets=False)
    with existing_store(project) as outbox:
        check_campaign(project, outbox, which.campaign)
        changed = decide(outbox, which, decision, who=who, why=why, wording=project.plugins.wording)
        now = outbox.now()
    _print_changed(changed, project, now, as_json=as_json)
    return ExitCode.DONE


@click.command(
    epilog=example(
        'notifykit resend 1010000000000000001 --campaign beijing --message group --why "deleted by mistake" --yes'
    )
)
@click.argument("key")
@click.option("--campaign", required=True, metavar="CAMPAIGN", help="The campaign of the record.")
@click.option(
    "--message", "messages", multiple=True, metavar="NAME", help="Only this message; may be repeated. [default: all]"
)
@click.option("--yes", is_flag=True, help="Do not ask. Needed where there is no terminal.")
@why_option
@who_option
@json_option
@click.pass_obj
def resend(
    session: Session,
    key: str,
    campaign: str,
    messages: tuple[str, ...],
    yes: bool,
    why: str,
    who: str,
    as_json: bool,
) -> ExitCode:
    """Send again what was sent, in a new round.

    KEY is the record's business key. Its recipients get the same text twice: that is what you ask for.
    """
    project = session.open_project(secrets=False)
    with existing_store(project) as outbox:
        check_campaign(project, outbox, campaign)
        planned = resendable(outbox, campaign, key, messages)
        if not yes and not _confirmed(planned):
            warn("nothing was changed")
            return ExitCode.DONE
        opened = send_again(outbox, campaign, key, [task.name for task in planned], who=who, why=why)
        now = outbox.now()
    _print_changed(opened, project, now, as_json=as_json)
    return ExitCode.DONE


def _confirmed(planned: Sequence[Task]) -> bool:
    if not sys.stdin.isatty():
        raise click.UsageError("this sends messages a second time; confirm it with --yes")
    for task in planned:
        warn(f"{task.name} to {task.recipient} by {task.channel}, sent before as task {task.id}")
    return click.confirm(f"Send {count(len(planned), 'message')} again?", err=True)


@click.command(epilog=example("notifykit resume beijing-group"))
@click.argument("channel")
@json_option
@click.pass_obj
def resume(session: Session, channel: str, as_json: bool) -> ExitCode:
    """End the pause of a channel.

    CHANNEL is the name of a sender in notifykit.yaml. A robot that refuses everything (a wrong key) is paused until
    you have mended it.
    """
    project = session.open_project(secrets=False)
    with existing_store(project) as outbox:
        check_channel(project, outbox, channel)
        resumed = outbox.resume(channel)
    if as_json:
        print_json({"channel": channel, "resumed": resumed})
    else:
        out(f"channel {channel} {'goes on' if resumed else 'is not paused'}")
    return ExitCode.DONE


@contextmanager
def existing_store(project: Project) -> Iterator[Outbox]:
    """Open the store to decide about what is in it. Raises NotifykitError where there is none yet.

    A table that is an old program's, or is so again after a rollback, is no store.
    """
    store = project.configuration.settings.store
    project.known_store.require_there(store)
    if not store.exists():
        raise NotifykitError(f"there is no {store}, so there is nothing to decide about", where=NOTHING_YET)
    with closing(project.open_outbox(create=False)) as outbox:
        yield outbox


def _print_changed(changed: Sequence[Task], project: Project, now: float, *, as_json: bool) -> None:
    if as_json:
        print_json({"changed": [task_form(task, project.plugins.wording) for task in changed]})
    elif changed:
        out(f"{count(len(changed), 'message')} changed:")
        print_tasks(list(changed), now)
    else:
        out("nothing is in that state; nothing was changed")
