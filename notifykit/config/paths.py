"""What a path in a project file means."""

from __future__ import annotations

import errno
import os
import re
import sys
from pathlib import Path

from notifykit.wording.translation import gettext

_PLACEHOLDER = re.compile(r"^~[\w.-]*(?=[/\\])|^~$|(?:^|(?<=[/\\]))\$\w+|\$\{[^}]*\}|%\w+%")
"""What a shell would put something in the place of."""


def in_folder(folder: Path, path: str | Path) -> Path:
    """Return the absolute path that a path in a project file means, where `folder` holds that file."""
    # `..` is taken as it is written: places are shown to people, and the folder itself has no links in it.
    return Path(os.path.normpath(folder / path))


def unusable(folder: Path, path: str | Path) -> str | None:
    """Say why a path in a project file is none, or may not be the one that is meant, and how to mend it; None else.

    A home folder, or a variable, is another one for another account: a second outbox, say, which knows nothing of the
    first. What is there under that very name is meant.
    """
    text = os.fspath(path)
    if (wrong := unnameable(text, folder)) is not None:
        return wrong
    found = _PLACEHOLDER.search(text)
    if found is None or os.path.exists(folder / text):  # noqa: PTH110 - Path.exists raises for what may not be looked at
        return None
    whole = os.path.expandvars(os.path.expanduser(text))  # noqa: PTH111 - Path.expanduser raises where nobody is so called
    such = gettext(", such as {whole}", whole=whole) if _PLACEHOLDER.search(whole) is None else ""
    return gettext(
        '"{found}" is not expanded: for another account it is something else; write the whole path{such}',
        found=found[0],
        such=such,
    )


def unnameable(path: str | os.PathLike[str], folder: Path = Path()) -> str | None:
    """Say why the system can have no file under a path, and how to mend it; None where it can, there or not."""
    for name in (path, *Path(path).parts):  # below a folder that is not there, no name is looked at
        try:
            os.stat(folder / name)  # noqa: PTH116 - the path is as it is written
        except ValueError:
            if "\0" in os.fspath(path):
                return gettext("holds the character U+0000, which no path may; remove it")
            return gettext(
                "cannot be written in {encoding}, as names of files are here; set LANG to UTF-8",
                encoding=sys.getfilesystemencoding(),
            )
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                return gettext("cannot be the path of a file ({why}); shorten it", why=error.strerror)
    return None
