"""`notifykit status`."""

from __future__ import annotations

from collections.abc import Sequence

import click

from notifykit.cli.examples import example
from notifykit.cli.language import said
from notifykit.cli.stores import existing_at
from notifykit.clock import SystemClock
from notifykit.errors import ExitCode
from notifykit.model import FOREVER, Claim, Status, Task
from notifykit.operate.attention import doubtful_tests, lost_calls, outages, overdue_calls
from notifykit.operate.forms import figures_form, hold_form, outage_form, overdue_form, pause_form
from notifykit.operate.looking import looks
from notifykit.outbox import Outbox
from notifykit.outbox.values import TEST_CAMPAIGN, CampaignFigures, Filter, Outage, Pause, is_reserved
from notifykit.session import Session
from notifykit.terminal.console import count, json_option, out, print_json
from notifykit.terminal.stdout import emit
from notifykit.terminal.tables import Right, print_table
from notifykit.terminal.times import duration, iso, local, relative
from notifykit.wording import Reason
from notifykit.wording.translation import gettext

SHOWN = 5
"""Messages of a kind that are named one by one."""


@click.command(epilog=example("notifykit status", "notifykit status --json"))
@json_option
@click.pass_obj
@looks
def status(session: Session, as_json: bool) -> ExitCode:
    """Show how each campaign stands.

    Waiting: queued. Sent: accepted by the service. Flags owed: records whose every message is sent, cancelled ones not
    counted, and which do not say so yet. Archived: sent, written back, and moved away by `notifykit store prune`.
    Oldest: when the longest waiting message was queued. Refused: offers of a message that was there already; nothing
    was sent for these. Twice?: messages with two attempts that were or may have been accepted. The others are of the
    latest 20,000 attempts. Success: share of attempts. Wait: from queued to accepted. Call: how long the service took.
    p50 and p95: half, and all but one in twenty, were as fast. Error: code of attempts that were not accepted.
    """
    project = session.project_file()
    clock = SystemClock()
    now = clock.now()
    figures: list[CampaignFigures] = []
    own: list[CampaignFigures] = []
    pauses: list[Pause] = []
    overdue: list[Claim] = []
    lost: list[Claim] = []
    doubtful: list[Task] = []
    cut_off: list[Outage] = []
    unowned = foreign = 0
    held: dict[str, Reason] = {}
    with existing_at(project, project.store(session.plugins.registry), clock) as outbox:
        if outbox is not None:
            now = outbox.now()
            all_figures, pauses, unowned = outbox.figures(), outbox.pauses(), _count(outbox, Status.PENDING)
            own = [item for item in all_figures if is_reserved(item.campaign)]
            figures = [item for item in all_figures if not is_reserved(item.campaign)]
            foreign = _count(outbox, Status.FOREIGN)
            held = dict(outbox.held_campaigns())
            cut_off = outages(outbox)
            if outbox.on_wire():  # only then is the section worth its validation
                overdue = overdue_calls(outbox, project.section().dispatch.timeout)
                lost = lost_calls(outbox)
            doubtful = doubtful_tests(outbox, SHOWN)
    if as_json:
        print_json(
            {
                "at": iso(now),
                "campaigns": [figures_form(item, now) for item in figures],
                "own_messages": [figures_form(item, now) for item in own],
                "pauses": [pause_form(pause, session.plugins.wording) for pause in pauses],
                "outages": [outage_form(outage, session.plugins.wording) for outage in cut_off],
                "overdue_calls": [overdue_form(claim, now) for claim in overdue],
                "lost_calls": [overdue_form(claim, now) for claim in lost],
                "pending_without_campaign": unowned,
                "foreign": foreign,
                "queue_nothing": {name: reason.text for name, reason in held.items()},
                "queue_nothing_reasons": {
                    name: hold_form(session.plugins.wording.known(reason)) for name, reason in held.items()
                },
            }
        )
    elif outbox is not None:
        _print(figures, pauses, unowned, now)
        for item in own:
            counted = gettext(", ").join(f"{number:,} {status}" for status, number in item.by_status.items() if number)
            out(
                "",
                gettext(
                    "notifykit's own messages, {campaign}: {counted}; "
                    "`notifykit tasks --campaign {campaign}` lists them",
                    campaign=item.campaign,
                    counted=counted,
                ),
            )
        if foreign:
            out(
                "",
                gettext(
                    "{rows} that another program wrote into what cannot be read, or gave a status that notifykit "
                    "does not know; `notifykit tasks --status foreign` lists them",
                    rows=count(foreign, "row"),
                ),
            )
        for outage in cut_off:
            out("", gettext("channel {channel}: {told}", channel=outage.channel, told=_outage(outage, now)))
        for task in doubtful:
            why = said(task.reason) if task.reason else ""
            out(
                "",
                gettext(
                    "task {id}, a test by {channel}, is in doubt: {why}; `notifykit resolve {id}` decides",
                    id=task.id,
                    channel=task.channel,
                    why=why,
                ),
            )
        for claim in lost[:SHOWN]:
            task = claim.task
            then = gettext("the next `notifykit dispatch` or `run` takes it up")
            if task.campaign == TEST_CAMPAIGN:
                then = gettext("`notifykit resolve {id}` decides", id=task.id)
            out(
                "",
                gettext(
                    "task {id} ({key}) by {channel} was being sent when its worker went away; {then}",
                    id=task.id,
                    key=task.key,
                    channel=task.channel,
                    then=then,
                ),
            )
        if len(lost) > SHOWN:
            out(
                gettext(
                    "… and {number:,} more; `notifykit tasks --status sending` lists them", number=len(lost) - SHOWN
                )
            )
        for claim in [claim for claim in overdue if claim not in lost]:
            task, age = claim.task, duration(now - claim.started_at)
            out(
                "",
                gettext(
                    "channel {channel}: the call for task {task} ({key}) has been under way for {age}; where "
                    "its worker is gone, the next `notifykit dispatch` or `run` finds that out",
                    channel=task.channel,
                    task=task.id,
                    key=task.key,
                    age=age,
                ),
            )
        for name, reason in held.items():
            out("", gettext("campaign {name} queues nothing: {reason}", name=name, reason=said(reason)))
    return ExitCode.DONE


def _outage(outage: Outage, now: float) -> str:
    told = gettext(
        "{told}; since {time} ({when}), {failures}",
        told=said(outage.told),
        time=local(outage.since),
        when=relative(outage.since, now),
        failures=count(outage.failures, "failure"),
    )
    if not outage.paused:
        return told
    return gettext("{told}; one message tries it again {when}", told=told, when=relative(outage.next_probe, now))


def _count(outbox: Outbox, status: Status) -> int:
    """Count the rows in a status: `pending` are those of an old program that nobody has adopted."""
    return sum(1 for _ in outbox.tasks(Filter(statuses=(status,))))


def _print(figures: Sequence[CampaignFigures], pauses: Sequence[Pause], unowned: int, now: float) -> None:
    if figures:
        _print_counts(figures)
        emit()
        _print_pace(figures, now)
    else:
        out(gettext("no campaign has queued anything yet"))
    if errors := [(item.campaign, code, number) for item in figures for code, number in item.errors.items()]:
        emit()
        print_table(
            ["campaign", "error", Right("attempts")],
            [(campaign, code, f"{number:,}") for campaign, code, number in errors],
        )
    for pause in pauses:
        ends = (
            gettext("until it is resumed")
            if pause.until == FOREVER
            else gettext("until {time} ({when})", time=local(pause.until), when=relative(pause.until, now))
        )
        out(
            "",
            gettext(
                "channel {channel} is paused {until}: {reason}",
                channel=pause.channel,
                until=ends,
                reason=said(pause.reason),
            ),
        )
    if unowned:
        out(
            "",
            gettext(
                "{rows} of another program, which notifykit does not own and will not send",
                rows=count(unowned, "pending row"),
            ),
        )


def _print_counts(figures: Sequence[CampaignFigures]) -> None:
    def row(item: CampaignFigures) -> tuple[str, ...]:
        counts = item.by_status.get
        sent = counts(Status.SENT, 0) + counts(Status.COMPLETED, 0)
        cancelled = counts(Status.CANCELLED, 0)
        return (
            item.campaign,
            f"{counts(Status.QUEUED, 0):,}",
            f"{counts(Status.SENDING, 0):,}",
            f"{sent:,}",
            f"{counts(Status.IN_DOUBT, 0):,}",
            f"{counts(Status.FAILED, 0):,}",
            f"{cancelled:,}" if cancelled else "",
            f"{item.flags_owed:,}",
            *([f"{item.archived:,}"] if archived else []),
        )

    archived = any(item.archived for item in figures)
    names = ["waiting", "sending", "sent", "in doubt", "failed", "cancelled", "flags owed"]
    names += ["archived"] if archived else []
    print_table(["campaign", *map(Right, names)], map(row, figures))


def _print_pace(figures: Sequence[CampaignFigures], now: float) -> None:
    print_table(
        [
            "campaign",
            Right("success"),
            Right("wait p50"),
            Right("p95"),
            Right("call p50"),
            Right("p95"),
            Right("oldest"),
            Right("refused"),
            Right("twice?"),
        ],
        [
            (
                item.campaign,
                "–" if item.success_rate is None else f"{item.success_rate:.1%}",
                duration(item.queued_to_sent_p50),
                duration(item.queued_to_sent_p95),
                duration(item.call_p50),
                duration(item.call_p95),
                relative(item.oldest_waiting, now),
                f"{item.duplicates_prevented:,}",
                f"{item.perhaps_twice:,}",
            )
            for item in figures
        ],
    )
