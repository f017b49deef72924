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
        warn_of(f"error: campaign {campaign}", in_words(why))


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
            out(f"held: {item.campaign}: {problem}")
        if len(item.problems) > SHOWN:
            out(f"held: {item.campaign}: … and {len(item.problems) - SHOWN:,} more; --json lists all")
        print_neither(item)
        if keys := item.differing:
            out(
                f"rerender: {item.campaign}: waiting messages would be rendered differently now: {some(keys)}; "
                "`notifykit rerender --dry-run` shows how"
            )
        if keys := item.repaired:
            will = "would be" if dry_run else "are"
            out(f"drift: {item.campaign}: sent, but not flagged; the flags {will} owed again: {some(keys)}")
        if keys := item.archived:
            out(
                f"drift: {item.campaign}: sent, but not flagged, and in an archive: {some(keys)}; nothing is sent "
                "again; set the flags by hand"
            )
        if keys := item.flagged_but_waiting:
            out(
                f"drift: {item.campaign}: flagged as sent, but still waiting: {some(keys)}; "
                "what is queued goes out unless it is cancelled, what is in doubt waits for you (notifykit resolve)"
            )


def print_neither(item: Generated) -> None:
    """Count and list the records that are marked neither as sent nor as not sent."""
    if not item.neither:
        return
    out(f"skipped: {item.campaign}: records marked neither as sent nor as not sent: {len(item.neither):,}")
    for problem in item.neither[:SHOWN]:
        out(f"skipped: {item.campaign}: {problem}")
    if len(item.neither) > SHOWN:
        out(f"skipped: {item.campaign}: … and {len(item.neither) - SHOWN:,} more; --json lists all")


def print_dispatched(dispatched: Dispatched) -> None:
    """Show what became of the attempts."""
    by_status = dispatched.by_status
    parts = [
        f"{dispatched.sent:,} sent",
        f"{by_status[Status.QUEUED]:,} put back for another try",
        f"{by_status[Status.FAILED]:,} failed",
        f"{by_status[Status.IN_DOUBT]:,} in doubt",
    ]
    shown = [part for part in parts if not part.startswith("0 ")] or ["nothing was due"]
    if dispatched.recovered:
        shown.append(f"{dispatched.recovered:,} of them left by a worker that is gone")
    if dispatched.late:
        shown.append(f"{count(dispatched.late, 'result')} came too late")
    out(", ".join(shown))


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
            out(f"refused: {item.campaign}: {count(number, 'message')}: {said(reason)}")


def print_alerts(changes: Sequence[Changed]) -> None:
    """Show which alerts began and which are over."""
    for one in changes:
        out(f"alert: {said(one.reason)}")


def print_attention(waiting: Attention) -> None:
    """Show what waits for a person, and what to do about it."""
    if waiting.failed:
        mend = "`notifykit tasks --status failed` lists them, `notifykit retry` tries them again"
        out(f"waiting for you: {waiting.failed} failed; {mend}")
    if waiting.in_doubt:
        mend = "`notifykit tasks --status in_doubt` lists them, `notifykit resolve` decides"
        out(f"waiting for you: {waiting.in_doubt} in doubt; {mend}")
    if waiting.foreign:
        mend = "`notifykit tasks --status foreign` lists them, `notifykit resolve` decides"
        out(f"waiting for you: {waiting.foreign:,} whose status another program changed; {mend}")
    for pause in waiting.paused:
        mend = f"mend it, then `notifykit resume {pause.channel}`"
        out(f"waiting for you: channel {pause.channel} is paused ({said(pause.reason)}); {mend}")
    for channel, number in waiting.unreachable.items():
        what = f"{number} message{'' if number == Count(1) else 's'} for channel {channel}, which cannot be used here"
        out(f"waiting for you: {what}; `notifykit check` says why")
