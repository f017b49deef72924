"""Files that are dear to make, made once and copied for each measurement."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path


class Shelf:
    """Keeps one file, or one folder, for each name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def keep(self, name: str, make: Callable[[Path], None]) -> Path:
        """Return where it is kept; `make` it there first if need be."""
        kept = self._folder / name
        if not kept.exists():
            unfinished = kept.with_name(f"unfinished-{name}")
            make(unfinished)
            unfinished.rename(kept)
        return kept

    def copy(self, name: str, to: Path, make: Callable[[Path], None]) -> None:
        """Put a copy of a kept file at `to`."""
        copy(self.keep(name, make), to)


def copy(kept: Path, to: Path) -> None:
    """Copy a file, onto the disk and not only on its way there."""
    shutil.copyfile(kept, to)
    with to.open("rb+") as file:
        os.fsync(file.fileno())
