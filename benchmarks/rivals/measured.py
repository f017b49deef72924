"""The rivals as subjects: what of each is timed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from benchmarks import world
from benchmarks.accept import accept
from benchmarks.harness import Sample, Stopwatch, timed
from benchmarks.rivals import bare_csv, literal_plan, raw_script, raw_sqlite
from benchmarks.rivals.library import Library
from benchmarks.rivals.raw_sqlite import Row
from benchmarks.shelf import Shelf
from benchmarks.world import Text


def read_csv(room: Path, shelf: Shelf, contracts: int) -> Sample:
    """One bare pass over the file."""
    path = _contracts(room, shelf, contracts)
    return timed(lambda: bare_csv.read(path))


def rewrite_csv(room: Path, shelf: Shelf, contracts: int) -> Sample:
    """One read and write of the file."""
    path = _contracts(room, shelf, contracts)
    return timed(lambda: bare_csv.read_and_write(path, world.FLAG))


def bulk_insert(room: Path, rows: list[Row]) -> Sample:
    """One transaction."""
    with closing(raw_sqlite.connect(room / "raw.db")) as connection:
        return timed(lambda: raw_sqlite.insert_in_bulk(connection, rows))


def offer_again(room: Path, rows: list[Row]) -> Sample:
    """`ON CONFLICT DO NOTHING` for rows that are there."""
    with closing(raw_sqlite.connect(room / "raw.db")) as connection:
        raw_sqlite.insert_in_bulk(connection, rows)
        return timed(lambda: raw_sqlite.offer_again(connection, rows))


def two_commits(room: Path, shelf: Shelf, messages: int) -> Sample:
    """One message at a time, two commits each."""
    with closing(_raw_store(room, shelf, messages)) as connection:
        return timed(lambda: raw_sqlite.dispatch_with_two_commits(connection, accept))


def batches(room: Path, shelf: Shelf, messages: int, size: int) -> Sample:
    """So many messages at a time, one commit each."""
    with closing(_raw_store(room, shelf, messages)) as connection:
        return timed(lambda: raw_sqlite.dispatch_in_batches(connection, accept, size))


def _raw_store(room: Path, shelf: Shelf, messages: int) -> sqlite3.Connection:
    def fill(path: Path) -> None:
        with closing(raw_sqlite.connect(path)) as connection:
            raw_sqlite.insert_in_bulk(connection, raw_sqlite.rows_of(world.texts(messages)))

    store = room / "raw.db"
    shelf.copy(f"raw-{messages}.db", store, fill)
    return raw_sqlite.connect(store)


def library_puts(room: Path, library: Library, texts: list[Text]) -> Sample:
    """Queue all."""
    with closing(library.open(room)) as queue:
        return timed(lambda: queue.put_all(texts))


def library_dispatches(room: Path, library: Library, texts: list[Text]) -> Sample:
    """Take, send and acknowledge all."""
    with closing(library.open(room)) as queue:
        queue.put_all(texts)
        return timed(lambda: queue.dispatch(accept))


def whole_script(room: Path, shelf: Shelf, contracts: int, batch: int, *, mark: bool) -> Sample:
    """The whole job by hand."""
    path = _contracts(room, shelf, contracts)
    return timed(lambda: raw_script.run(path, room / "raw.db", accept, batch, mark=mark))


def whole_plan(room: Path, shelf: Shelf, contracts: int, *, sends: int | None) -> Sample:
    """The whole job of the literal plan.

    Every one of its sends does the same work, so with `sends` only so many are made, and the rest reckoned.
    """
    path = _contracts(room, shelf, contracts)
    store = room / "tasks.db"
    literal_plan.upgrade(store)
    generating = timed(lambda: literal_plan.generate(path, store))
    done = 0
    watch = Stopwatch()
    with watch.running():
        for _ in literal_plan.send_all(store, accept):
            done += 1
            if done == sends:
                break
    with closing(sqlite3.connect(store)) as connection:
        messages = sum(raw_sqlite.statuses(connection).values())
    return Sample(value=generating.value + watch.seconds * messages / done)


def _contracts(room: Path, shelf: Shelf, contracts: int) -> Path:
    path = room / "contracts.csv"
    shelf.copy(f"contracts-{contracts}.csv", path, lambda to: world.write(to, contracts))
    return path
