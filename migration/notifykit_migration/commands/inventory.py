"""`notifykit inventory`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from notifykit.console import chat, count, json_option, print_json, print_table, result, say
from notifykit.errors import ExitCode, NotifykitError
from notifykit.progress import progress
from notifykit.session import Session
from notifykit_migration.inventory.model import Inventory, Owner, Place, Use
from notifykit_migration.inventory.words import StatusFiles

_EPILOG = "\n".join(["\b", "Examples:", "  notifykit inventory .", "  notifykit inventory . --check --json"])


@click.command(epilog=_EPILOG)
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--check", is_flag=True, help="Exit with 1 while contract uses remain, or may remain.")
@json_option
@click.pass_obj
def inventory(session: Session, path: Path, check: bool, as_json: bool) -> ExitCode:
    """List where Python code reads or writes send status.

    PATH is a folder or a file of the old program. Its code is read, never run. Each use is listed with what it does,
    whose it is (a contract's or a technician's), and what becomes of it; then code that the migration's fence would
    meet badly, and files that could not be read.

    What cannot be decided is listed as undecided. A comment on the line decides it: `# notifykit: technician` or
    `# notifykit: contract`. For --check, undecided uses and unreadable files that may hold uses count as contract uses.
    """
    from notifykit_migration.inventory.take import take_inventory

    files = _known(session)
    with progress("looking through the code", "files") as told:
        found = take_inventory(path, files, told)
    if as_json:
        print_json(listing(found))
    else:
        _print(found)
    return ExitCode.ERROR if check and not found.clean else ExitCode.DONE


def _known(session: Session) -> StatusFiles:
    """Return the status files that the project names; none where there is no project."""
    from notifykit_migration.inventory.project import status_files

    if not session.file.exists():
        return StatusFiles()
    try:
        return status_files(session.open_host(secrets=False))
    except NotifykitError as error:
        say(f"warning: {session.file} is not used to tell contracts from technicians: {error}")
        return StatusFiles()


def listing(found: Inventory) -> dict[str, Any]:
    """Return an inventory as data for programs."""
    return {
        "path": found.root,
        "files": found.files,
        "lines": found.lines,
        "clean": found.clean,
        "counts": {owner.value: found.count(owner) for owner in Owner},
        "uses": [_use(use) for use in found.uses],
        "hazards": [
            {**_place(item.place), "danger": item.danger.value, "detail": item.detail} for item in found.hazards
        ],
        "unread": [{"file": item.file, "reason": item.reason, "suspect": item.suspect} for item in found.unread],
    }


def _use(use: Use) -> dict[str, Any]:
    return {
        **_place(use.place),
        "what": use.what.value,
        "name": use.name,
        "access": use.access.value,
        "owner": use.owner.value,
        "why": use.why,
        "fate": use.fate.value,
    }


def _place(place: Place) -> dict[str, Any]:
    return {"file": place.file, "line": place.line, "column": place.column + 1, "function": place.function}


def _print(found: Inventory) -> None:
    if found.uses:
        print_table(
            ["place", "function", "what", "name", "access", "whose", "what becomes of it"],
            [
                (_spot(use.place), use.place.function, use.what, use.name, use.access, use.owner, use.fate)
                for use in found.uses
            ],
        )
    undecided = [use for use in found.uses if use.owner is Owner.UNDECIDED]
    _print_more("undecided:", [(_spot(use.place), use.name, use.why) for use in undecided])
    _print_more("hazards:", [(_spot(item.place), item.danger, item.detail) for item in found.hazards])
    _print_more(
        "could not be read:",
        [(item.file, item.reason, "may use send status" if item.suspect else "") for item in found.unread],
    )
    whose = ", ".join(f"{found.count(owner):,} {owner}" for owner in Owner)
    result(f"send status is used in {count(sum(map(found.count, Owner)), 'place')}: {whose}")
    if not found.uses:
        result("nothing here uses send status")
    chat(f"looked through {count(found.files, 'file')}, {count(found.lines, 'line')}")


def _print_more(title: str, rows: Sequence[tuple[str, str, str]]) -> None:
    if rows:
        result("")
        result(title)
        print_table(["place", "what", "detail"], rows)


def _spot(place: Place) -> str:
    return f"{place.file}:{place.line}"
