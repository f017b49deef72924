"""`notifykit store`."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path
from typing import cast

import click

from notifykit.cli.sections import example
from notifykit.cli.upkeep import check, info, prune
from notifykit.clock import SystemClock
from notifykit.config.known_store import looks
from notifykit.config.project import scheme_of, store_address
from notifykit.durable import mend
from notifykit.durable.ordinary import is_there
from notifykit.errors import ExitCode, StoreError
from notifykit.operate.copying import copy_store
from notifykit.outbox.address import KnowsAccounts, required_file
from notifykit.outbox.sqlite.backup import back_up
from notifykit.outbox.sqlite.reading import ReadOnlyDatabase
from notifykit.outbox.sqlite.schema import is_old_table
from notifykit.outbox.sqlite.store import SqliteOutbox
from notifykit.session import Session
from notifykit.terminal.console import count, json_option, out, print_json, warn
from notifykit.terminal.paths import PathType
from notifykit.terminal.tables import Right, print_table
from notifykit.wording.translation import gettext, gettext_noop


@click.group(epilog=example("notifykit store backup outbox-backup.db --replace"))
def store() -> None:
    """Look after the outbox."""


store.add_command(info)
store.add_command(check)
store.add_command(prune)


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
    path = required_file(
        address, gettext("`notifykit store backup`"), mend=gettext("use the server's own tools, such as pg_dump")
    )
    project.known_store.require_there(address)
    made = back_up(path, dest, replace=replace)
    if as_json:
        print_json({"store": str(path), "backup": str(made.path), "bytes": made.size, "tasks": made.tasks})
    else:
        out(
            gettext(
                "{path}: {tasks}, {size:,} bytes, found sound",
                path=made.path,
                tasks=count(made.tasks, "task"),
                size=made.size,
            )
        )
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
            gettext_noop(
                "{address} is taken as it is. What it does not know of is sent again where no flag tells of it"
            )
            if there
            else gettext_noop(
                "there is no {address}: a new, empty outbox will be made there. What it does not know of is sent again "
                "where no flag tells of it"
            )
        )
        if not yes and not _confirmed(gettext(what, address=address)):
            warn(gettext("nothing was changed"))
            return ExitCode.DONE
        try:
            known.forget()
        except OSError as error:
            raise StoreError(gettext("cannot be deleted {why}", why=mend(error)), where=known.file) from error
        if old and path is not None:
            SqliteOutbox.open(path).close()
    if as_json:
        print_json({"store": str(address), "there": there, "forgotten": remembered, "taken_over": old})
    elif remembered or old:
        out(
            gettext("accepted: the next command takes {address}", address=address)
            if there
            else gettext("accepted: the next command makes {address}", address=address)
        )
    else:
        out(gettext("nothing to accept: no other outbox is remembered"))
    return ExitCode.DONE


@store.command(epilog=example("notifykit store grant sender", "notifykit store grant viewer --look"))
@click.argument("role")
@click.option("--look", is_flag=True, help="Only what commands need that look, such as `status`.")
@json_option
@click.pass_obj
def grant(session: Session, role: str, look: bool, as_json: bool) -> ExitCode:
    """Give the account ROLE of a PostgreSQL server the rights that it needs on the outbox, and no more.

    Run it as the owner of the tables: the account that made them, and that upgrades them. Whoever sends needs no right
    to change them.
    """
    address = session.project_file().store(session.plugins.registry)
    if not hasattr(address, "grant"):
        raise StoreError(
            gettext("knows no accounts"), mend=gettext("the file's owner and mode say who may use it"), where=address
        )
    statements = cast(KnowsAccounts, address).grant(role, look=look)
    if as_json:
        print_json({"store": str(address), "role": role, "look": look, "statements": list(statements)})
    else:
        for statement in statements:
            out(f"{statement};")
    return ExitCode.DONE


@store.command(epilog=example("notifykit store copy state/notifykit.db postgresql://notifykit@db/notifykit --dry-run"))
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@click.option("--dry-run", is_flag=True, help="Say what would be copied, and change nothing.")
@json_option
@click.pass_obj
def copy(session: Session, source: str, target: str, dry_run: bool, as_json: bool) -> ExitCode:
    """Move the outbox FROM one store TO another: a file, or the URL of a server's database.

    All rows are read back and compared, and so is whose turn it is. FROM then says that it was moved, and nobody can
    work with it any more; write TO behind `store:` yourself. Killed, the same command completes it. Nothing may be on
    the wire meanwhile, and no row of another program may be there. Back is the same command, the other way round.
    """
    registry = session.plugins.registry
    old, new = (
        store_address(named if scheme_of(named) else str(Path(named).resolve()), registry) for named in (source, target)
    )
    copied = copy_store(old, new, SystemClock(), dry_run=dry_run)
    if as_json:
        of_rows = {"rows": copied.counts, "sha256": copied.hashes, "turns": copied.turns}
        print_json({"from": str(old), "to": str(new), "dry_run": dry_run, **of_rows})
        return ExitCode.DONE
    print_table(
        ["rows of", Right("number"), "SHA-256"],
        [(kind, f"{number:,}", copied.hashes[kind][:16]) for kind, number in copied.counts.items()],
    )
    if dry_run:
        out(gettext("would be copied to {new}", new=new))
    else:
        out(gettext("proven: the same rows on both sides, and the same {turns}", turns=count(copied.turns, "turn")))
        out(gettext("moved: write `store: {new}` in notifykit.yaml; {old} is not used any more", new=new, old=old))
    return ExitCode.DONE


def _is_old(path: Path) -> bool:
    with closing(ReadOnlyDatabase(path, SystemClock())) as db, db.explaining():
        return is_old_table(db.connection)


def _confirmed(what: str) -> bool:
    if not sys.stdin.isatty():
        raise click.UsageError(gettext("messages may be sent a second time; confirm it with --yes"))
    warn(what)
    return click.confirm(gettext("Accept it?"), err=True)
