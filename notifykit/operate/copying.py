"""store copy: move an outbox to another store, with its proof.

Killed anywhere, at most one of the two can be worked with, and running it again completes it:

1. In one transaction of the target: all rows, their proof, the identity, and the mark that the copy is not complete.
2. The source is marked as moved. It was kept from changing since the first row was read.
3. The target's mark is taken away.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from typing import cast

from notifykit.clock import Clock
from notifykit.errors import StoreError
from notifykit.model import Status
from notifykit.outbox.address import StoreAddress
from notifykit.outbox.copying import KINDS, MOVED, UNPROVEN, CopiedAddress, CopyEnd, CopyState, Digest
from notifykit.outbox.values import Filter
from notifykit.wording.translation import gettext, gettext_noop

_FOREIGN = gettext_noop(
    "see `notifykit tasks --status pending` and `--status foreign`; let their program end with them, or delete them"
)
_DEFECT = gettext_noop("nothing was changed; this is a defect: report it")


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """What was copied, and proven to be the same on both sides."""

    counts: Mapping[str, int]
    """How many rows of each kind."""
    hashes: Mapping[str, str]
    """Of the rows of each kind: SHA-256, as hexadecimal digits."""
    turns: int
    """How many lanes have a first turn, each the same one."""
    dry_run: bool = False
    """Whether nothing was written. All is of the source then, and nothing is proven."""


def copy_store(source: StoreAddress, target: StoreAddress, clock: Clock, *, dry_run: bool = False) -> Copied:
    """Copy an outbox, prove it, and mark the source as moved. Raises StoreError: nothing was changed, or go on with it.

    The target is a store that is not there, has never had a task, or is an earlier copy of this source that was not
    completed.
    """
    if source == target:
        raise StoreError(
            gettext("is both where to copy from and where to"), mend=gettext("name another store"), where=target
        )
    with _end(source, create=False) as here:
        if dry_run:
            with here.held():
                if (state := here.state()) is not None:
                    raise state.error(source)
                _require_whole(here, source)
                _require_free(target)
                return _read(here, dry_run=True)
        with _end(target, create=True) as there:
            return _Copy(source, target, here, there, clock).made()


@contextmanager
def _end(address: StoreAddress, *, create: bool) -> Iterator[CopyEnd]:
    if not hasattr(address, "copy_end"):
        raise StoreError(gettext("is of a kind of store that cannot be copied"), where=address)
    end = cast(CopiedAddress, address).copy_end(create=create)
    try:
        yield end
    finally:
        end.outbox.close()


class _Copy:
    def __init__(self, source: StoreAddress, target: StoreAddress, here: CopyEnd, there: CopyEnd, clock: Clock) -> None:
        self._source, self._target = source, target
        self._here, self._there = here, there
        self._clock = clock

    def made(self) -> Copied:
        here, there = self._here, self._there
        with here.held():
            if (state := here.state()) is not None:
                return self._completed(state)
            _require_whole(here, self._source)
            copy = os.urandom(8).hex()
            with there.held():
                _require_empty(there, self._target)
                there.clear()
                copied = self._proven()
                there.copy_identity(here.outbox.identity)
                there.mark(CopyState(UNPROVEN, str(self._source), copy, self._clock.now()))
            here.mark(CopyState(MOVED, str(self._target), copy, self._clock.now()))
        self._release()
        return copied

    def _completed(self, state: CopyState) -> Copied:
        """Complete a copy that was killed between its last two steps."""
        of_here = self._there.state()
        if state.state != MOVED or of_here is None or of_here.copy != state.copy:
            raise state.error(self._source)
        self._release()
        with self._there.held():
            return _read(self._there)

    def _release(self) -> None:
        with self._there.held():
            self._there.mark(None)

    def _proven(self) -> Copied:
        here, there = self._here, self._there
        sent = {kind: Digest() for kind in KINDS}
        for kind, digest in sent.items():
            kept = (there.kept(kind, row) for row in here.rows(kind))
            there.add(kind, digest.of(row for row in kept if row is not None))
        here.give_turns()
        there.give_turns()
        copied = _read(there)
        for kind, digest in sent.items():
            if (digest.count, digest.text) != (copied.counts[kind], copied.hashes[kind]):
                found = gettext(
                    "{kind}: {count:,} rows were copied, and {arrived:,} others arrived",
                    kind=kind,
                    count=digest.count,
                    arrived=copied.counts[kind],
                )
                raise StoreError(found, mend=gettext(_DEFECT), where=self._target)
        for one, other in zip_longest(here.turns(), there.turns()):
            if one != other:
                found = gettext("it would be the turn of {other}, and is that of {one}", other=other, one=one)
                raise StoreError(found, mend=gettext(_DEFECT), where=self._target)
        return copied


def _read(end: CopyEnd, *, dry_run: bool = False) -> Copied:
    digests = {kind: Digest() for kind in KINDS}
    for kind, digest in digests.items():
        for _ in digest.of(end.rows(kind)):
            pass
    return Copied(
        counts={kind: digest.count for kind, digest in digests.items()},
        hashes={kind: digest.text for kind, digest in digests.items()},
        turns=sum(1 for _ in end.turns()),
        dry_run=dry_run,
    )


def _require_whole(here: CopyEnd, source: StoreAddress) -> None:
    """Raise StoreError where a message is on the wire, or something is there that is no campaign's."""
    if any(here.outbox.tasks(Filter(statuses=(Status.SENDING,), limit=1))):
        mend = gettext(
            "stop what sends; what a killed one left is recovered by `notifykit dispatch --once` after its lease"
        )
        raise StoreError(gettext("messages are on the wire"), mend=mend, where=source)
    if any(here.outbox.tasks(Filter(statuses=(Status.FOREIGN, Status.PENDING), limit=1))):
        raise StoreError(
            gettext("holds rows of other programs, which only this store can keep"),
            mend=gettext(_FOREIGN),
            where=source,
        )


def _require_free(target: StoreAddress) -> None:
    if target.exists():
        with _end(target, create=False) as there, there.held():
            _require_empty(there, target)


def _require_empty(there: CopyEnd, target: StoreAddress) -> None:
    state = there.state()
    if state is None and all(next(iter(there.rows(kind)), None) is None for kind in ("tasks", "attempts", "events")):
        return
    if state is not None and state.state == UNPROVEN:
        return
    what = (
        gettext("is an outbox that is in use") if state is None else gettext("was moved to {other}", other=state.other)
    )
    raise StoreError(what, mend=gettext("name a store that is not there yet"), where=target)
