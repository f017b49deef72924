"""Names of files in plans, journals and messages: relative to the project's folder where they are inside."""

from __future__ import annotations

import os
from pathlib import Path


def shown(folder: Path, path: Path) -> str:
    """Return a file's name: POSIX form within the project's folder, the whole path elsewhere.

    Links are not followed: a file that is reached through one keeps the name under which it was configured.
    """
    base = os.path.abspath(folder)  # noqa: PTH100 - Path.resolve follows links
    whole = Path(os.path.normpath(Path(base) / path))
    return whole.relative_to(base).as_posix() if whole.is_relative_to(base) else str(whole)


def resolved(folder: Path, name: str) -> Path:
    """Return the file that a plan, a journal or a manifest calls by this name."""
    return folder / name
