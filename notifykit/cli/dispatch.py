"""`notifykit dispatch`."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import click

from notifykit.cli.names import campaigns_option, channels_option, check_campaign, selected, tell
from notifykit.cli.report import exit_code, print_attention, print_dispatched
from notifykit.cli.sections import example
from notifykit.cli.signals import stopping_with
from notifykit.cli.stores import existing
from notifykit.config.known_store import looks
from notifykit.errors import ExitCode
from notifykit.metrics.counting import Counting
from notifykit.model import Status
from notifykit.operate.attention import Attention, attention
from notifykit.operate.forecast import Forecast, Turn, forecast
from notifykit.operate.forms import attention_form, dispatched_form, forecast_form
from notifykit.operate.lines import message_name
from notifykit.outbox.digests import is_digest
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.values import Filter
from notifykit.pipeline.dispatched import Dispatched
from notifykit.pipeline.project import Project
from notifykit.pipeline.selection import Selection
from notifykit.session import Session
from notifykit.terminal.console import info, json_option, out, print_json
from notifykit.terminal.progress import progress
from notifykit.terminal.tables import Key, Right, print_table
from notifykit.terminal.times import local
from notifykit.wording.translation import gettext

log = logging.getLogger(__name__)

SHOWN = 100

workers_option = click.option(
    "--workers", type=click.IntRange(1, 256), metavar="N", help="Concurrent sends, instead of the configured number."
)


@click.command(epilog=example("notifykit dispatch --dry-run", "notifykit dispatch --workers 8"))
@campaigns_option
@channels_option
@workers_option
@click.option("--once", is_flag=True, help="Send what is due now, and do not wait for retries, limits and pauses.")
@click.option("--dry-run", is_flag=True, help="List what waits, in order, and send nothing.")
@json_option
@click.pass_obj
@looks
def dispatch(
    session: Session,
    campaigns: tuple[str, ...],
    channels: tuple[str, ...],
    workers: int | None,
    once: bool,
    dry_run: bool,
    as_json: bool,
) -> ExitCode:
    """Send what is queued, until nothing waits any more.

    The first Ctrl-C (or SIGTERM) finishes what is on the wire and stops; the second leaves at once, and what was on
    the wire is then in doubt. Several dispatchers may run at the same time.

    With `--campaign` and `--channel` it claims, waits for and recovers only what is named. The order of a recipient's
    messages is kept: one of another campaign that stands first is not overtaken.
    """
    project = session.open_project(secrets=not dry_run)
    only = selected(campaigns, channels)
    project.require_channels(only.channels)
    with existing(project, upgrade=not dry_run) as outbox:
        for name in only.campaigns:
            check_campaign(project, outbox, name)
        tell("dispatch", only)
        if outbox is None:
            return _nothing(project, as_json=as_json, dry_run=dry_run)
        if not dry_run:
            return _dispatch(project, outbox, workers, only, once=once, as_json=as_json)
        expected = forecast(outbox, project.configuration.channels, only)
    return _tell(project, expected, as_json=as_json)


def _dispatch(
    project: Project, outbox: Outbox, workers: int | None, only: Selection, *, once: bool, as_json: bool
) -> ExitCode:
    log.info("dispatch: %s", project.about)
    with progress("sending", "attempts", lambda: _waiting(outbox, only)) as more:

        def ended(channels: Sequence[str]) -> None:
            more(len(channels))

        dispatcher = project.dispatcher(outbox, workers=workers, progress=ended, only=only)
        with stopping_with(dispatcher.stop) as interruption, Counting(project):
            dispatched = dispatcher.run(drain=not once)
    waiting = attention(outbox, project.configuration.channels)
    if as_json:
        form, for_you = dispatched_form(dispatched), attention_form(waiting, project.plugins.wording)
        print_json({**form, "interrupted": interruption.asked, "waiting_for_you": for_you})
    else:
        print_dispatched(dispatched)
        print_attention(waiting)
    if others := sum(1 for _ in outbox.tasks(Filter(statuses=(Status.SENDING,)))):
        info(
            gettext(
                "{others:,} on the wire of other workers; what they leave behind is recovered when their leases end",
                others=others,
            )
        )
    if interruption.asked:
        info(gettext("interrupted; what was not on the wire stays queued"))
        return ExitCode.INTERRUPTED
    return exit_code(failures={}, held=waiting)


def _waiting(outbox: Outbox, only: Selection) -> int:
    waiting = outbox.tasks(Filter(statuses=(Status.QUEUED,)))
    return sum(only.has(task.campaign, task.channel) for task in waiting if not is_digest(task.campaign))


def _tell(project: Project, expected: list[Forecast], *, as_json: bool) -> ExitCode:
    if as_json:
        print_json({"dry_run": True, "waiting": [forecast_form(item, project.plugins.wording) for item in expected]})
    else:
        print_forecast(expected)
    return ExitCode.DONE


def print_forecast(expected: list[Forecast]) -> None:
    """Show what waits: first what would be claimed now, in order."""
    due = sum(item.turn is Turn.NOW for item in expected)
    out(gettext("{due:,} due now, {number:,} waiting", due=due, number=len(expected) - due))
    if not expected:
        return
    print_table(
        [Right("id"), "turn", "campaign", Key("key"), "message", "channel", "to"],
        [
            (str(task.id), _turn(item), task.campaign, task.key, message_name(task), task.channel, task.recipient)
            for item in expected[:SHOWN]
            for task in (item.task,)
        ],
    )
    if len(expected) > SHOWN:
        out(gettext("… and {number:,} more; --json lists all", number=len(expected) - SHOWN))


def _turn(expected: Forecast) -> str:
    if expected.turn is Turn.BEHIND:
        return gettext("after {behind}", behind=expected.behind)
    if expected.turn is Turn.LATER:
        return gettext("at {time}", time=local(expected.until))
    if expected.turn is Turn.PAUSED:
        return (
            gettext("paused until {until}", until=local(expected.until))
            if expected.until
            else gettext("paused until resumed")
        )
    return gettext("now") if expected.turn is Turn.NOW else gettext("no such channel")


def _nothing(project: Project, *, as_json: bool, dry_run: bool) -> ExitCode:
    if as_json and dry_run:
        print_json({"dry_run": True, "waiting": []})
    elif as_json:
        form, for_you = dispatched_form(Dispatched()), attention_form(Attention(), project.plugins.wording)
        print_json({**form, "interrupted": False, "waiting_for_you": for_you})
    return ExitCode.DONE
