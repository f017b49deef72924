"""Steps on the two kinds of targets that are no whole files: the flags of a CSV file, and the store."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from notifykit.durable import mend
from notifykit.legacy import Flag, KeepsFlags
from notifykit_migration.errors import PreflightError
from notifykit_migration.journal.redo import TargetState

DATABASE = "database "
"""How the name of a step begins that changes the store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagStep:
    """Sets flags of one CSV file, all to the same. Rows that are appended meanwhile stay."""

    name: str
    """What the journal calls it."""
    path: Path
    shown: str
    keeper: KeepsFlags
    keys: Collection[str]
    flag: Flag
    before: bytes | None
    """The file as it is to be found; None where others may have written to it."""
    refused: str
    """What to say, and the mend, where a flag cannot be set."""

    def describe(self) -> Mapping[str, Any]:
        """Return what the journal keeps of it."""
        facts = {"target": self.shown, "flag": self.flag.value, "keys": len(self.keys)}
        if self.before is None:
            return facts
        return facts | {"before": _sha(self.before), "after": _sha(self._after(self.before))}

    def stand(self) -> TargetState:
        """Look whether it is done: flags that are set already, by hand or by a run that was cut short, are fine."""
        try:
            data = self.path.read_bytes()
        except OSError as error:
            raise PreflightError(
                f"cannot be read {mend(error)}", mend="nothing further was changed", where=self.shown
            ) from error
        if self.before is None:
            return TargetState.AFTER if self._after(data) == data else TargetState.PARTLY
        after = self._after(self.before)
        if data.startswith(after):
            return TargetState.AFTER
        if data.startswith(self.before):
            return TargetState.BEFORE
        return TargetState.PARTLY if self._after(data).startswith(after) else TargetState.FOREIGN

    def do(self) -> None:
        """Set the flags. Raises PreflightError where some are refused."""
        refused = self.keeper.set_flags(self.keys, self.flag)
        if refused:
            first = next(iter(refused.values()))
            raise PreflightError(f"{len(refused)} flags could not be set: {first}", mend=self.refused, where=self.shown)

    def _after(self, data: bytes) -> bytes:
        return self.keeper.with_flags(data, self.keys, self.flag)


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


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
