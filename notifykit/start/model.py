"""What plugins tell of a file of data, and what is drafted of it or of an old program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFile:
    """A file of rows, as its plugin reads it."""

    source: str
    """The type of source that reads it."""
    strategy: str
    """The type of strategy that keeps a flag in it: with the options `flag`, `unsent`, `sent`. Empty: none does, and
    the outbox alone knows who was told."""
    columns: Mapping[str, tuple[str, ...]]
    """Name to cells, in the order of the file; of at most as many rows as were asked for. Columns that cannot be told
    apart by their names are left out."""
    options: Mapping[str, str] = field(default_factory=dict)
    """Further options that its source needs, such as `encoding`."""
    unread: str = ""
    """How many rows cannot be read, where the first is and why; empty where all can. They are in no column."""
    repeated: tuple[str, ...] = ()
    """Names that several columns have, none of which is in `columns`."""
    facts: tuple[str, ...] = ()
    """What was found out of the file, each a line for people: what it is, and what says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectDraft:
    """The files of a project that is not there yet."""

    files: Mapping[str, str]
    """Path to text; relative to the folder of notifykit.yaml, in POSIX form. The project file is `notifykit.yaml`."""
    told: tuple[str, ...] = ()
    """What people should know of it, a line each."""
