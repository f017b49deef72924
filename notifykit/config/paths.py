"""What a path in a project file means."""

from __future__ import annotations

import os
import re
from pathlib import Path

_PLACEHOLDER = re.compile(r"^~[\w.-]*(?=[/\\])|^~$|(?:^|(?<=[/\\]))\$\w+|\$\{[^}]*\}|%\w+%")
"""What a shell would put something in the place of."""


def in_folder(folder: Path, path: str | Path) -> Path:
    """Return the absolute path that a path in a project file means, where `folder` holds that file."""
    # `..` is taken as it is written: places are shown to people, and the folder itself has no links in it.
    return Path(os.path.normpath(folder / path))


def unexpanded(folder: Path, path: str | Path) -> str | None:
    """Say what of a path is not expanded, and how to mend it; None where nothing is to be.

    A home folder, or a variable, is another one for another account: a second outbox, say, which knows nothing of the
    first. What is there under that very name is meant.
    """
    text = os.fspath(path)
    found = _PLACEHOLDER.search(text)
    if found is None or (folder / text).exists():
        return None
    whole = os.path.expandvars(os.path.expanduser(text))  # noqa: PTH111 - Path.expanduser raises where nobody is so called
    such = f", such as {whole}" if _PLACEHOLDER.search(whole) is None else ""
    return f'"{found[0]}" is not expanded: for another account it is something else; write the whole path{such}'
