"""What a patch says: the files that it changes, the constants that it deletes, and what it leaves to a person."""

from __future__ import annotations

from dataclasses import dataclass

from notifykit_inventory.model import Inventory, Use
from notifykit_inventory.patch.diff import as_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovedConstant:
    """A configuration constant that nothing needs any more once the patch is applied."""

    name: str
    file: str
    """Relative to the code's folder, in POSIX form."""
    line: int
    value: str
    """The status file that it names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """Something that cannot be taken out safely."""

    file: str
    line: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """A comment, or a line of a docstring, that speaks of what was taken out."""

    file: str
    line: int
    """As it will be."""
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """One file that is changed."""

    file: str
    """Relative to the code's folder, in POSIX form."""
    before: bytes
    after: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchContent:
    """What a patch does, and does not."""

    changes: tuple[FileChange, ...]
    constants: tuple[RemovedConstant, ...]
    leftovers: tuple[Leftover, ...]
    """What could not be taken out safely, with lines as they are now."""
    remarks: tuple[Remark, ...]
    """What still speaks of that which is taken out."""
    after: Inventory
    """The inventory as it will be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """A patch, and what is to be known about it."""

    text: str
    """With what is not changed, and why, as comments above the first file. Bytes of files that are not UTF-8 stand in
    it as surrogates: write `data`."""
    changes: tuple[FileChange, ...]
    """The files that it changes."""
    constants: tuple[RemovedConstant, ...]
    """The configuration constants that it deletes."""
    leftovers: tuple[Leftover, ...]
    """What cannot be taken out safely; lines as they are now."""
    remaining: tuple[Use, ...]
    """Contract uses, and undecided ones, that are there after it; lines as they will be."""
    waiting: tuple[Use, ...]
    """Uses of campaigns that were not migrated, which it leaves alone; lines as they will be."""
    remarks: tuple[Remark, ...]
    """Comments and docstrings that speak of what it takes out, which it does not change."""

    @property
    def files(self) -> tuple[str, ...]:
        """The names of those files, in POSIX form."""
        return tuple(item.file for item in self.changes)

    @property
    def data(self) -> bytes:
        """The patch as it is to be written to a file, in the encodings and line ends of the files that it changes."""
        return as_bytes(self.text)
