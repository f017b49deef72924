"""Steps on the two kinds of targets that are no whole files: the flags of a CSV file, and the store."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from notifykit.durable import mend
from notifykit.durable.ordinary import read_ordinary
from notifykit.legacy import Flag, KeepsFlags
from notifykit.wording.translation import gettext
from notifykit_migration.errors import PreflightError
from notifykit_migration.journal.redo import TargetState

DATABASE = "database "
"""How the name of a step begins that changes the store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagStep:
    """Sets flags of one CSV file, all to the same, whatever else people and jobs write to it.

    The store says which flags are due. Rows that are gone, and flags that say neither word, are left to their people.
    """

    name: str
    """What the journal calls it."""
    path: Path
    shown: str
    keeper: KeepsFlags
    keys: Collection[str]
    flag: Flag
    refused: str
    """What to say, and the mend, where a flag cannot be set."""

    def describe(self) -> Mapping[str, Any]:
        """Return what the journal keeps of it."""
        return {"target": self.shown, "flag": self.flag.value, "keys": len(self.keys)}

    def stand(self) -> TargetState:
        """Look whether a flag is left to be set."""
        try:
            data = read_ordinary(self.path, None)
        except OSError as error:
            raise PreflightError(
                gettext("cannot be read {mend}", mend=mend(error)), mend=self.refused, where=self.shown
            ) from error
        at = 0
        for piece in self.keeper.with_flags(data, self.keys, self.flag):
            if not data.startswith(piece, at):
                return TargetState.BEFORE
            at += len(piece)
        return TargetState.AFTER if at == len(data) else TargetState.BEFORE

    def do(self) -> None:
        """Set the flags. Raises PreflightError where some are refused."""
        refused = self.keeper.set_flags(self.keys, self.flag)
        if refused:
            first = next(iter(refused.values()))
            raise PreflightError(
                gettext("{number} flags could not be set: {first}", number=len(refused), first=first),
                mend=self.refused,
                where=self.shown,
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseStep:
    """Changes the store, in one transaction."""

    store: str
    """As plans call it."""
    facts: Mapping[str, Any]
    """What the journal keeps of it, beside its target."""
    look: Callable[[], TargetState]
    change: Callable[[], None]
    """One transaction. Raises, and leaves the store as it was, where it is not as `look` found it."""

    @property
    def name(self) -> str:
        """What the journal calls it."""
        return f"{DATABASE}{self.store}"

    def describe(self) -> Mapping[str, Any]:
        """Return what the journal keeps of it."""
        return {"target": self.store, **self.facts}

    def stand(self) -> TargetState:
        """Look whether it is done."""
        return self.look()

    def do(self) -> None:
        """Change it."""
        self.change()
