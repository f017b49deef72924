"""What the verbs did, for people; and the exit code that tells it to the shell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from notifykit.alerts.messages import Changed
from notifykit.cli.language import in_words, said
from notifykit.errors import ExitCode, NotifykitError
from notifykit.model import Status
from notifykit.operate.attention import Attention
from notifykit.operate.forms import known
from notifykit.outbox.values import Count
from notifykit.pipeline.dispatched import Dispatched
from notifykit.pipeline.generate import Generated
from notifykit.pipeline.places import ElsewhereError
from notifykit.pipeline.settle import Settled
from notifykit.terminal.console import count, out, some, warn_of
from notifykit.terminal.tables import Right, print_table
from notifykit.wording.translation import gettext, gettext_noop, pgettext

SHOWN = 20
"""Held rows that are shown; `--json` has all."""


def exit_code(*, failures: Mapping[str, NotifykitError], held: object) -> ExitCode:
    """Return the exit code of a job: an error counts more than what is held for a person."""
    if failures:
        elsewhere = all(isinstance(why, ElsewhereError) for why in failures.values())
        return ExitCode.PREFLIGHT_FAILED if elsewhere else ExitCode.ERROR
    return ExitCode.HELD if held else ExitCode.DONE


def print_failures(failures: Mapping[str, NotifykitError]) -> None:
    """Tell which campaigns could not go on."""
    for campaign, why in failures.items():
        warn_of(gettext("error: campaign {campaign}", campaign=campaign), in_words(why))


def print_generated(generated: Sequence[Generated], *, dry_run: bool = False) -> None:
    """Show what was queued, what is held and what has drifted."""
    if not generated:
        return
    columns: dict[str, list[int]] = {
        "records": [item.records for item in generated],
        "would queue" if dry_run else "queued": [item.queued for item in generated],
        "known": [known(item) for item in generated],
    }
    seldom = {
        "cancelled": [item.cancelled for item in generated],
        "failed": [item.failed for item in generated],
        "in doubt": [item.in_doubt for item in generated],
        "skipped": [len(item.neither) for item in generated],
    }
    columns |= {name: numbers for name, numbers in seldom.items() if any(numbers)}
    columns["held"] = [len(item.problems) for item in generated]
    names = (item.campaign for item in generated)
    print_table(
        ["campaign", *map(Right, columns)],
        [(name, *(f"{number:,}" for number in row)) for name, *row in zip(names, *columns.values(), strict=True)],
    )
    for item in generated:
        for problem in item.problems[:SHOWN]:
            out(gettext("held: {campaign}: {problem}", campaign=item.campaign, problem=problem))
        if len(item.problems) > SHOWN:
            out(
                gettext(
                    "held: {campaign}: … and {number:,} more; --json lists all",
                    campaign=item.campaign,
                    number=len(item.problems) - SHOWN,
                )
            )
        print_neither(item)
        if keys := item.differing:
            out(
                gettext(
                    "rerender: {campaign}: waiting messages would be rendered differently now: {keys}; "
                    "`notifykit rerender --dry-run` shows how",
                    campaign=item.campaign,
                    keys=some(keys),
                )
            )
        if keys := item.repaired:
            drift = (
                gettext_noop("drift: {campaign}: sent, but not flagged; the flags would be owed again: {keys}")
                if dry_run
                else gettext_noop("drift: {campaign}: sent, but not flagged; the flags are owed again: {keys}")
            )
            out(gettext(drift, campaign=item.campaign, keys=some(keys)))
        if keys := item.archived:
            out(
                gettext(
                    "drift: {campaign}: sent, but not flagged, and in an archive: {keys}; nothing is sent "
                    "again; set the flags by hand",
                    campaign=item.campaign,
                    keys=some(keys),
                )
            )
        if keys := item.flagged_but_waiting:
            out(
                gettext(
                    "drift: {campaign}: flagged as sent, but still waiting: {keys}; what is queued goes out "
                    "unless it is cancelled, what is in doubt waits for you (notifykit resolve)",
                    campaign=item.campaign,
                    keys=some(keys),
                )
            )


def print_neither(item: Generated) -> None:
    """Count and list the records that are marked neither as sent nor as not sent."""
    if not item.neither:
        return
    out(
        gettext(
            "skipped: {campaign}: records marked neither as sent nor as not sent: {number:,}",
            campaign=item.campaign,
            number=len(item.neither),
        )
    )
    for problem in item.neither[:SHOWN]:
        out(gettext("skipped: {campaign}: {problem}", campaign=item.campaign, problem=problem))
    if len(item.neither) > SHOWN:
        out(
            gettext(
                "skipped: {campaign}: … and {number:,} more; --json lists all",
                campaign=item.campaign,
                number=len(item.neither) - SHOWN,
            )
        )


def print_dispatched(dispatched: Dispatched) -> None:
    """Show what became of the attempts."""
    by_status = dispatched.by_status
    parts = {
        gettext_noop("{number:,} sent"): dispatched.sent,
        gettext_noop("{number:,} put back for another try"): by_status[Status.QUEUED],
        gettext_noop("{number:,} failed"): by_status[Status.FAILED],
        gettext_noop("{number:,} in doubt"): by_status[Status.IN_DOUBT],
    }
    shown = [gettext(part, number=number) for part, number in parts.items() if number]
    shown = shown or [gettext("nothing was due")]
    if dispatched.recovered:
        shown.append(gettext("{number:,} of them left by a worker that is gone", number=dispatched.recovered))
    if dispatched.late:
        shown.append(gettext("{results} came too late", results=count(dispatched.late, "result")))
    out(pgettext("clauses", ", ").join(shown))


def print_settled(settled: Sequence[Settled]) -> None:
    """Show what was written back, and what was refused and why."""
    touched = [item for item in settled if item.completed or item.refused]
    if touched:
        print_table(
            ["campaign", Right("written back"), Right("refused")],
            [(item.campaign, f"{item.completed:,}", f"{sum(item.refused.values()):,}") for item in touched],
        )
    for item in touched:
        for reason, number in item.refused.items():
            out(
                gettext(
                    "refused: {campaign}: {messages}: {reason}",
                    campaign=item.campaign,
                    messages=count(number, "message"),
                    reason=said(reason),
                )
            )


def print_alerts(changes: Sequence[Changed]) -> None:
    """Show which alerts began and which are over."""
    for one in changes:
        out(gettext("alert: {reason}", reason=said(one.reason)))


def print_attention(waiting: Attention) -> None:
    """Show what waits for a person, and what to do about it."""
    if waiting.failed:
        out(
            gettext(
                "waiting for you: {number} failed; `notifykit tasks --status failed` lists them, "
                "`notifykit retry` tries them again",
                number=waiting.failed,
            )
        )
    if waiting.in_doubt:
        out(
            gettext(
                "waiting for you: {number} in doubt; `notifykit tasks --status in_doubt` lists them, "
                "`notifykit resolve` decides",
                number=waiting.in_doubt,
            )
        )
    if waiting.foreign:
        out(
            gettext(
                "waiting for you: {number:,} whose status another program changed; "
                "`notifykit tasks --status foreign` lists them, `notifykit resolve` decides",
                number=waiting.foreign,
            )
        )
    for pause in waiting.paused:
        out(
            gettext(
                "waiting for you: channel {channel} is paused ({reason}); mend it, then `notifykit resume {channel}`",
                channel=pause.channel,
                reason=said(pause.reason),
            )
        )
    for channel, number in waiting.unreachable.items():
        one = gettext_noop(
            "waiting for you: {number} message for channel {channel}, which cannot be used here; "
            "`notifykit check` says why"
        )
        more = gettext_noop(
            "waiting for you: {number} messages for channel {channel}, which cannot be used here; "
            "`notifykit check` says why"
        )
        out(gettext(one if number == Count(1) else more, number=number, channel=channel))
