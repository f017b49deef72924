"""An inventory as it is shown: to people as tables, to programs as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from notifykit.terminal.console import count, info, out
from notifykit.terminal.tables import print_table
from notifykit.wording.translation import gettext
from notifykit_inventory.drafts.model import Undrafted
from notifykit_inventory.drafts.writing import WrittenDraft
from notifykit_inventory.model import Inventory, Owner, Place, Use
from notifykit_inventory.wording import said

OWNERS = tuple(owner for owner in Owner if owner is not Owner.WAITING)
"""Whose the uses of an inventory may be: which campaigns were migrated, only a patch asks."""


@dataclass(frozen=True, slots=True)
class DraftReport:
    """The drafts of a tree, as they were written."""

    written: Sequence[WrittenDraft]
    undrafted: Sequence[Undrafted]


def listing(found: Inventory, drafts: DraftReport | None = None) -> dict[str, Any]:
    """Return an inventory, and the campaigns that were drafted, as data for programs."""
    return {
        "path": found.root,
        "files": found.files,
        "lines": found.lines,
        "clean": found.clean,
        "counts": {owner.value: found.count(owner) for owner in OWNERS},
        "uses": [_use(use) for use in found.uses],
        "around": [_use(use) for use in found.around],
        "hazards": [
            {**_place(item.place), "danger": item.danger.value, "detail": item.detail} for item in found.hazards
        ],
        "unread": [{"file": item.file, "reason": item.reason, "suspect": item.suspect} for item in found.unread],
        "drafts": [_draft(item) for item in drafts.written] if drafts else [],
        "not_drafted": [
            {"file": item.file, "line": item.line, "function": item.function, "why": item.why}
            for item in (drafts.undrafted if drafts else ())
        ],
    }


def _draft(item: WrittenDraft) -> dict[str, Any]:
    draft = item.draft
    return {
        "path": str(item.path),
        "written": item.written,
        "campaign": draft.name,
        "owner": draft.owner.value,
        "file": draft.file,
        "line": draft.line,
        "function": draft.function,
        "source": draft.source,
        "status_file": draft.status_file,
        "key": draft.key,
        "messages": [message.name for message in draft.messages],
        "marks": [{"file": mark.file, "line": mark.line, "what": mark.what} for mark in draft.marked],
    }


def _use(use: Use) -> dict[str, Any]:
    return {
        **_place(use.place),
        "what": use.kind.value,
        "name": use.name,
        "access": use.access.value,
        "owner": use.owner.value,
        "why": use.why.text,
        "fate": use.fate.value,
    }


def _place(place: Place) -> dict[str, Any]:
    return {"file": place.file, "line": place.line, "column": place.column + 1, "function": place.function}


def print_inventory(found: Inventory) -> None:
    """Print an inventory for people."""
    if found.uses:
        print_table(
            ["place", "function", "what", "name", "access", "whose", "what becomes of it"],
            [
                (
                    _spot(use.place),
                    use.place.function,
                    said(use.kind),
                    use.name,
                    said(use.access),
                    said(use.owner),
                    said(use.fate),
                )
                for use in found.uses
            ],
        )
    undecided = [use for use in found.uses if use.owner is Owner.UNDECIDED]
    _print_more(gettext("undecided:"), [(_spot(use.place), use.name, said(use.why)) for use in undecided])
    _print_more(gettext("hazards:"), [(_spot(item.place), said(item.danger), item.detail) for item in found.hazards])
    _print_more(
        gettext("could not be read:"),
        [(item.file, item.reason, gettext("may use send status") if item.suspect else "") for item in found.unread],
    )
    whose = gettext(", ").join(
        gettext("{number:,} {owner}", number=found.count(owner), owner=said(owner)) for owner in OWNERS
    )
    places = count(sum(map(found.count, OWNERS)), "place")
    out(gettext("send status is used in {places}: {whose}", places=places, whose=whose))
    if not found.uses:
        out(gettext("nothing here uses send status"))
    info(gettext("looked through {files}, {lines}", files=count(found.files, "file"), lines=count(found.lines, "line")))


def print_drafts(drafts: DraftReport) -> None:
    """Print which campaigns were drafted, for people, and what a person has to decide in them."""
    out("")
    for item in drafts.written:
        draft = item.draft
        if not item.written:
            out(gettext("{path}: is there already, and stays as it is", path=item.path))
            continue
        told = gettext(
            "{path}: {owner} campaign of {file}:{line} {function}",
            path=item.path,
            owner=said(draft.owner),
            file=draft.file,
            line=draft.line,
            function=draft.function,
        )
        marks = count(len(draft.marked), "mark")
        out(gettext("{told}; {marks} for a person", told=told, marks=marks) if draft.marked else told)
        out(*(f"  ? {mark.file}:{mark.line}: {' '.join(mark.what.split())}" for mark in draft.marked))
    out(*map(not_drafted, drafts.undrafted))
    if not drafts.written:
        out(gettext("no campaign was drafted"))


def not_drafted(item: Undrafted) -> str:
    """Return a line about what no campaign was drafted of."""
    return gettext(
        "not drafted: {file}:{line} {function}: {why}",
        file=item.file,
        line=item.line,
        function=item.function,
        why=item.why,
    )


def _print_more(title: str, rows: Sequence[tuple[str, str, str]]) -> None:
    if rows:
        out("")
        out(title)
        print_table(["place", "what", "detail"], rows)


def _spot(place: Place) -> str:
    return f"{place.file}:{place.line}"
