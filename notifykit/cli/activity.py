"""`notifykit report`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import click

from notifykit.cli.language import said
from notifykit.cli.sections import example
from notifykit.cli.stores import existing
from notifykit.config.known_store import looks
from notifykit.durable import write_for_owner
from notifykit.errors import ExitCode, NotifykitError, StoreError
from notifykit.messages.receipts import ReceiptStatus
from notifykit.operate.activity import Activity, Compared, Day, activity
from notifykit.operate.activity_page import MARK, activity_page
from notifykit.operate.archives import archive_path, opened
from notifykit.operate.forms import Form
from notifykit.outbox.address import OpenedOutbox
from notifykit.outbox.values import RecentFigures
from notifykit.session import Session
from notifykit.terminal.console import count, info, json_option, out, print_json, warn
from notifykit.terminal.durations import DurationType
from notifykit.terminal.paths import OutputType, PathType
from notifykit.terminal.tables import Right, print_table
from notifykit.terminal.times import duration, iso
from notifykit.wording import Language
from notifykit.wording.translation import gettext

WEEK = 7 * 86_400.0

_MARKS = {True: "✓", False: "✗", None: "–"}

PAGE = OutputType(("<!doctype html>", MARK))


class _Report(click.Command):
    """Has what compares with the time before only where a plugin can tell of it."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the parameters."""
        session = ctx.find_object(Session)
        told = session is None or session.plugins.observed("report_baseline")
        return [one for one in super().get_params(ctx) if told or one.name not in ("since_migration", "log")]


@click.command(cls=_Report, epilog=example("notifykit report", "notifykit report --since 30d --html report.html"))
@click.option(
    "--since", type=DurationType(), default=WEEK, metavar="DURATION", help="How far back; 24h, 30d. [default: 7d]"
)
@click.option("--html", type=PAGE, metavar="FILE", help="Write it as a page with plots, for a mail or on paper.")
@click.option("--since-migration", is_flag=True, help="Since the old program was left, and against the time before.")
@click.option("--log", type=PathType(), metavar="FILE", help="With --since-migration: the old log, for its errors.")
@json_option
@click.pass_obj
@looks
def report(
    session: Session,
    since: float,
    html: Path | None,
    as_json: bool,
    since_migration: bool = False,
    log: Path | None = None,
) -> ExitCode:
    """Show what was sent, waited, failed and was in doubt, by campaign and day, and how long it took.

    Whole days of this machine's zone, from that on which the time begins. A message counts on the day on which it was
    accepted, put back, failed or in doubt; its time is from the queue to the acceptance.
    """
    if log is not None and not since_migration:
        raise click.UsageError(gettext("--log goes with --since-migration"))
    project = session.open_project(secrets=False)
    baseline = project.baseline(log) if since_migration else None
    if baseline is not None:
        since = max(project.clock.now() - baseline.at, 1.0)
    elif since_migration:
        raise NotifykitError(
            gettext("nothing of this project was migrated"), mend=gettext("leave --since-migration out")
        )
    compared = baseline.compared if baseline is not None else ()
    rows = [(said(one.what), one.since or "–", one.before or "–", _MARKS[one.no_worse]) for one in compared]
    unusable: list[StoreError] = []
    with existing(project) as outbox:
        found = None
        if outbox is not None:
            archive = archive_path(project.configuration.settings.store, project.file.file.absolute())
            with opened(cast(OpenedOutbox, outbox), archive, project.clock) as (archives, unusable):
                found = activity(outbox, since, archives)
    for error in unusable:
        warn(gettext("warning: {error}", error=error))
    if html is not None:
        if found is None:
            raise NotifykitError(gettext("there is nothing to report: nothing has been queued yet"))
        page = activity_page(
            found, project=project.file.folder.name, language=Language(session.language), compared=rows
        )
        _write(html, page)
    if as_json:
        print_json({**_form(found), "compared": [_compared_form(one) for one in compared]})
    elif found is None or not found.campaigns:
        out(gettext("nothing was sent, and nothing waits"))
    elif html is None:
        _print(found)
        out(*_archived(found), *_told_later(found))
    if compared and not as_json and html is None:
        out("")
        print_table(["against the time before", "since", "before", "no worse"], rows)
    return ExitCode.DONE


def _write(file: Path, page: str) -> None:
    try:
        write_for_owner(file, page.encode("utf-8", "replace"))
    except OSError as error:
        mend = gettext("name a file in a folder that this account may write to")
        raise NotifykitError(
            gettext("the page cannot be written ({strerror})", strerror=error.strerror), where=file, mend=mend
        ) from error
    info(gettext("report: {file}", file=file))


def _archived(found: Activity) -> Iterator[str]:
    """Tell what was moved to an archive."""
    for campaign, number in found.archived.items():
        told = count(number, "message")
        yield gettext(
            "archived: {number} of {campaign}, sent and written back",
            number=told,
            campaign=campaign,
        )
    if found.uncounted:
        told = count(found.uncounted, "message")
        yield gettext("archived: {number} are in an archive that cannot be read here, and do not count", number=told)


def _told_later(found: Activity) -> Iterator[str]:
    """Tell what services told since of the messages in the store."""
    for campaign, told in sorted(found.receipts.items()):
        yield gettext(
            "told later: {delivered:,} of {campaign} delivered, {bounced:,} bounced",
            campaign=campaign,
            delivered=told.get(ReceiptStatus.DELIVERED, 0),
            bounced=told.get(ReceiptStatus.BOUNCED, 0),
        )


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
        return {"at": None, "since": None, "days": [], "archived_uncounted": 0, "campaigns": []}
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
        "archived_uncounted": found.uncounted,
        "campaigns": [
            {
                **_figures_form(found.total(one)),
                "waiting_now": found.waiting[one].number if one in found.waiting else 0,
                "failed_now": found.failed[one].number if one in found.failed else 0,
                "archived": found.archived.get(one, 0),
                "in_doubt_now": found.in_doubt[one].number if one in found.in_doubt else 0,
                "receipts": {status.value: found.receipts.get(one, {}).get(status, 0) for status in ReceiptStatus},
            }
            for one in found.campaigns
        ],
    }


def _compared_form(one: Compared) -> Form:
    return {**one.what.fields("what"), "since": one.since, "before": one.before, "no_worse": one.no_worse}


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
