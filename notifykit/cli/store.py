"""`notifykit store`."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path

import click

from notifykit.cli.examples import example
from notifykit.cli.stores import looks
from notifykit.clock import SystemClock
from notifykit.durable import mend
from notifykit.durable.ordinary import is_there
from notifykit.errors import ExitCode, StoreError
from notifykit.outbox.address import required_file
from notifykit.outbox.sqlite.backup import back_up
from notifykit.outbox.sqlite.reading import ReadOnlyDatabase
from notifykit.outbox.sqlite.schema import is_old_table
from notifykit.outbox.sqlite.store import SqliteOutbox
from notifykit.session import Session
from notifykit.terminal.console import count, json_option, out, print_json, warn
from notifykit.terminal.paths import PathType


@click.group(epilog=example("notifykit store backup outbox-backup.db --replace"))
def store() -> None:
    """Look after the outbox, which is one file."""


@store.command(epilog=example("notifykit store backup outbox-backup.db --replace"))
@click.argument("dest", type=PathType())
@click.option("--replace", is_flag=True, help="DEST may be there: an earlier backup.")
@json_option
@click.pass_obj
@looks
def backup(session: Session, dest: Path, replace: bool, as_json: bool) -> ExitCode:
    """Copy the outbox to the file DEST while others work on it.

    The copy is the outbox at one moment, in one file, and is found sound before it takes its name. To go back to it,
    stop everything, move the outbox away with its -wal and -shm, and put the copy in its place: what was done since
    then is not known to it.
    """
    project = session.project_file()
    address = project.store(session.plugins.registry)
    path = required_file(address, "`notifykit store backup`", mend="use the server's own tools, such as pg_dump")
    project.known_store.require_there(address)
    made = back_up(path, dest, replace=replace)
    if as_json:
        print_json({"store": str(path), "backup": str(made.path), "bytes": made.size, "tasks": made.tasks})
    else:
        out(f"{made.path}: {count(made.tasks, 'task')}, {made.size:,} bytes, found sound")
    return ExitCode.DONE


@store.command(epilog=example("notifykit store accept", "notifykit store accept --yes"))
@click.option("--yes", is_flag=True, help="Do not ask. Needed where there is no terminal.")
@json_option
@click.pass_obj
def accept(session: Session, yes: bool, as_json: bool) -> ExitCode:
    """Say that another outbox than before is meant.

    A project works with the outbox that it has had, and with no other: one that was moved away is not followed by an
    empty one, which would know nothing of what was sent. This has it take the one that is in its place now, or make a
    new one. A table of tasks that an old program used is made the outbox as it is, though nobody migrated it.
    """
    project = session.project_file()
    address, known = project.store(session.plugins.registry), project.known_store
    there, path = address.exists(), address.file
    remembered = is_there(known.file)
    old = there and path is not None and _is_old(path)
    if remembered or old:
        what = (
            f"{address} is taken as it is"
            if there
            else f"there is no {address}: a new, empty outbox will be made there"
        )
        if not yes and not _confirmed(f"{what}. What it does not know of is sent again where no flag tells of it"):
            warn("nothing was changed")
            return ExitCode.DONE
        try:
            known.forget()
        except OSError as error:
            raise StoreError(f"cannot be deleted {mend(error)}", where=known.file) from error
        if old and path is not None:
            SqliteOutbox.open(path).close()
    if as_json:
        print_json({"store": str(address), "there": there, "forgotten": remembered, "taken_over": old})
    elif remembered or old:
        out(f"accepted: the next command {'takes' if there else 'makes'} {address}")
    else:
        out("nothing to accept: no other outbox is remembered")
    return ExitCode.DONE


def _is_old(path: Path) -> bool:
    with closing(ReadOnlyDatabase(path, SystemClock())) as db:
        return is_old_table(db.connection)


def _confirmed(what: str) -> bool:
    if not sys.stdin.isatty():
        raise click.UsageError("messages may be sent a second time; confirm it with --yes")
    warn(what)
    return click.confirm("Accept it?", err=True)
