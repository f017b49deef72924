"""The patches that were made of the old program's code, and whether they are applied: the old check is gone then."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from notifykit.terminal.console import some
from notifykit.wording import Reason
from notifykit_migration.files.reading import file_digest
from notifykit_migration.journal.journal import Entry, Journal
from notifykit_migration.wording import warnings

KIND = "patch_written"

SHOWN = 6
"""Files that are named."""

Change = tuple[bytes, bytes]
"""A file's content without and with the patch."""


def note_patch(journal: Journal, code: Path, patch: Path, changes: Mapping[str, Change], who: str) -> None:
    """Write down what a patch will make of the files of the old program, before anybody can apply it."""
    sums = {file: [_sum(before), _sum(after)] for file, (before, after) in changes.items()}
    journal.append(KIND, who=who, code=str(code.resolve()), patch=str(patch.resolve()), sums=sums)


def applied(entries: Iterable[Entry]) -> Iterator[Reason]:
    """Yield what is to be known of the old program's code before it is started again."""
    for entry in entries:
        if entry.kind != KIND:
            continue
        code, patch, sums = entry.fields["code"], entry.fields["patch"], entry.fields["sums"]
        now = {file: _content_sum(Path(code) / file) for file in sums}
        patched = [file for file, (_, after) in sums.items() if now[file] == after]
        changed = [file for file, known in sums.items() if now[file] not in (None, *known)]
        if patched:
            yield warnings.STILL_PATCHED(files=some(patched, SHOWN), code=code, patch=patch)
        if changed:
            yield warnings.CODE_CHANGED(files=some(changed, SHOWN), code=code, patch=patch)


def _content_sum(path: Path) -> str | None:
    try:
        return file_digest(path)
    except OSError:
        return None  # the code is elsewhere by now: nobody can tell


def _sum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
