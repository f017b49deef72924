"""What an inventory says: uses of send status, hazards for the fence, and files that could not be read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from notifykit.wording import Reason


class UseKind(StrEnum):
    """What kind of use it is."""

    CALL = "call"
    """Of `load_send_status`, `save_send_status` or `update_send_status`."""
    PASS = "passes the file"  # noqa: S105 - no password
    """A call of a function that hands the status file on to those."""
    DEFINITION = "definition"
    """Of one of the functions above."""
    REFERENCE = "reference"
    """One of the functions, but not called here: handed on, wrapped, or named in a string."""
    IMPORT = "import"
    CONSTANT = "constant"
    """The definition of a constant that names a status file."""
    NAMED = "names the constant"
    PATH = "path"
    """A path that names a status file."""
    FLAG = "flag column"
    GATE = "gate"
    """A condition on what a status file says."""
    PARAMETER = "parameter"
    """One that holds a status file."""
    UNCALLED = "never called"
    """A function with uses in it that nothing calls."""


class Access(StrEnum):
    """What a use does to the file or the flag."""

    READ = "read"
    WRITE = "write"
    BOTH = "read, write"
    NEITHER = ""
    """It only mentions its name."""


class Owner(StrEnum):
    """Whose send status it is."""

    CONTRACT = "contract"
    TECHNICIAN = "technician"
    SHARED = "shared"
    """Contracts and technicians both use it."""
    WAITING = "not migrated"
    """A contract's, of a campaign that was not migrated. Only a patch tells these apart."""
    UNDECIDED = "undecided"


class Fate(StrEnum):
    """What becomes of a use after the migration."""

    GOES = "goes: the outbox knows what was sent"
    STAYS = "stays: technicians keep their file"
    SHARED = "stays, for the technicians"
    WAITS = "stays: its campaign was not migrated"
    FLAG_READ = "stays: Y will mean sent, not queued"
    FLAG_WRITE = "notifykit sets the flag, once all messages were accepted"
    FLAG_NAMED = "stays"
    PERSON = "a person decides"
    UNCALLED = "may go, where nothing outside of this code calls it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something stands in the code."""

    file: str
    """Relative to the inventory's folder, in POSIX form."""
    line: int
    column: int
    """Characters before it, from 0."""
    function: str = ""
    """Such as `Notifier.run`; empty outside of functions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One use of send status."""

    place: Place
    kind: UseKind
    name: str
    """The function, the constant or the path."""
    access: Access
    owner: Owner
    why: Reason
    """What the owner was decided by."""

    @property
    def fate(self) -> Fate:
        """What becomes of it after the migration."""
        if self.kind is UseKind.UNCALLED:
            return Fate.UNCALLED
        if self.kind is UseKind.FLAG:
            return {Access.READ: Fate.FLAG_READ, Access.NEITHER: Fate.FLAG_NAMED}.get(self.access, Fate.FLAG_WRITE)
        return {
            Owner.CONTRACT: Fate.GOES,
            Owner.TECHNICIAN: Fate.STAYS,
            Owner.SHARED: Fate.SHARED,
            Owner.WAITING: Fate.WAITS,
            Owner.UNDECIDED: Fate.PERSON,
        }[self.owner]

    @property
    def remains(self) -> bool:
        """Whether the code still keeps a contract's send status here, or may do so."""
        return self.kind is not UseKind.FLAG and self.owner in (Owner.CONTRACT, Owner.UNDECIDED)


class Danger(StrEnum):
    """What fails, or goes wrong, with the migration's fence or with a task table of more columns."""

    POSITIONAL_INSERT = "INSERT INTO tasks without column names"
    SELECT_STAR = "SELECT * FROM tasks"
    EXCEPT = "except around create_task"
    DIRECT = "opens tasks.db itself"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hazard:
    """Code that fails, or goes wrong, with the migration's fence or its new columns."""

    place: Place
    danger: Danger
    detail: str
    """What happens there, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadPath:
    """A file or folder that could not be read, or was not."""

    file: str
    reason: str
    suspect: bool
    """Whether it may use send status: its text mentions it, or could not be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """Everything that was found below one path."""

    root: str
    files: int
    lines: int
    uses: tuple[Use, ...]
    hazards: tuple[Hazard, ...]
    unread: tuple[UnreadPath, ...]
    around: tuple[Use, ...] = ()
    """Conditions on what a status file says, parameters that hold one, and functions that nothing calls. Not counted:
    they go, or stay, with the uses."""

    def count(self, owner: Owner) -> int:
        """How many uses of an owner there are, flags aside."""
        return sum(use.owner is owner and use.kind is not UseKind.FLAG for use in self.uses)

    @property
    def clean(self) -> bool:
        """Whether no contract use remains, and no unread file may have one."""
        return not any(use.remains for use in self.uses) and not any(item.suspect for item in self.unread)
