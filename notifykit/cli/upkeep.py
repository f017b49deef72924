"""`notifykit store info`, `store check` and `store prune`: how large the outbox is, whether it is sound, what leaves
it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import click

from notifykit.cli.sections import example
from notifykit.cli.stores import existing_at
from notifykit.clock import SystemClock
from notifykit.config.known_store import looks
from notifykit.errors import ExitCode, StoreDamagedError
from notifykit.operate.archives import LOST, archive_path, located
from notifykit.operate.archives import findings as of_archives
from notifykit.operate.pruning import prune as move
from notifykit.operate.pruning import require_archive
from notifykit.outbox.address import StoreAddress
from notifykit.outbox.inspection import Finding, StoreFacts, damage, inspection
from notifykit.outbox.pruned import ArchivePlace, KeepsPruned
from notifykit.outbox.pruning import pruning
from notifykit.session import Session
from notifykit.terminal.console import count, json_option, out, print_json
from notifykit.terminal.durations import DurationType
from notifykit.terminal.progress import progress
from notifykit.terminal.tables import Right, print_table
from notifykit.terminal.times import duration, iso, local, relative
from notifykit.wording.translation import gettext, gettext_noop


@click.command(epilog=example("notifykit store info", "notifykit store info --json"))
@json_option
@click.pass_obj
@looks
def info(session: Session, as_json: bool) -> ExitCode:
    """Show how large the outbox is.

    Bytes, rows, how old the oldest of what waits and of what is done are, what `notifykit store prune` would move, and
    what it has moved where.
    """
    project = session.project_file()
    address = project.store(session.plugins.registry)
    keep = project.section().keep
    facts, now = None, 0.0
    prunable, archives = 0, list[tuple[ArchivePlace, Path | None]]()
    with existing_at(project, address, SystemClock()) as outbox:
        if outbox is not None:
            facts, now = inspection(outbox, address).facts(), outbox.now()
            if isinstance(outbox, KeepsPruned):
                prunable = pruning(outbox, address).count_finished(now - keep)
                archives = located(archive_path(address, project.file.absolute()), outbox.archives())
    if as_json:
        of_pruning = {"keep": keep, "prunable": prunable, "archives": [_archive_form(*one) for one in archives]}
        print_json({"store": str(address), **_facts_form(facts), **of_pruning})
    elif facts is not None:
        _print(address, facts, now)
        out(
            gettext(
                "finished for more than {duration}: {messages}; `notifykit store prune` moves them",
                duration=duration(keep),
                messages=count(prunable, "message"),
            )
        )
        for one, file in archives:
            where = gettext("{path} on {host}", path=file or one.path, host=one.host)
            number = count(one.tasks, "message")
            out(
                gettext(
                    "archive: {where}: {number}, the last moved {at}", where=where, number=number, at=local(one.until)
                )
            )
            if file is not None and not file.exists():
                out(gettext("archive: {where}: it is not there; {mend}", where=where, mend=gettext(LOST)))
    return ExitCode.DONE


def _archive_form(one: ArchivePlace, file: Path | None) -> dict[str, object]:
    return {
        "path": one.path,
        "file": str(file) if file is not None and file.exists() else None,
        "host": one.host,
        "since": iso(one.since),
        "until": iso(one.until),
        "tasks": one.tasks,
    }


def _facts_form(facts: StoreFacts | None) -> dict[str, object]:
    return {
        "bytes": dict(facts.bytes) if facts else {},
        "rows": dict(facts.rows) if facts else {},
        "tasks": {status.value: number for status, number in facts.by_status.items()} if facts else {},
        "oldest_waiting": iso(facts.oldest_waiting) if facts else None,
        "oldest_finished": iso(facts.oldest_finished) if facts else None,
    }


def _print(address: StoreAddress, facts: StoreFacts, now: float) -> None:
    out(gettext("{address}: {size:,} bytes", address=address, size=sum(facts.bytes.values())))
    print_table(["part", Right("bytes")], [(name, f"{size:,}") for name, size in facts.bytes.items()])
    print_table(
        ["rows of", Right("number")],
        [
            *((kind, f"{number:,}") for kind, number in facts.rows.items()),
            *((f"tasks, {status.value}", f"{number:,}") for status, number in sorted(facts.by_status.items())),
        ],
    )
    for told, at in (
        (gettext_noop("oldest waiting: {time}"), facts.oldest_waiting),
        (gettext_noop("oldest finished: {time}"), facts.oldest_finished),
    ):
        when = gettext("{time} ({when})", time=local(at), when=relative(at, now))
        out(gettext(told, time=gettext("none") if at is None else when))


@click.command(epilog=example("notifykit store check", "notifykit store check --json"))
@json_option
@click.pass_obj
@looks
def check(session: Session, as_json: bool) -> ExitCode:
    """Look whether the outbox is sound, by SQLite's own checks of the file and by the outbox's own rules.

    So are the archives on this machine, and whether they go with it. Exit code 7: something is damaged or lost. 3:
    nothing is, but another program wrote over messages, which wait for a person, as `status` says, or an archive knows
    messages that the outbox never heard of. It reads everything: of a million messages that takes some seconds.
    """
    project = session.project_file()
    address = project.store(session.plugins.registry)
    found: list[Finding] = []
    there = True
    clock = SystemClock()
    try:
        with existing_at(project, address, clock) as outbox:
            there = outbox is not None
            if outbox is not None:
                found += inspection(outbox, address).findings()
                found += of_archives(outbox, archive_path(address, project.file.absolute()), clock, whole=True)
    except StoreDamagedError as error:
        found = found or damage(address, error)
    damaged = any(not one.held for one in found)
    if as_json:
        print_json({"store": str(address), "sound": not damaged, "findings": [_finding_form(one) for one in found]})
    elif there:
        for one in found:
            told = (
                gettext_noop("held: {number}{what}; {mend}")
                if one.held
                else gettext_noop("damaged: {number}{what}; {mend}")
            )
            out(gettext(told, number=_number(one), what=one.what, mend=one.mend))
        if not damaged:
            out(gettext("{address}: found sound", address=address))
    if damaged:
        return ExitCode.VERIFICATION_FAILED
    return ExitCode.HELD if found else ExitCode.DONE


@click.command(epilog=example("notifykit store prune --dry-run", "notifykit store prune --keep 90d"))
@click.option(
    "--keep",
    type=DurationType(),
    metavar="DURATION",
    help="How long what is finished stays, instead of `keep:` of notifykit.yaml (180d where it says nothing).",
)
@click.option("--new-archive", is_flag=True, help="Begin another archive where the former one is lost for good.")
@click.option("--dry-run", is_flag=True, help="Say how many messages would be moved, and change nothing.")
@json_option
@click.pass_obj
@looks
def prune(session: Session, keep: float | None, new_archive: bool, dry_run: bool, as_json: bool) -> ExitCode:
    """Move what is finished for long to an archive, while others work on the outbox.

    A message goes, with its attempts, when all of its record's are written back or cancelled, the last one longer ago
    than DURATION, and nobody decided about any of them. Its key stays, so that it is never queued again; cancelled
    ones stay. The archive is a file beside the outbox, or beside notifykit.yaml where a server keeps that; `notifykit
    trace` reads it. Killed, the same command goes on.
    """
    project = session.project_file()
    address = project.store(session.plugins.registry)
    clock = SystemClock()
    seconds = project.section().keep if keep is None else keep
    archive = archive_path(address, project.file.absolute())
    number, before = 0, None
    with existing_at(project, address, clock) as looked:
        if looked is not None:
            before = looked.now() - seconds
            if number := pruning(looked, address).count_finished(before):
                require_archive(looked, archive, clock, new_archive=new_archive)
    if number and before is not None and not dry_run:
        with (
            closing(address.open(clock, create=True, identity=project.known_store.identity())) as outbox,
            progress("moving", "messages", lambda: number) as more,
        ):
            number = move(outbox, address, archive, before, clock, new_archive=new_archive, progress=more)
    if as_json:
        told = str(archive) if number or archive.exists() else None
        of = {"store": str(address), "archive": told, "keep": seconds, "before": iso(before)}
        print_json({**of, "dry_run": dry_run, "moved": number})
    elif before is not None:
        values = {"number": count(number, "message"), "at": local(before), "archive": archive}
        if not number:
            out(gettext("no message was finished before {at}: there is nothing to move", **values))
        elif dry_run:
            out(gettext("{number} finished before {at} would be moved to {archive}", **values))
        else:
            out(gettext("{number} finished before {at} moved to {archive}", **values))
    return ExitCode.DONE


def _number(one: Finding) -> str:
    return "" if one.number == 1 and one.rule in ("damaged", "schema", "archive_unusable") else f"{one.number:,} "


def _finding_form(one: Finding) -> dict[str, object]:
    return {"rule": one.rule, "number": one.number, "what": one.what, "mend": one.mend, "held": one.held}
