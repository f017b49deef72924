"""The totals that a project has told, kept beside its project file.

A backup that is put back has counted less than was told already. A counter that falls means to a monitor that all it
counts happened again, so the store counts on from what was told (`Outbox.roll_up`).
"""

from __future__ import annotations

import json
import logging
import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from notifykit import durable
from notifykit.outbox.totals import SEQUENCE, Total, Totals, raised

log = logging.getLogger(__name__)

__all__ = ["ToldTotals"]

_ABOUT = "What `notifykit metrics` has told, so that no counter falls where a backup is put back. Written by notifykit."


@dataclass(frozen=True, slots=True)
class ToldTotals:
    """The file."""

    file: Path
    project: Path
    """The project file: whoever may read it may read this."""

    @classmethod
    def of(cls, project: Path) -> Self:
        """Return that of the project with this project file: `notifykit-totals.json` beside `notifykit.yaml`."""
        return cls(project.with_name(f"{project.stem}-totals.json"), project)

    def read(self) -> Totals:
        """Return what was told; nothing where that is not known."""
        try:
            found = json.loads(self.file.read_bytes())["totals"]
            return {Total(*map(str, names)): float(value) for *names, value in found}
        except FileNotFoundError:
            return {}
        except OSError as error:
            log.info("%s cannot be read: %s", self.file, error)
        except (ValueError, TypeError, KeyError, RecursionError):
            log.warning("%s is damaged, and is written anew: a counter may fall once", self.file)
        return {}

    def keep(self, totals: Totals) -> None:
        """Keep what is told from now on. Where the folder cannot be written, nothing is kept."""
        one = Total(SEQUENCE)
        if totals.get(one, 0.0) <= self.read().get(one, 0.0):
            return
        text = json.dumps({"about": _ABOUT, "totals": [[*total, value] for total, value in totals.items()]})
        fresh = self.file.with_name(f".{self.file.name}.{os.urandom(4).hex()}")
        try:
            durable.write_new(fresh, (text + "\n").encode())
            fresh.chmod(stat.S_IMODE(self.project.stat().st_mode) & 0o666)
            durable.replace(fresh, self.file)
        except OSError as error:
            with suppress(OSError):
                fresh.unlink()
            log.info("%s cannot be written (%s): a counter may fall where a backup is put back", self.file, error)

    def with_store(self, totals: Totals) -> Totals:
        """Return what is to be told of a store with these totals: never less than was told."""
        return {**totals, **raised(totals, self.read())}
