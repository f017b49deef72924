"""`notifykit report`."""

from __future__ import annotations

from pathlib import Path

import click

from notifykit.cli.examples import example
from notifykit.cli.forms import Form
from notifykit.cli.stores import existing, looks
from notifykit.cli.times import duration, iso
from notifykit.durable import write_for_owner
from notifykit.errors import ExitCode, NotifykitError
from notifykit.operate.activity import Activity, Day, activity
from notifykit.operate.activity_page import MARK, activity_page
from notifykit.outbox.values import RecentFigures
from notifykit.session import Session
from notifykit.terminal.console import info, json_option, out, print_json
from notifykit.terminal.durations import DurationType
from notifykit.terminal.paths import OutputType
from notifykit.terminal.tables import Right, print_table
from notifykit.wording import Language

WEEK = 7 * 86_400.0

PAGE = OutputType(("<!doctype html>", MARK))


@click.command(epilog=example("notifykit report", "notifykit report --since 30d --html report.html"))
@click.option(
    "--since", type=DurationType(), default=WEEK, metavar="DURATION", help="How far back; 24h, 30d. [default: 7d]"
)
@click.option("--html", type=PAGE, metavar="FILE", help="Write it as a page with plots, for a mail or on paper.")
@json_option
@click.pass_obj
@looks
def report(session: Session, since: float, html: Path | None, as_json: bool) -> ExitCode:
    """Show what was sent, waited, failed and was in doubt, by campaign and day, and how long it took.

    Whole days of this machine's zone, from that on which the time begins. A message counts on the day on which it was
    accepted, put back, failed or in doubt; its time is from the queue to the acceptance.
    """
    project = session.open_project(secrets=False)
    with existing(project) as outbox:
        found = None if outbox is None else activity(outbox, since)
    if html is not None:
        if found is None:
            raise NotifykitError("there is nothing to report: nothing has been queued yet")
        page = activity_page(found, project=project.file.folder.name, language=Language(session.language))
        _write(html, page)
    if as_json:
        print_json(_form(found))
    elif found is None or not found.campaigns:
        out("nothing was sent, and nothing waits")
    elif html is None:
        _print(found)
    return ExitCode.DONE


def _write(file: Path, page: str) -> None:
    try:
        write_for_owner(file, page.encode("utf-8", "replace"))
    except OSError as error:
        mend = "name a file in a folder that this account may write to"
        raise NotifykitError(f"the page cannot be written ({error.strerror})", where=file, mend=mend) from error
    info(f"report: {file}")


def _print(found: Activity) -> None:
    print_table(
        ["campaign", *map(Right, ("sent", "waited", "failed", "in doubt", "median", "95 %", "waiting now"))],
        [
            (one, *_cells(found.total(one)), str(found.waiting[one]) if one in found.waiting else "0")
            for one in found.campaigns
        ],
    )
    if rows := [(_day(day), item.campaign, *_cells(item)) for day in found.days for item in day.campaigns]:
        out("")
        print_table(["day", "campaign", *map(Right, ("sent", "waited", "failed", "in doubt", "median", "95 %"))], rows)


def _cells(item: RecentFigures) -> tuple[str, ...]:
    numbers = (f"{number:,}" for number in (item.accepted, item.put_back, item.failed, item.doubtful))
    return (*numbers, duration(item.percentile(0.50)), duration(item.percentile(0.95)))


def _form(found: Activity | None) -> Form:
    if found is None:
        return {"at": None, "since": None, "days": [], "campaigns": []}
    return {
        "at": iso(found.at),
        "since": iso(found.days[0].since),
        "days": [
            {
                "day": _day(day),
                "since": iso(day.since),
                "until": iso(day.until),
                "campaigns": [_figures_form(item) for item in day.campaigns],
            }
            for day in found.days
        ],
        "campaigns": [
            {
                **_figures_form(found.total(one)),
                "waiting_now": found.waiting[one].number if one in found.waiting else 0,
                "failed_now": found.failed[one].number if one in found.failed else 0,
                "in_doubt_now": found.in_doubt[one].number if one in found.in_doubt else 0,
            }
            for one in found.campaigns
        ],
    }


def _figures_form(item: RecentFigures) -> Form:
    return {
        "campaign": item.campaign,
        "attempts": item.attempts,
        "sent": item.accepted,
        "waited": item.put_back,
        "failed": item.failed,
        "in_doubt": item.doubtful,
        "perhaps_twice": item.perhaps_twice,
        "queued_to_accepted_seconds": {"p50": item.percentile(0.50), "p95": item.percentile(0.95)},
    }


def _day(day: Day) -> str:
    return day.date.isoformat()
