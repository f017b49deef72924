"""Where a project's migration stands, as its journal tells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from notifykit.wording.translation import gettext_noop
from notifykit_migration.journal.journal import Entry


class Phase(StrEnum):
    """How far it has come."""

    NONE = gettext_noop("not migrated")
    MIGRATING = gettext_noop("half migrated")
    """It was begun and has not come to its end: the next `migrate` goes on, `rollback` goes back."""
    SOAKING = gettext_noop("migrated")
    """The old files are still there."""
    RETIRED = gettext_noop("migrated and retired")
    ROLLING_BACK = gettext_noop("half rolled back")


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What the journal says."""

    phase: Phase
    begun: Entry | None = None
    """The latest `migrate_begun` that was not rolled back."""
    earlier: tuple[Entry, ...] = ()
    """The ones before it: campaigns can be migrated one after the other."""
    verified: bool | None = None
    """How the latest verification since came out."""
    retiring: bool = False
    """It was to retire the old files, and was cut short before that was done."""

    @property
    def plan_hash(self) -> str:
        """The plan that is, or was, carried out."""
        return str(self.field("plan_hash"))

    @property
    def backup(self) -> str:
        """Id of the backup that belongs to it."""
        return str(self.field("backup"))

    @property
    def soak_until(self) -> float | None:
        """Until when the old files are to stay; None where nothing was said."""
        until = self.field("soak_until")
        return float(until) if until is not None else None

    @property
    def migrations(self) -> tuple[Entry, ...]:
        """Every migration in force, oldest first."""
        return (*self.earlier, *([self.begun] if self.begun else []))

    def field(self, name: str) -> Any:
        """Return what the `migrate_begun` says."""
        return self.begun.fields.get(name) if self.begun else None


def state_of(entries: Sequence[Entry]) -> State:
    """Follow the journal to its end."""
    phase = Phase.NONE
    in_force: list[Entry] = []
    verified: bool | None = None
    retiring = False
    for entry in entries:
        match entry.kind:
            case "migrate_begun":
                phase, verified, retiring = Phase.MIGRATING, None, False
                in_force.append(entry)
            case "migrate_done":
                phase, retiring = Phase.SOAKING, bool(entry.fields.get("retire"))
            case "verified":
                verified = bool(entry.fields.get("passed"))
            case "retired":
                phase, retiring = Phase.RETIRED, False
            case "rollback_begun":
                phase, retiring = Phase.ROLLING_BACK, False
            case "rollback_done":
                phase, verified = Phase.NONE, None
                in_force = []
    return State(
        phase=phase,
        begun=in_force[-1] if in_force else None,
        earlier=tuple(in_force[:-1]),
        verified=verified,
        retiring=retiring,
    )


def was_used(entries: Sequence[Entry], plan_hash: str, made_at: float) -> Entry | None:
    """Return the migration that carried out this very plan; None where none did."""
    for entry in entries:
        if (
            entry.kind == "migrate_begun"
            and entry.fields.get("plan_hash") == plan_hash
            and entry.fields.get("plan_made_at") == made_at
        ):
            return entry
    return None
