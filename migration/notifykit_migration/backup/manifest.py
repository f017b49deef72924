"""What a backup says of itself: every file with its size and sha256, and what its database holds.

Its own checksum lies beside it, in the form that `sha256sum --check` reads.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter

from notifykit.durable import write_new
from notifykit.durable.ordinary import read_ordinary
from notifykit.wording.translation import gettext
from notifykit_migration.errors import VerificationError

NAME = "manifest.json"
SUM = "manifest.sha256"

FORMAT = 1
"""Version of the form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One file, or that there was none."""

    path: str
    """Where it was: relative to the project's folder where it is inside, in POSIX form."""
    name: str | None
    """Where it is in the backup, in POSIX form; None: there was no such file."""
    sha256: str = ""
    """Of the file in the backup."""
    size: int = 0
    """Bytes, in the backup."""
    mode: int = 0
    """Permissions of the original."""
    mtime_ns: int = 0
    """Of the original: nanoseconds since the epoch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreItem:
    """The database: a copy by SQLite's backup, so its bytes are not the original's, but its content is."""

    item: Item
    content_digest: str
    rows: Mapping[str, int]
    """How many rows each table has."""
    integrity: str
    """What `PRAGMA integrity_check` said of the copy."""
    journal_mode: str
    """Of the original. The copy has `delete`: it is one file."""
    user_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """All of a backup."""

    id: str
    made_at: float
    """Seconds since the epoch."""
    plan_hash: str
    plan: Item
    store: StoreItem | None
    files: tuple[Item, ...]

    @property
    def items(self) -> tuple[Item, ...]:
        """Every file that the backup has or would have."""
        return (self.plan, *([self.store.item] if self.store else []), *self.files)


_FORM = TypeAdapter(Manifest)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write it and its checksum. Raises OSError."""
    form = {"format": FORMAT, **asdict(manifest)}
    # File names need not be text: json escapes what is none.
    data = (json.dumps(form, indent=1) + "\n").encode("ascii")
    write_new(folder / NAME, data)
    write_new(folder / SUM, _checksum(data))


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a backup. Raises VerificationError where it is missing or not as it was written."""
    path = folder / NAME
    try:
        data = read_ordinary(path, None)
        checksum = read_ordinary(folder / SUM, None)
    except OSError as error:
        raise damaged(Path(error.filename or path), error.strerror or str(error)) from error
    if checksum != _checksum(data):
        raise damaged(path, gettext("it does not have the checksum in {sum}", sum=SUM))
    try:
        form = json.loads(data)
        if (version := form.pop("format", None)) != FORMAT:
            raise VerificationError(
                gettext("a backup of format {version}", version=version),
                mend=gettext("this notifykit knows {format}", format=FORMAT),
                where=path,
            )
        return _FORM.validate_python(form)
    except (ValueError, AttributeError, TypeError) as error:  # written by somebody else, checksum and all
        raise damaged(path, gettext("it is no manifest: {error}", error=error)) from error


def damaged(path: Path, why: str) -> VerificationError:
    """Return the error for a backup that is not what it was."""
    return VerificationError(
        gettext("the backup is damaged: {why}. Nothing was changed", why=why),
        mend=gettext("keep it, and put this file back from a copy of the backup if you have one"),
        where=path,
    )


def _checksum(data: bytes) -> bytes:
    return f"{hashlib.sha256(data).hexdigest()}  {NAME}\n".encode()
