"""A patch for a person to review: it takes the contracts' send status out of legacy code, and leaves the technicians'.

Nothing is changed here; a person applies the patch with `patch -p1` or `git apply`. It needs libcst, whose import takes
a while: import this package only where a patch is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from notifykit_migration.inventory.model import Use
from notifykit_migration.inventory.words import StatusFiles
from notifykit_migration.patch.diff import as_bytes, file_diff
from notifykit_migration.patch.making import Made, Making, RemovedConstant
from notifykit_migration.patch.orders import Left

__all__ = ["Left", "Patch", "RemovedConstant", "make_patch", "plan_patch", "removable_constants"]

_HEAD = """\
Takes the contracts' send status out of this code; the technicians' stays. Review it, then apply it in this folder
with `patch -p1 < FILE` or `git apply FILE`.

Only for code whose contracts notifykit itself generates (`notifykit generate`): under `notifykit shim`, the old
program's calls are what is replaced, and have to stay."""


@dataclass(frozen=True, slots=True)
class Patch:
    """A patch, and what is to be known about it."""

    text: str
    """With what is not changed, and why, as comments above the first file. Bytes of files that are not UTF-8 stand in
    it as surrogates: write `data`."""
    files: tuple[str, ...]
    """The files that it changes."""
    constants: tuple[RemovedConstant, ...]
    """The configuration constants that it deletes."""
    left: tuple[Left, ...]
    """What cannot be taken out safely; lines as they are now."""
    remaining: tuple[Use, ...]
    """Contract uses, and undecided ones, that are there after it; lines as they will be."""

    @property
    def data(self) -> bytes:
        """The patch as it is to be written to a file."""
        return as_bytes(self.text)


def plan_patch(root: Path, files: StatusFiles | None = None) -> Patch:
    """Return the patch for the code in a folder. `files` are the status files that a project names.

    Raises NotifykitError where there is nothing at the path.
    """
    made = Making(root, files).make()
    remaining = tuple(use for use in made.after.uses if use.remains)
    diffs = [file_diff(item.file, item.before, item.after) for item in made.changes]
    text = "".join([_comment(made, remaining), *diffs])
    return Patch(text, tuple(item.file for item in made.changes), made.constants, made.left, remaining)


def make_patch(root: Path, files: StatusFiles | None = None) -> str:
    """Return the text of the patch. It is written as UTF-8 with `surrogateescape`: see `Patch.data`."""
    return plan_patch(root, files).text


def removable_constants(root: Path, files: StatusFiles | None = None) -> list[RemovedConstant]:
    """Return the configuration constants that can be deleted together with what uses them."""
    return list(plan_patch(root, files).constants)


def _comment(made: Made, remaining: tuple[Use, ...]) -> str:
    lines = _HEAD.split("\n")
    if not made.changes:
        lines += ["", "There is nothing that can be taken out."]
    if made.left:
        lines += ["", "Not taken out, since that might not be safe (lines as they are now):"]
        lines += [f"  {item.file}:{item.line}: {item.why}" for item in made.left]
    if remaining:
        lines += ["", "What is left for a person (lines as they are after the patch):"]
        lines += [
            f"  {use.place.file}:{use.place.line}: {use.what} {use.name}: {use.owner}, {use.why}" for use in remaining
        ]
    suspect = [item for item in made.after.unread if item.suspect]
    if suspect:
        lines += ["", "Could not be read, and may use send status:"]
        lines += [f"  {item.file}: {item.reason}" for item in suspect]
    return "".join(f"# {line}".rstrip() + "\n" for line in "\n".join(lines).splitlines())
