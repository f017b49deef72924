"""`notifykit retry`, `resolve`, `cancel`, `resend`, `resume`: a person's decisions, each recorded with who and why."""

from __future__ import annotations

from collections.abc import Sequence

import click

from notifykit.cli.deciding import Decorator, Way, decision_options, existing_store, ids_of
from notifykit.cli.language import said
from notifykit.cli.names import check_campaign, check_channel, check_key
from notifykit.cli.sections import example
from notifykit.cli.tasks import campaign_option, key_option, print_tasks, reason_option, where_option
from notifykit.config.known_store import looks
from notifykit.errors import ExitCode
from notifykit.model import Status, Task
from notifykit.operate.consequences import Consequences, of_moves, of_resuming
from notifykit.operate.decisions import Resolution, Selection, chosen, decide, newest_decision, resendable
from notifykit.operate.decisions import resend as send_again
from notifykit.operate.forms import channel_form, consequences_form, task_form
from notifykit.operate.lines import channel_lines, lines_of
from notifykit.operate.telling import tell_decided
from notifykit.pipeline.one_message import take_lost
from notifykit.pipeline.project import Project
from notifykit.session import Session
from notifykit.terminal.console import count, out, print_json
from notifykit.wording.translation import gettext, gettext_noop

ids_argument: Decorator = click.argument("ids", type=click.IntRange(1, 2**63 - 1), nargs=-1, metavar="[ID]...")

_QUESTIONS = {
    Resolution.RETRY: gettext_noop("Queue {messages} again?"),
    Resolution.SENT: gettext_noop("Take {messages} as sent?"),
    Resolution.RESEND: gettext_noop("Send {messages}?"),
    Resolution.CANCEL: gettext_noop("Cancel {messages}?"),
}


def _status_option(of: Resolution, default: Status) -> Decorator:
    return click.option(
        "--status",
        "statuses",
        type=click.Choice([status.value for status in of.of]),
        multiple=True,
        metavar="STATUS",
        help=f"With filters instead of ids: in this state. May be repeated. [default: {default.value}]",
    )


@click.command(
    epilog=example(
        'notifykit retry 4 --why "the robot is back"',
        'notifykit retry --failed --why "the robot is back" --yes',
        "notifykit retry --status cancelled --campaign beijing --dry-run",
    )
)
@ids_argument
@click.option("--failed", is_flag=True, help="All that failed, instead of ids.")
@campaign_option
@key_option
@where_option
@reason_option
@_status_option(Resolution.RETRY, Status.FAILED)
@decision_options()
@click.pass_obj
@looks
def retry(
    session: Session,
    ids: tuple[int, ...],
    failed: bool,
    campaign: str | None,
    key: str | None,
    where: str | None,
    reason: str | None,
    statuses: tuple[str, ...],
    way: Way,
) -> ExitCode:
    """Try failed messages again, and queue cancelled ones again.

    Those with the ids, or all that the filters describe. The count of tries starts anew. What a migration cancelled is
    never queued again.
    """
    wanted = tuple(map(Status, statuses)) + ((Status.FAILED,) if failed else ())
    which = _selection(ids, campaign, key, wanted, where, reason, default=Status.FAILED)
    return _decide(session, which, Resolution.RETRY, way)


@click.command(
    epilog=example(
        'notifykit resolve 3 --sent --why "it is in the group"',
        'notifykit resolve --campaign beijing --resend --why "the group never got them" --yes',
        'notifykit resolve --reason ReadTimeout --sent --why "they are all in the group" --yes',
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
@_status_option(Resolution.CANCEL, Status.IN_DOUBT)
@decision_options()
@click.pass_obj
@looks
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
    way: Way,
) -> ExitCode:
    """Decide about messages in doubt.

    Or drop what should not be sent. Those with the ids, or all that the filters describe.
    """
    asked = [
        decision
        for decision, wanted in ((Resolution.SENT, sent), (Resolution.RESEND, again), (Resolution.CANCEL, cancel))
        if wanted
    ]
    if len(asked) != 1:
        raise click.UsageError(gettext("say what is to become of them: --sent, --resend or --cancel"))
    which = _selection(ids, campaign, key, tuple(map(Status, statuses)), where, reason, default=Status.IN_DOUBT)
    return _decide(session, which, asked[0], way)


@click.command(
    name="cancel",
    epilog=example(
        'notifykit cancel 4 --why "the contract is void"',
        "notifykit cancel --campaign beijing --status failed --status queued --dry-run",
    ),
)
@ids_argument
@campaign_option
@key_option
@where_option
@reason_option
@_status_option(Resolution.CANCEL, Status.QUEUED)
@decision_options()
@click.pass_obj
@looks
def cancel_(
    session: Session,
    ids: tuple[int, ...],
    campaign: str | None,
    key: str | None,
    where: str | None,
    reason: str | None,
    statuses: tuple[str, ...],
    way: Way,
) -> ExitCode:
    """Drop messages that should not be sent.

    Those with the ids, or all that the filters describe. A record is flagged when all of its other messages are sent.
    `notifykit undo` takes it back, `notifykit retry` queues what was cancelled again.
    """
    which = _selection(ids, campaign, key, tuple(map(Status, statuses)), where, reason, default=Status.QUEUED)
    return _decide(session, which, Resolution.CANCEL, way)


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
        raise click.UsageError(gettext("give ids or filters, not both"))
    if not ids and not filtered:
        raise click.UsageError(gettext("say which: ids (`notifykit tasks` lists them), or filters such as --campaign"))
    return Selection(
        ids=ids,
        campaign=campaign,
        key=key,
        statuses=() if ids else statuses or (default,),
        where=where,
        reason=reason,
    )


def _decide(session: Session, which: Selection, decision: Resolution, way: Way) -> ExitCode:
    way.require_consent(named=bool(which.ids), what=gettext("this is about all that the filters describe"))
    project = session.open_project(secrets=False)
    wording = project.plugins.wording
    shown: Consequences | None = None
    with existing_store(project, look=way.dry_run) as outbox:
        check_campaign(project, outbox, which.campaign)
        check_key(outbox, which.key, which.campaign)
        if not way.dry_run:
            take_lost(outbox, project.clock)
        if way.shows:
            shown = of_moves(outbox, chosen(outbox, which, decision, wording=wording), decision.to)
            question = gettext(_QUESTIONS[decision], messages=count(len(shown.moves), "message"))
            if shown.moves and not way.agreed(lines_of(shown, said), question):
                return ExitCode.DONE
        if not way.dry_run:
            with outbox.transaction():
                changed = decide(
                    outbox, which, decision, who=way.who, why=way.why, wording=wording, shown=ids_of(shown)
                )
                made = newest_decision(outbox, changed)
            tell_decided(project, outbox, made)
            now = outbox.now()
    if way.dry_run:
        _print_foreseen(shown, project, way)
    else:
        _print_changed(changed, made, project, now, way)
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
@decision_options()
@click.pass_obj
@looks
def resend(session: Session, key: str, campaign: str, messages: tuple[str, ...], way: Way) -> ExitCode:
    """Send again what was sent, in a new round.

    KEY is the record's business key. Its recipients get the same text twice: that is what you ask for.
    """
    way.require_consent(named=False, what=gettext("this sends messages a second time"))
    project = session.open_project(secrets=False)
    with existing_store(project, look=way.dry_run) as outbox:
        check_campaign(project, outbox, campaign)
        planned = resendable(outbox, campaign, key, messages)
        shown = of_moves(outbox, planned, Status.QUEUED, new=True) if way.shows else None
        question = gettext("Send {messages} again?", messages=count(len(planned), "message"))
        if shown is not None and not way.agreed(lines_of(shown, said), question):
            return ExitCode.DONE
        if not way.dry_run:
            with outbox.transaction():
                opened = send_again(outbox, campaign, key, [task.name for task in planned], who=way.who, why=way.why)
                made = newest_decision(outbox, opened)
            tell_decided(project, outbox, made)
            now = outbox.now()
    if way.dry_run:
        _print_foreseen(shown, project, way)
    else:
        _print_changed(opened, made, project, now, way)
    return ExitCode.DONE


@click.command(epilog=example("notifykit resume beijing-group"))
@click.argument("channel")
@decision_options(why_needed=False)
@click.pass_obj
@looks
def resume(session: Session, channel: str, way: Way) -> ExitCode:
    """End the pause of a channel.

    CHANNEL is the name of a sender in notifykit.yaml. A robot that refuses everything (a wrong key) is paused until
    you have mended it.
    """
    project = session.open_project(secrets=False)
    wording = project.plugins.wording
    with existing_store(project, look=way.dry_run) as outbox:
        check_channel(project, outbox, channel)
        found = of_resuming(outbox, channel)
        if found.anything and not way.agreed(
            channel_lines(found, said), gettext("Let channel {channel} go on?", channel=channel)
        ):
            return ExitCode.DONE
        resumed = not way.dry_run and outbox.resume(channel, who=way.who, why=way.why)
        if resumed:
            tell_decided(project, outbox, next((one.id for one in outbox.decisions() if one.channel == channel), None))
    if way.dry_run:
        if way.as_json:
            print_json(channel_form(found, wording))
        else:
            out(*channel_lines(found, said))
    elif way.as_json:
        print_json({"channel": channel, "resumed": resumed})
    else:
        out(
            gettext("channel {channel} goes on", channel=channel)
            if resumed
            else gettext("channel {channel} is not paused", channel=channel)
        )
    return ExitCode.DONE


def _print_foreseen(found: Consequences | None, project: Project, way: Way) -> None:
    assert found is not None  # noqa: S101 - it is a dry run
    if way.as_json:
        print_json(consequences_form(found, project.plugins.wording))
    else:
        out(*lines_of(found, said))


def _print_changed(changed: Sequence[Task], made: int | None, project: Project, now: float, way: Way) -> None:
    if way.as_json:
        print_json({"changed": [task_form(task, project.plugins.wording) for task in changed], "decision": made})
    elif changed:
        out(gettext("{messages} changed:", messages=count(len(changed), "message")))
        print_tasks(list(changed), now)
        out(gettext("`notifykit undo {decision}` takes it back", decision=made))
    else:
        out(gettext("nothing is in that state; nothing was changed"))
