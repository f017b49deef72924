"""store prune: what is finished for long leaves the outbox for an archive beside it."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from notifykit.clock import Clock
from notifykit.errors import StoreError
from notifykit.operate.archives import LOST, files_here, lost_places, recall
from notifykit.operate.trace import Trace, traces
from notifykit.outbox.address import OpenedOutbox, StoreAddress
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.pruned import ArchivePlace, KeepsPruned, PrunedMessage
from notifykit.outbox.pruning import pruning
from notifykit.outbox.sqlite.archive import Archive
from notifykit.outbox.sqlite.store import SqliteOutbox
from notifykit.outbox.totals import AT_ONCE
from notifykit.terminal.console import count
from notifykit.wording.translation import gettext

BATCH = 500
"""Tasks of one transaction."""

_BEFORE_ALL = -(2**63)
"""Below every id: rows of an old program can have negative ones."""


def prune(
    outbox: OpenedOutbox,
    store: StoreAddress,
    archive: Path,
    before: float,
    clock: Clock,
    *,
    new_archive: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> int:
    """Move what is finished since before a moment (UTC seconds) to the archive; returns how many messages.

    In small transactions, with as long a pause after each as it took: others work on the store meanwhile. Each is in
    the archive, on disk, before it leaves the store. Killed anywhere, the next call goes on: nothing is lost, and what
    is in both is moved again. `new_archive`: begin another where the former one is lost. Raises StoreError, also where
    that is so and another is not wanted.
    """
    found = pruning(outbox, store)
    while outbox.roll_up(AT_ONCE):  # what is finished before that moment was attempted before it
        pass
    moved = 0
    if not (ids := found.finished(before, after=_BEFORE_ALL, most=BATCH)):
        return 0
    require_archive(outbox, archive, clock, new_archive=new_archive)
    if isinstance(outbox, KeepsPruned):
        found.forget_archives(lost_places(archive, outbox.archives()))
    recall(outbox, archive, clock)  # before it is in the state in which this leaves it
    with Archive.open(archive, identity=outbox.identity, of=str(store), like=store.file, clock=clock) as shelf:
        while ids:
            began = clock.monotonic()
            number = found.prune(ids, before, shelf)
            moved += number
            progress(number)
            time.sleep(clock.monotonic() - began)
            ids = found.finished(before, after=ids[-1], most=BATCH)
    return moved


def require_archive(outbox: OpenedOutbox, archive: Path, clock: Clock, *, new_archive: bool) -> None:
    """Raise StoreError where what is finished cannot be moved to an archive: it is lost, or cannot be used.

    `new_archive`: one that is lost is followed by another.
    """
    lost = lost_places(archive, outbox.archives()) if isinstance(outbox, KeepsPruned) else []
    if lost and not new_archive:
        number = count(sum(place.tasks for place in lost), "message")
        what = gettext("the archive, with {number}, is not there", number=number)
        raise StoreError(what, mend=gettext(LOST), where=lost[0].path)
    if archive.exists():
        Archive.look(archive, identity=outbox.identity, clock=clock).close()


def bring_back(outbox: SqliteOutbox, archive: Path, clock: Clock) -> int:
    """Put all back that was moved to an archive, for whoever needs the store whole; returns how many messages.

    The archive is deleted then. Killed anywhere, the next call goes on. Raises StoreError, and leaves what is there,
    where the archive is not, or is not whole.
    """
    if not (places := outbox.archives()):
        return 0
    files = files_here(archive, places)
    if not files:
        number = sum(place.tasks for place in places)
        what = gettext(
            "{number:,} messages are in the archive {path} on {host}, and that is not here",
            number=number,
            path=places[0].path,
            host=places[0].host,
        )
        raise StoreError(what, mend=gettext("put it back beside the outbox"), where=outbox.db.path)
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
        back += outbox.pruning().take_back(moved, shelf.files(moved))
    return back


@dataclass(frozen=True, slots=True, kw_only=True)
class Archived:
    """What was moved of one key to an archive."""

    messages: tuple[PrunedMessage, ...]
    place: ArchivePlace
    """The latest one."""
    stories: tuple[Trace, ...]
    """As the archives tell them; none where no archive is on this machine."""
    file: Path
    """Where it was looked for."""


def archived(
    outbox: Outbox, archive: Path, key: str, campaign: str | None, clock: Clock, *, identity: str
) -> Archived | None:
    """Return what was moved of a key, also where the outbox does not know of it; None where nothing was.

    Raises StoreError where an archive that is here cannot be read.
    """
    if not isinstance(outbox, KeepsPruned):
        return None
    messages, places = outbox.pruned(key, campaign), outbox.archives()
    stories: list[Trace] = []
    for file in files_here(archive, places):
        with Archive.look(file, identity=identity, clock=clock) as shelf:
            stories += traces(shelf.outbox, key)
            shelf.outbox.require_unchanged()
            places = places or [shelf.contents()]
    names = {message.campaign for message in messages}
    if campaign is not None:  # an archive has the names that campaigns had then
        stories = [story for story in stories if story.campaign == campaign] or (stories if names else [])
    if not (messages or stories):
        return None
    return Archived(messages=tuple(messages), place=places[0], stories=tuple(stories), file=archive)
