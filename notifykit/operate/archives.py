"""The archives of an outbox: where they are now, whether they are whole, and what they know that it does not."""

from __future__ import annotations

import platform
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from notifykit.clock import Clock
from notifykit.config.known_store import looks
from notifykit.errors import StoreError
from notifykit.outbox.address import OpenedOutbox, StoreAddress
from notifykit.outbox.inspection import Finding, inspection
from notifykit.outbox.pruned import ARCHIVE_NOTES, ArchivePlace, KeepsPruned, PrunedMessage, archive_of, place_name
from notifykit.outbox.pruning import pruning
from notifykit.wording.translation import gettext, gettext_noop

if TYPE_CHECKING:
    from notifykit.outbox.protocol import Outbox, StoreLedger
    from notifykit.outbox.sqlite.archive import Archive

PAGE = 500
"""Messages of an archive that are compared at once, and taken as known in one transaction."""

LOST = gettext_noop("put it back; where it is lost for good, `notifykit store prune --new-archive` begins another")
"""What to do about an archive that is not there."""


def archive_path(store: StoreAddress, project: Path) -> Path:
    """Return where the archive is: beside the file of the store, or beside the project file where a server keeps it."""
    return archive_of(store.file or project)


def located(archive: Path, places: Sequence[ArchivePlace]) -> list[tuple[ArchivePlace, Path | None]]:
    """Return of each place that a store has moved messages to, the latest first, the file that it is now.

    `archive`: that beside the store, which is the latest one where the project was moved or copied. None: it is on
    another machine. Whether a file is there is another question.
    """
    here = [place for place in places if place.host == platform.node()]
    moved = archive.exists() and str(archive) not in {place.path for place in here}
    found: list[tuple[ArchivePlace, Path | None]] = []
    for place in places:
        if place not in here:
            found.append((place, None))
            continue
        file = Path(place.path)
        beside = (moved and place is here[0]) or (archive.exists() and not file.exists())
        found.append((place, archive if beside else file))
    return found


def files_here(archive: Path, places: Sequence[ArchivePlace]) -> list[Path]:
    """Return the archives that are here: the one beside the store, and others that it has moved messages to."""
    known = [file for _, file in located(archive, places) if file is not None]
    return [file for file in dict.fromkeys([archive, *known]) if file.exists()]


def lost_places(archive: Path, places: Sequence[ArchivePlace]) -> list[ArchivePlace]:
    """Return the places on this machine at which there is no archive any more, nor in another place that is known."""
    return [place for place, file in located(archive, places) if file is not None and not file.exists()]


@contextmanager
def opened(outbox: OpenedOutbox, archive: Path, clock: Clock) -> Iterator[tuple[list[Archive], list[StoreError]]]:
    """Look at the archives that are here; with those that cannot be used, as errors. Raises StoreError for a lock."""
    archives: list[Archive] = []
    unusable: list[StoreError] = []
    places = outbox.archives() if isinstance(outbox, KeepsPruned) else []
    with ExitStack() as stack:
        for file in files_here(archive, places):
            from notifykit.outbox.sqlite.archive import Archive, ArchiveError  # most projects have none

            try:
                archives.append(stack.enter_context(Archive.look(file, identity=outbox.identity, clock=clock)))
            except ArchiveError as error:
                unusable.append(error)
        yield archives, unusable
        for shelf in archives:
            shelf.outbox.require_unchanged()


@contextmanager
def to_write(outbox: Outbox, archive: Path | None, clock: Clock) -> Iterator[list[Archive]]:
    """Open the archives that are here to keep something of what is in them. `archive`: that beside the store.

    Raises StoreError where one cannot be used.
    """
    places = outbox.archives() if isinstance(outbox, KeepsPruned) else []
    beside = archive or next((Path(place.path) for place in places), None)
    with ExitStack() as stack:
        found: list[Archive] = []
        for file in files_here(beside, places) if beside else ():
            from notifykit.outbox.sqlite.archive import Archive  # most projects have none

            identity = cast(OpenedOutbox, outbox).identity  # stores that can be pruned tell it
            found.append(stack.enter_context(Archive.open(file, identity=identity, of="", like=None, clock=clock)))
        yield found


def places_away(outbox: Outbox) -> list[ArchivePlace]:
    """Return the places of archives that are not here: of other machines, and those of which the file is gone."""
    places = outbox.archives() if isinstance(outbox, KeepsPruned) else []
    return [place for place in places if place.host != platform.node() or not Path(place.path).exists()]


def unheard(outbox: OpenedOutbox, shelf: Archive) -> Iterator[list[PrunedMessage]]:
    """Yield what is in an archive of an outbox which the outbox has never heard of: it was restored from a copy.

    What is in it under the name that a campaign had before is heard of under that of now.
    """
    assert isinstance(outbox, KeepsPruned)  # noqa: S101 - it has an archive
    ledgers: dict[str, StoreLedger] = {}
    renamed = outbox.count_pruned() > 0
    for page in shelf.messages(PAGE):
        by_campaign: dict[str, list[PrunedMessage]] = defaultdict(list)
        for message in page:
            by_campaign[message.campaign].append(message)
        found: list[PrunedMessage] = []
        for campaign, messages in by_campaign.items():
            ledger = ledgers[campaign] = ledgers.get(campaign) or outbox.ledger(campaign)
            ledger.load({message.key for message in messages})
            new = [message for message in messages if ledger.status(message.key, message.name, message.period) is None]
            found += [message for message in new if not (renamed and _under_another_name(outbox, shelf, message))]
        if found:
            yield found


def _under_another_name(outbox: KeepsPruned, shelf: Archive, message: PrunedMessage) -> bool:
    """Whether an outbox knows an archived message by another campaign, of which the archive has none such."""
    return any(
        one.name == message.name and not shelf.holds(one.campaign, one.key, one.name)
        for one in outbox.pruned(message.key)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled:
    """What was found in the archives that are here, before anything is queued."""

    messages: int = 0
    """Of which the outbox had never heard: they are known now, or would be."""
    unusable: tuple[StoreError, ...] = ()
    """Archives that cannot tell."""


@looks
def recall(outbox: Outbox, archive: Path, clock: Clock, *, dry_run: bool = False) -> Recalled:
    """Take as known what was moved to an archive and is not known to the outbox: it was restored from a copy.

    Nothing of it is queued again then. Costs a look at each archive, and more only where it is in another state than
    the outbox left it in. Raises StoreError where the outbox cannot be read or written.
    """
    if not isinstance(outbox, KeepsPruned):
        return Recalled()
    store = cast(OpenedOutbox, outbox)  # the project opened it
    with opened(store, archive, clock) as (archives, unusable):
        number = 0
        for shelf in archives:
            try:
                number += _recall(store, shelf, dry_run=dry_run)
            except StoreError as error:
                if error.where != str(shelf.path) or error.passing:
                    raise
                unusable.append(error)
    return Recalled(messages=number, unusable=tuple(unusable))


def _recall(outbox: OpenedOutbox, shelf: Archive, *, dry_run: bool) -> int:
    if _is_as_left(outbox, shelf):
        return 0
    number = 0
    for messages in unheard(outbox, shelf):
        number += len(messages)
        if not dry_run:
            pruning(outbox, shelf.path).know(messages, shelf.place)
    if (state := shelf.state) is not None and not dry_run:
        outbox.keep_note(ARCHIVE_NOTES, place_name(*shelf.place), state)
    return number


def _is_as_left(outbox: OpenedOutbox, shelf: Archive) -> bool:
    """Whether an archive is in the state in which the outbox left it: then the outbox has heard of all in it."""
    state = shelf.state
    return state is not None and outbox.notes(ARCHIVE_NOTES).get(place_name(*shelf.place)) == state


def findings(outbox: OpenedOutbox, archive: Path, clock: Clock, *, whole: bool) -> Iterator[Finding]:
    """Yield what is wrong with the archives of an outbox on this machine. `whole`: all of each is read.

    Raises StoreError for one that is locked.
    """
    if not isinstance(outbox, KeepsPruned):
        return
    places = outbox.archives()
    for place in lost_places(archive, places):
        what = gettext("messages are in the archive {file}, which is not there", file=place.path)
        yield Finding(rule="archive_missing", number=place.tasks, what=what, mend=gettext(LOST))
    expected = Counter[Path]()
    for place, file in located(archive, places):
        if file is not None:
            expected[file] += place.tasks
    with opened(outbox, archive, clock) as (archives, unusable):
        for shelf in archives:
            try:
                yield from _of_archive(outbox, shelf, expected[shelf.path], whole=whole)
            except StoreError as error:
                if error.where != str(shelf.path) or error.passing:
                    raise
                unusable.append(error)
    for one in unusable:
        yield Finding(rule="archive_unusable", number=1, what=f"{one.where}: {one.what}", mend=one.mend)


def _of_archive(outbox: OpenedOutbox, shelf: Archive, expected: int, *, whole: bool) -> Iterator[Finding]:
    for one in inspection(shelf.outbox, shelf.path).findings() if whole else ():
        yield replace(one, what=f"{shelf.path}: {one.what}", held=False)
    if (lacking := expected - shelf.contents().tasks) > 0:
        what = gettext("messages that were moved to the archive {file} are not in it", file=shelf.path)
        yield Finding(rule="archive_lacks", number=lacking, what=what, mend=gettext("put the whole archive back"))
    if number := 0 if not whole and _is_as_left(outbox, shelf) else sum(map(len, unheard(outbox, shelf))):
        what = gettext(
            "messages in the archive {file} that the outbox has never heard of: it was restored from a copy",
            file=shelf.path,
        )
        mend = gettext("`notifykit generate` takes them as known and queues none of them again")
        yield Finding(rule="archive_unheard", number=number, what=what, mend=mend, held=True)
