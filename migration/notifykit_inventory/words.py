"""The words by which send status is recognised in code (see docs/migration.md), and whose they are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TypeVar

from notifykit_inventory.model import Access, Owner

FUNCTIONS: Mapping[str, Access] = {
    "load_send_status": Access.READ,
    "save_send_status": Access.WRITE,
    "update_send_status": Access.BOTH,
}
"""Each takes the status file as its first argument."""

FLAG_COLUMN = "是否发送通知"
DATABASE = "tasks.db"
HOLE = "\0"
"""In a folded text: a part that is known only when the program runs."""

CONSTANT = re.compile(r"STATUS_FILENAME(_\w+)?$|\w*_STATUS_FILENAME$")
MARKERS = ("status", "notify", "tasks", "create_task", "sqlite", "通知", "发送", "\\u", "\\x", "\\n{")
"""In lower case. A file without any of them uses no send status, unless a name of another file leads there."""
STATUS_WORDS = "send_status|STATUS_FILENAME|status_record|发送状态"
"""How code speaks of send status, as a pattern."""
SUSPECT = re.compile(rf"{STATUS_WORDS}|{FLAG_COLUMN}")
"""What makes a file that cannot be parsed suspect."""

_PATH = re.compile(rf"[^\s]*(send_status|status_record)[^/\s]*\.json|[^\s]*send_status[^/\s]*{HOLE}")
_TECHNICIAN = re.compile(r"technician|(?<![a-z])tech(?![a-z])|技师|技术员|管家状态", re.IGNORECASE)
_CONTRACT = re.compile(r"contract|award|合同|喜报", re.IGNORECASE)
_MONTH = re.compile(r"_(JAN|FEB|MAR|APR|MAY|JUNE?|JULY?|AUG|SEPT?|OCT|NOV|DEC|\d{1,2}|\d{6})(_|$)")
_WORDS: Mapping[str, Owner] = {
    "发送成功": Owner.CONTRACT,
    "合同ID(_id)": Owner.CONTRACT,
    FLAG_COLUMN: Owner.CONTRACT,
    "通知成功": Owner.TECHNICIAN,
}


_Found = TypeVar("_Found")


@dataclass(frozen=True, slots=True)
class StatusFiles:
    """The files that a project's campaigns name."""

    owners: Mapping[str, Owner] = field(default_factory=dict)
    """Path of a status file as the project says it, in POSIX form, to owner."""
    campaigns: Mapping[str, str] = field(default_factory=dict)
    """Path, or address, that a campaign reads or keeps send status in, to the campaign's name."""
    migrated: frozenset[str] | None = None
    """The contracts' files whose campaigns were migrated; None where all of them are treated alike."""

    def in_force(self, owner: Owner, path: str) -> Owner:
        """Return the owner, told apart by whether the campaign of a contract's file was migrated."""
        if owner is not Owner.CONTRACT or self.migrated is None:
            return owner
        return Owner.CONTRACT if StatusFiles(dict.fromkeys(self.migrated, owner)).named(path) else Owner.WAITING

    def named(self, path: str) -> Owner | None:
        """Return the owner of a status file that a campaign names. A path matches where one ends with the other."""
        return _matching(self.owners, path)

    def campaign(self, path: str) -> str | None:
        """Return the campaign that reads a path, or keeps send status in it. It matches as in `named`."""
        return _matching(self.campaigns, path)

    def fitting(self, pattern: str) -> set[Owner]:
        """Return the owners of the known files that a path with holes may name."""
        expression = re.compile(".*".join(map(re.escape, _tail(pattern).split(HOLE))))
        return {
            self.in_force(owner, known) for known, owner in self.owners.items() if expression.fullmatch(_tail(known))
        }


def is_status_path(text: str, files: StatusFiles) -> bool:
    """Whether a folded text names a status file."""
    if len(text) > 400 or "\n" in text:
        return False
    return bool(_PATH.fullmatch(text)) or (text.endswith(".json") and files.named(text) is not None)


def owner_of_path(text: str, files: StatusFiles) -> Owner | None:
    """Return whose file it is; None where that cannot be told from the path."""
    if HOLE not in text and (owner := files.named(text)):
        return files.in_force(owner, text)
    if HOLE in text and (known := files.fitting(text)):
        return known.pop() if len(known) == 1 else None
    tail = _tail(text)
    if _TECHNICIAN.search(tail):
        return Owner.TECHNICIAN
    if "send_status" in tail:
        return files.in_force(Owner.CONTRACT, text)
    return None


def is_status_constant(name: str) -> bool:
    """Whether a constant's name says that it names a status file."""
    return bool(CONSTANT.match(name))


def owner_of_constant(name: str) -> Owner | None:
    """Return whose status file a constant names, by its name alone."""
    if not is_status_constant(name):
        return None
    if _TECHNICIAN.search(name) or name.endswith("_TS"):
        return Owner.TECHNICIAN
    return Owner.CONTRACT if _MONTH.search(name) else None


def owner_of_function(name: str) -> Owner | None:
    """Return whose job a function does, by its name alone."""
    found = [owner for owner, words in _FUNCTION_WORDS.items() if words.search(name)]
    return found[0] if len(found) == 1 else None


_FUNCTION_WORDS = {Owner.TECHNICIAN: _TECHNICIAN, Owner.CONTRACT: _CONTRACT}


def owner_of_word(text: str) -> Owner | None:
    """Return who writes this word into a status file, or has this column."""
    return _WORDS.get(text)


def agreed(owners: Iterable[Owner]) -> Owner | None:
    """Return the one owner on whom all agree; SHARED where contract and technician meet; None for no owners.

    What a migrated campaign shares with one that was not has to wait for that.
    """
    found = set(owners)
    if not found:
        return None
    if Owner.UNDECIDED in found:
        return Owner.UNDECIDED
    if found == {Owner.CONTRACT, Owner.WAITING}:
        return Owner.WAITING
    return found.pop() if len(found) == 1 else Owner.SHARED


def _matching(named: Mapping[str, _Found], path: str) -> _Found | None:
    given = _parts(path)
    for known, found in named.items():
        parts = _parts(known)
        shorter = min(len(given), len(parts))
        if shorter and given[-shorter:] == parts[-shorter:]:
            return found
    return None


def _parts(path: str) -> tuple[str, ...]:
    return tuple(part for part in PurePosixPath(path.replace("\\", "/")).parts if part not in (".", "/"))


def _tail(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2]
