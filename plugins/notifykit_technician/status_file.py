"""The legacy send-status file: a JSON object of key to word, which other programs read and write too."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from notifykit.durable import (
    OPEN_FILES_CAN_BE_REPLACED,
    has_writer,
    keep_owner_and_mode,
    kept_from_others,
    new_file,
    replace,
    replace_if,
    sync,
    sync_folder,
)
from notifykit.durable.ordinary import instead_of_file
from notifykit.errors import CampaignError
from notifykit.wording.translation import gettext
from notifykit_technician.json_text import kind, parse_json

_READINGS = 5
_WRITING = 0.5
"""Seconds to wait for a program that is just writing the file."""


def render(entries: Mapping[str, object], newline: str = "\n") -> bytes:
    """Return the file as the legacy program writes it: `json.dump(…, ensure_ascii=False, indent=4)`.

    Half a surrogate pair, at which the legacy program stops with a torn file, is written as its JSON escape.
    """
    text = json.dumps(entries, ensure_ascii=False, indent=4)
    return text.replace("\n", newline).encode(errors="backslashreplace")


@dataclass(frozen=True, slots=True)
class _View:
    """The file at one moment."""

    entries: dict[str, object]
    newline: str
    found: os.stat_result | None
    """None: there is no file."""
    data: bytes

    def is_of(self, path: Path) -> bool:
        """Whether the file still is the one that was looked at, with the same content.

        Its time does not tell: a clock may stand still between two writes.
        """
        try:
            with path.open("rb") as file:
                facts = os.fstat(file.fileno())
                return self.found is not None and facts.st_ino == self.found.st_ino and file.read() == self.data
        except FileNotFoundError:
            return self.found is None


@dataclass(frozen=True, slots=True)
class StatusFile:
    """One send-status file. Writers of ours exclude each other by a lock file beside it.

    The legacy program takes no lock and rewrites the file in place. What it wrote is kept up to the moment of
    the replacement. On Linux the two files exchange their names, and the old one gets its name back where it is not
    what was looked at, or where a program is about to write to it. Elsewhere a write that falls between that last look
    and the replacement is lost, as it is between two legacy processes.
    """

    path: Path
    patience: float = 30.0
    """Seconds to wait for another writer."""

    def read(self) -> dict[str, object]:
        """Return the entries; none where there is no file.

        Raises CampaignError where it cannot be read, is torn, or holds something else than an object.
        """
        return self._view().entries

    def require_replaceable(self) -> None:
        """Raise CampaignError where the file's folder lets nobody replace it."""
        folder = self._target.parent
        effective = os.access in os.supports_effective_ids
        if not (os.access(folder, os.W_OK | os.X_OK, effective_ids=effective) and folder.is_dir()):
            mend = gettext("create it, let this user write there, or correct `status_file`")
            raise CampaignError(
                gettext("cannot write in the folder {folder}", folder=folder), mend=mend, where=self.path
            )

    def record(self, keys: Iterable[str], word: str, *, overwrite: bool) -> dict[str, object]:
        """Put `word` under these keys, durably; under one that is there already only if `overwrite`.

        Returns the entries as they are then. Nothing is written where nothing changes. Raises CampaignError
        where the file cannot be read or replaced, and leaves it as it was.
        """
        target = self._target
        try:
            with FileLock(f"{target}.lock", timeout=self.patience):
                return self._record(target, list(keys), word, overwrite=overwrite)
        except Timeout:
            what = gettext(
                "another process has held {target}.lock for {patience:g} s", target=target.name, patience=self.patience
            )
            raise CampaignError(
                f"{what}", mend=gettext("look what it is doing, then run again"), where=self.path
            ) from None
        except OSError as error:
            mend = gettext("free the disk or mend the permissions, then run again")
            raise CampaignError(
                gettext("cannot be replaced ({strerror})", strerror=error.strerror), mend=mend, where=self.path
            ) from error

    @property
    def _target(self) -> Path:
        """The file itself where `path` is a link: replacing the link would part the two programs."""
        return Path(os.path.realpath(self.path))

    def _record(self, target: Path, keys: list[str], word: str, *, overwrite: bool) -> dict[str, object]:
        for _ in range(_READINGS):
            view = self._view()
            due = [key for key in keys if key not in view.entries or (overwrite and view.entries[key] != word)]
            if not due:
                return view.entries
            entries = view.entries | dict.fromkeys(due, word)
            fresh = target.with_name(f"{target.name}.new")
            try:
                _write(fresh, render(entries, view.newline), view.found)
                if _put(fresh, target, view):
                    return entries
                _wait_for_writer(target)
            finally:
                fresh.unlink(missing_ok=True)
        raise CampaignError(
            gettext("another program keeps writing it"), mend=gettext("stop that one, then run again"), where=self.path
        )

    def _view(self) -> _View:
        if (there := instead_of_file(self.path)) is not None:
            raise CampaignError(
                gettext("it is {there}", there=there), mend=gettext("correct `status_file`"), where=self.path
            )
        try:
            with self.path.open("rb") as file:
                found = os.fstat(file.fileno())
                data = file.read()
        except FileNotFoundError:
            return _View({}, os.linesep, None, b"")
        except OSError as error:
            raise CampaignError(
                f"{error.strerror}", mend=gettext("mend its permissions or `status_file`"), where=self.path
            ) from error
        mend = gettext("if it is being written, the next pass reads it; else restore it from a copy or mend it there")
        entries = parse_json(data, str(self.path), mend)
        if not isinstance(entries, dict):
            what = gettext("{kind}, not an object of key to word", kind=kind(entries))
            raise CampaignError(
                f"{self.path}:1:1: {what}", mend=gettext("restore it from a copy, or correct `status_file`")
            )
        first = data.find(b"\n")
        newline = os.linesep if first < 0 else "\r\n" if data[:first].endswith(b"\r") else "\n"
        return _View(entries, newline, found, data)


def _put(fresh: Path, target: Path, view: _View) -> bool:
    """Let the new file take the place of what was looked at. False where it is no longer that."""
    if view.found is None:
        try:
            target.hardlink_to(fresh)  # unlike a replacement, never over a file that has come meanwhile
        except FileExistsError:
            return False
        except OSError:  # a file system without links
            replace(fresh, target)
        sync_folder(target.parent)
        return True
    with target.open("rb") as file, kept_from_others(file.fileno(), _WRITING, readers_too=False) as others:
        if not OPEN_FILES_CAN_BE_REPLACED:
            file.close()
        elif not others.held and has_writer(file.fileno()):
            return False
        return replace_if(fresh, target, lambda path: view.is_of(path) and not others.wanted())


def _wait_for_writer(target: Path) -> None:
    """Let a program that is just writing the file come to its end: it is torn before."""
    with (
        suppress(FileNotFoundError),
        target.open("rb") as file,
        kept_from_others(file.fileno(), _WRITING, readers_too=False),
    ):
        pass


def _write(path: Path, data: bytes, like: os.stat_result | None) -> None:
    """Create `path` durably, with the mode and owner of the file that it is to replace.

    A file that was not there is for other programs to read, as far as the umask lets them.
    """
    path.unlink(missing_ok=True)
    with new_file(path) if like is not None else path.open("xb") as file:
        file.write(data)
        if like is not None:
            keep_owner_and_mode(path, like)
        sync(file)
