"""Writes the files of a new project: all of them, or none. What is there already is never touched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from notifykit.errors import ExitCode, NotifykitError
from notifykit.wording.translation import gettext


class NotMadeError(NotifykitError):
    """A project cannot be made here; nothing was left behind."""

    exit_code = ExitCode.PREFLIGHT_FAILED


class NotWrittenError(NotMadeError):
    """A file cannot be written: an error, as of every file that a command writes."""

    exit_code = ExitCode.ERROR


def require_room(files: Sequence[Path]) -> None:
    """Raise NotMadeError where one of the files is there already, naming all that are."""
    there = [str(path) for path in files if path.is_symlink() or path.exists()]
    if there:
        one, named = len(there) == 1, ", ".join(there)
        raise NotMadeError(
            gettext("{files} is there already, and nothing is overwritten", files=named)
            if one
            else gettext("{files} are there already, and nothing is overwritten", files=named),
            mend=gettext("go to another folder, or move it away")
            if one
            else gettext("go to another folder, or move them away"),
        )


def make_files(texts: Mapping[Path, str]) -> list[Path]:
    """Write each text into a new file. Returns the files. Raises NotMadeError."""
    require_room(list(texts))
    made: list[Path] = []
    folders: list[Path] = []
    try:
        for path, text in texts.items():
            folders += _made_folders(path.parent)
            with path.open("x", encoding="utf-8", newline="\n") as file:
                made.append(path)
                file.write(text)
    except BaseException as error:
        for path in made:
            path.unlink(missing_ok=True)
        for folder in reversed(folders):
            with suppress(OSError):  # something else is in it by now
                folder.rmdir()
        if isinstance(error, FileExistsError):
            require_room(list(texts))
        if isinstance(error, OSError):
            raise NotWrittenError(
                gettext("cannot be written ({strerror}); nothing was left there", strerror=error.strerror),
                mend=gettext("check the folder and its permissions"),
                where=error.filename or path,
            ) from error
        raise
    return made


def _made_folders(folder: Path) -> list[Path]:
    """Make a folder and those above it that are missing. Returns those that were made, the uppermost first."""
    missing: list[Path] = []
    while not folder.exists():
        missing.insert(0, folder)
        folder = folder.parent
    for one in missing:
        one.mkdir()
    return missing
