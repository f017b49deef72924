"""`notifykit status`."""

from __future__ import annotations

from collections.abc import Sequence

import click

from notifykit.cli.language import said
from notifykit.cli.sections import example
from notifykit.cli.stores import existing_at
from notifykit.clock import SystemClock
from notifykit.config.known_store import looks
from notifykit.errors import ExitCode
from notifykit.messages.receipts import ReceiptStatus
from notifykit.model import FOREVER, Status
from notifykit.operate.attention import Overview, StandingSource, overview
from notifykit.outbox.values import TEST_CAMPAIGN, CampaignFigures, Outage, Pause
from notifykit.session import Session
from notifykit.terminal.console import count, json_option, out, print_json
from notifykit.terminal.stdout import emit
from notifykit.terminal.times import duration, local, relative
from notifykit.wording.translation import gettext

SHOWN = 5
"""Messages of a kind that are named one by one."""


@click.command(epilog=example("notifykit status", "notifykit status --json"))
@json_option
@click.pass_obj
@looks
def status(session: Session, as_json: bool) -> ExitCode:
    """Show how each campaign stands.

    Period: the last one of its messages, where a strategy opens some. Waiting: queued. Sent: accepted by the service.
    Flags owed: records whose every message is sent, cancelled ones not counted, and which do not say so yet. Archived:
    sent, written back, and moved away by `notifykit store prune`. Oldest: when the longest waiting message was queued.
    Refused: offers of a message that was there already; nothing was sent for these. Twice?: messages with two attempts
    that were or may have been accepted. The others are of the latest 20,000 attempts. Success: share of attempts. Wait:
    from queued to accepted. Call: how long the service took. p50 and p95: half, and all but one in twenty, were as
    fast. Error: code of attempts that were not accepted.
    """
    project = session.project_file()
    clock = SystemClock()
    found = Overview(at=clock.now())
    with existing_at(project, project.store(session.plugins.registry), clock) as outbox:
        if outbox is not None:
            # Only where something is on the wire is the section worth its validation.
            found = overview(outbox, lambda: project.section().dispatch.timeout)
    now = found.at
    if as_json:
        from notifykit.operate.forms import overview_form  # for programs alone

        print_json(overview_form(found, lambda: session.plugins.wording))
    elif outbox is not None:
        _print(found.campaigns, found.pauses, found.unowned, now)
        for item in found.own:
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
        if found.foreign:
            out(
                "",
                gettext(
                    "{rows} that another program wrote into what cannot be read, or gave a status that notifykit "
                    "does not know; `notifykit tasks --status foreign` lists them",
                    rows=count(found.foreign, "row"),
                ),
            )
        for outage in found.outages:
            out("", gettext("channel {channel}: {told}", channel=outage.channel, told=_outage(outage, now)))
        for task in found.doubtful_tests:
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
        for claim in found.lost[:SHOWN]:
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
        if (left := len(found.lost) - SHOWN) > 0:
            out(gettext("… and {number:,} more; `notifykit tasks --status sending` lists them", number=left))
        for claim in [claim for claim in found.overdue if claim not in found.lost]:
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
        for name, reason in found.held.items():
            out("", gettext("campaign {name} queues nothing: {reason}", name=name, reason=said(reason)))
        for name, one in found.standing.items():
            out("", _standing(name, one, now))
    return ExitCode.DONE


def _standing(name: str, one: StandingSource, now: float) -> str:
    """Say what keeps a source from going on, and what a person does about it."""
    return gettext(
        "campaign {name}: each pass reads again what its source gave since {time} ({when}), for {rows} held, the "
        "first at {place}; `notifykit check` says why: mend it, or leave it out of what the source reads",
        name=name,
        time=local(one.since),
        when=relative(one.since, now),
        rows=count(one.rows, "row"),
        place=one.place,
    )


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


def _print(figures: Sequence[CampaignFigures], pauses: Sequence[Pause], unowned: int, now: float) -> None:
    if figures:
        _print_counts(figures)
        emit()
        _print_pace(figures, now)
    else:
        out(gettext("no campaign has queued anything yet"))
    if errors := [(item.campaign, code, number) for item in figures for code, number in item.errors.items()]:
        from notifykit.terminal.tables import Right, print_table

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
    from notifykit.terminal.tables import Right, print_table  # for people alone

    def row(item: CampaignFigures) -> tuple[str, ...]:
        counts = item.by_status.get
        sent = counts(Status.SENT, 0) + counts(Status.COMPLETED, 0)
        cancelled = counts(Status.CANCELLED, 0)
        return (
            item.campaign,
            item.period or "",
            f"{counts(Status.QUEUED, 0):,}",
            f"{counts(Status.SENDING, 0):,}",
            f"{sent:,}",
            f"{counts(Status.IN_DOUBT, 0):,}",
            f"{counts(Status.FAILED, 0):,}",
            f"{cancelled:,}" if cancelled else "",
            f"{item.flags_owed:,}",
            *([f"{item.archived:,}"] if archived else []),
            *[f"{item.receipts.get(status, 0):,}" for status in told],
        )

    archived = any(item.archived for item in figures)
    told = [status for status in ReceiptStatus if any(item.receipts.get(status) for item in figures)]
    names = ["waiting", "sending", "sent", "in doubt", "failed", "cancelled", "flags owed"]
    names += ["archived"] if archived else []
    names += [status.value for status in told]
    print_table(["campaign", "period", *map(Right, names)], map(row, figures))


def _print_pace(figures: Sequence[CampaignFigures], now: float) -> None:
    from notifykit.terminal.tables import Right, print_table  # for people alone

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
