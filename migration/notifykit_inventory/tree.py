"""Which files of a folder are Python code."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

from notifykit.durable.ordinary import instead_of_file
from notifykit.errors import NotifykitError
from notifykit.wording.translation import gettext
from notifykit_inventory.model import UnreadPath

SKIPPED = frozenset(
    {
        ".git", ".hg", ".svn", ".tox", ".nox", ".eggs", ".venv", "venv", "virtualenv", "node_modules", "site-packages",
        "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".ipynb_checkpoints",
    }
)  # fmt: skip
"""Folders of tools and installed packages. A folder with a `pyvenv.cfg` is skipped too."""


def python_files(root: Path) -> Iterator[Path | UnreadPath]:
    """Yield the Python files below a folder, sorted folder by folder; or the file itself.

    Links to folders are not followed: what they lead to inside of the folder is found at its own place.
    Raises NotifykitError where there is neither a folder nor an ordinary file at this path.
    """
    mend = gettext("name a folder or a file of the old program")
    try:
        is_folder = root.is_dir()
        root.stat()
    except OSError as error:
        raise NotifykitError(f"{error.strerror or error}", mend=mend, where=root) from error
    if not is_folder:
        if (instead := instead_of_file(root)) is not None:
            raise NotifykitError(gettext("it is {instead}", instead=instead), mend=mend, where=root)
        yield root
        return
    home = os.path.realpath(root)
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            yield UnreadPath(file=within(root, folder), reason=_reason(error), suspect=True)
            continue
        if folder != root and any(entry.name == "pyvenv.cfg" for entry in entries):
            continue
        below: list[Path] = []
        for entry in entries:
            found = _look(entry, root, home)
            if isinstance(found, Path) and entry.is_dir(follow_symlinks=False):
                below.append(found)
            elif found is not None:
                yield found
        waiting.extend(reversed(below))


def within(root: Path, path: Path) -> str:
    """Return the path relative to the folder, in POSIX form."""
    if path == root:
        return path.name or "."
    return path.relative_to(root).as_posix()


def _look(entry: os.DirEntry[str], root: Path, home: str) -> Path | UnreadPath | None:
    """Return a folder to look into, a Python file, why the entry is not read, or None where it is neither."""
    path = Path(entry.path)
    try:
        if entry.is_dir(follow_symlinks=False):
            return None if entry.name in SKIPPED else path
        if entry.is_symlink():
            if path.is_dir():
                return _linked_folder(path, root, home)
            path.stat()
            if os.path.realpath(path).startswith(home + os.sep):
                return None
        if not _is_python(path):
            return None
    except OSError as error:
        return UnreadPath(file=within(root, path), reason=_reason(error), suspect=entry.name.endswith(".py"))
    return path


def _linked_folder(path: Path, root: Path, home: str) -> UnreadPath | None:
    target = os.path.realpath(path)
    above = os.path.realpath(path.parent)
    if above == target or above.startswith(target.rstrip(os.sep) + os.sep):
        return UnreadPath(
            file=within(root, path), reason=gettext("symlink loop: it leads back to a folder above it"), suspect=False
        )
    if not target.startswith(home + os.sep):
        reason = gettext(
            "a link out of the tree, to {target}; take an inventory there, where it holds code", target=target
        )
        return UnreadPath(file=within(root, path), reason=reason, suspect=False)
    return None


def _is_python(path: Path) -> bool:
    if path.suffix:
        return path.suffix in (".py", ".pyw")
    if instead_of_file(path) is not None:
        return False
    with path.open("rb") as file:
        first = file.readline(200)
    return first.startswith(b"#!") and b"python" in first


def _reason(error: OSError) -> str:
    if error.errno == errno.ELOOP:
        return gettext("symlink loop")
    if error.errno == errno.ENOENT:
        return gettext("a link to nothing")
    return error.strerror or str(error)
