"""store prune: what is finished for long leaves the outbox for an archive beside it."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from notifykit.clock import Clock
from notifykit.errors import StoreError
from notifykit.operate.trace import Trace, traces
from notifykit.outbox.address import OpenedOutbox, StoreAddress
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.pruned import ArchivePlace, KeepsPruned, PrunedMessage
from notifykit.outbox.pruning import pruning
from notifykit.outbox.sqlite.archive import Archive
from notifykit.outbox.sqlite.pruning import archive_of
from notifykit.outbox.sqlite.store import SqliteOutbox

BATCH = 500
"""Tasks of one transaction."""

_BEFORE_ALL = -(2**63)
"""Below every id: rows of an old program can have negative ones."""


def archive_path(store: StoreAddress, project: Path) -> Path:
    """Return where the archive is: beside the file of the store, or beside the project file where a server keeps it."""
    return archive_of(store.file or project)


def prune(
    outbox: OpenedOutbox,
    store: StoreAddress,
    archive: Path,
    before: float,
    clock: Clock,
    *,
    progress: Callable[[int], None] = lambda _: None,
) -> int:
    """Move what is finished since before a moment (UTC seconds) to the archive; returns how many messages.

    In small transactions, with as long a pause after each as it took: others work on the store meanwhile. Each is in
    the archive, on disk, before it leaves the store. Killed anywhere, the next call goes on: nothing is lost, and what
    is in both is moved again. Raises StoreError.
    """
    found = pruning(outbox, store)
    moved = 0
    if not (ids := found.finished(before, after=_BEFORE_ALL, most=BATCH)):
        return 0
    with Archive.open(archive, identity=outbox.identity, of=str(store), like=store.file, clock=clock) as shelf:
        while ids:
            began = clock.monotonic()
            number = found.prune(ids, before, shelf)
            moved += number
            progress(number)
            time.sleep(clock.monotonic() - began)
            ids = found.finished(before, after=ids[-1], most=BATCH)
    return moved


def bring_back(outbox: SqliteOutbox, archive: Path, clock: Clock) -> int:
    """Put all back that was moved to an archive, for whoever needs the store whole; returns how many messages.

    The archive is deleted then. Killed anywhere, the next call goes on. Raises StoreError, and leaves what is there,
    where the archive is not, or is not whole.
    """
    if not (places := outbox.archives()):
        return 0
    files = _found(archive, places)
    if not files:
        number = sum(place.tasks for place in places)
        what = f"{number:,} messages are in the archive {places[0].path} on {places[0].host}, and that is not here"
        raise StoreError(what, mend="put it back beside the outbox", where=outbox.db.path)
    back = 0
    with ExitStack() as stack:
        of = str(outbox.db.path)
        opened = [Archive.open(file, identity=outbox.identity, of=of, like=None, clock=clock) for file in files]
        for shelf in opened:
            stack.enter_context(shelf)
            back += _taken_back(outbox, shelf)
        outbox.pruning().forget_pruned()
        for shelf in opened:
            shelf.clear()
    for file in files:
        for suffix in ("", "-wal", "-shm"):
            file.with_name(file.name + suffix).unlink(missing_ok=True)
    return back


def _taken_back(outbox: SqliteOutbox, shelf: Archive) -> int:
    back, last = 0, _BEFORE_ALL
    while (moved := shelf.take(last, BATCH))["tasks"][1]:
        columns, rows = moved["tasks"]
        last = rows[-1][list(columns).index("id")]
        back += outbox.pruning().take_back(moved)
    return back


def _found(archive: Path, places: Sequence[ArchivePlace]) -> list[Path]:
    """Return the archives that are here: beside the store, and where they were made while the store was elsewhere."""
    known = [Path(place.path) for place in places if place.host == platform.node()]
    return [file for file in dict.fromkeys([archive, *known]) if file.exists()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Archived:
    """What was moved of one key to an archive."""

    messages: tuple[PrunedMessage, ...]
    place: ArchivePlace
    """The latest one."""
    stories: tuple[Trace, ...]
    """As the archive tells them; none where it is not on this machine."""
    file: Path
    """Where it was looked for."""


def archived(
    outbox: Outbox, archive: Path, key: str, campaign: str | None, clock: Clock, *, identity: str
) -> Archived | None:
    """Return what was moved of a key; None where nothing was. Raises StoreError where the archive cannot be read."""
    if not isinstance(outbox, KeepsPruned) or not (messages := outbox.pruned(key, campaign)):
        return None
    places = outbox.archives()
    stories = _stories(identity, _found(archive, places), messages, clock)
    return Archived(messages=tuple(messages), place=places[0], stories=tuple(stories), file=archive)


def _stories(identity: str, files: Sequence[Path], messages: list[PrunedMessage], clock: Clock) -> list[Trace]:
    """Read the stories in the archives that are here, under the names that the campaigns had then."""
    stories: list[Trace] = []
    for file in files:
        with Archive.look(file, identity=identity, clock=clock) as shelf:
            stories += traces(shelf.outbox, messages[0].key)
            shelf.outbox.require_unchanged()
    wanted = {message.campaign for message in messages}
    return [story for story in stories if story.campaign in wanted] or stories
