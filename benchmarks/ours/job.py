"""notifykit's verbs over a real project: files in YAML, a contract file, the outbox beside it."""

from __future__ import annotations

import csv
import subprocess
import sys
from contextlib import AbstractContextManager
from pathlib import Path

from benchmarks import accept, world
from benchmarks.harness import Sample, Stopwatch, timed
from benchmarks.ours import project
from benchmarks.ours.project import BenchProject, opened
from benchmarks.shelf import Shelf, copy

WORKERS = 64
"""Concurrent sends in the whole job: with a sender that returns at once, so many share a commit."""

_ROOT = Path(__file__).parents[2]


def generate_whole(room: Path, shelf: Shelf, contracts: int, *, more: str = "") -> Sample:
    """Read, decide, render and queue contracts that are all due and all new. `more`: further lines of the campaign."""
    project.write(room, shelf, contracts, workers=WORKERS, more=more)
    with opened(room) as work:
        watch = Stopwatch()
        with watch.running():
            this_pass = work.generate()
    _expect("queued", sum(found.queued for found in this_pass.generated), _messages(contracts))
    return Sample(value=watch.seconds)


def nothing_to_do(room: Path, shelf: Shelf, contracts: int, *, stage: str) -> Sample:
    """A pass that finds everything `sent` and flagged, or everything `queued` and not yet flagged."""
    _put(room, shelf, contracts, stage)
    with opened(room) as work:
        watch = Stopwatch()
        with watch.running():
            this_pass = work.generate()
    (found,) = this_pass.generated
    _expect("contracts read", found.records, contracts)
    _expect("queued", found.queued, 0)
    return Sample(value=watch.seconds)


def settle(room: Path, shelf: Shelf, contracts: int) -> Sample:
    """Flag every contract of a file."""
    _put(room, shelf, contracts, "sent")
    with opened(room) as work:
        sample = timed(work.settle)
    _check_flags(room, contracts)
    return sample


def whole(room: Path, shelf: Shelf, contracts: int) -> Sample:
    """The whole job: read, decide, render, queue, send, flag, from an open project to a closed store."""
    project.write(room, shelf, contracts, workers=WORKERS)
    closing: AbstractContextManager[BenchProject] = opened(room)
    work = closing.__enter__()
    watch = Stopwatch()
    with watch.running():
        this_pass = work.run_once()
        closing.__exit__(None, None, None)
    _expect("sent", this_pass.dispatched.sent, _messages(contracts))
    _check_flags(room, contracts)
    return Sample(value=watch.seconds)


def digests(room: Path, shelf: Shelf, contracts: int, *, gathered: bool, most: int) -> Sample:
    """The whole job with one message for each contract: each a call, or in digests. Counts calls beyond so many."""
    campaign = project.IN_DIGESTS if gathered else project.ONE_MESSAGE
    project.write(room, shelf, contracts, workers=WORKERS, counted=True, campaign=campaign)
    watch = Stopwatch()
    before = accept.calls()
    with opened(room) as work, watch.running():
        work.generate()
        sent = work.project.dispatcher(work.outbox).run(drain=True).sent
        work.settle()
    _expect("sent", sent, contracts)
    _check_flags(room, contracts)
    return Sample(value=watch.seconds, counts={"beyond": max(0, accept.calls() - before - most)})


def peak_memory(room: Path, shelf: Shelf, contracts: int) -> Sample:
    """Megabytes that `notifykit run --once` holds at most, in a process of its own."""
    project.write(room, shelf, contracts, workers=WORKERS)
    command = [sys.executable, "-m", "benchmarks.peak", sys.executable, "-m", "benchmarks.ours.once", str(room)]
    done = subprocess.run(command, cwd=_ROOT, check=True, capture_output=True, text=True)
    _check_flags(room, contracts)
    return Sample(value=float(done.stdout))


def _put(room: Path, shelf: Shelf, contracts: int, stage: str) -> None:
    """Set up a project in which the job has come so far: `queued`, `sent` or `settled`."""

    def make(folder: Path) -> None:
        folder.mkdir()
        project.write(folder, shelf, contracts, workers=WORKERS)
        with opened(folder) as work:
            work.generate()
            if stage != "queued":
                work.dispatch()
            if stage == "settled":
                work.settle()

    project.write(room, shelf, contracts, workers=WORKERS)
    kept = shelf.keep(f"{stage}-{contracts}", make)
    for name in (project.STORE, project.CONTRACTS):
        copy(kept / name, room / name)


def _messages(contracts: int) -> int:
    return contracts + (contracts + world.AWARD_EVERY - 1) // world.AWARD_EVERY


def _check_flags(room: Path, contracts: int) -> None:
    with (room / project.CONTRACTS).open(encoding="utf-8-sig", newline="") as file:
        flagged = sum(row[world.FLAG] == "Y" for row in csv.reader(file))
    _expect("flagged", flagged, contracts)


def _expect(what: str, found: int, wanted: int) -> None:
    if found != wanted:
        raise RuntimeError(f"{what}: {found}, not {wanted}; a figure for wrong work is worth nothing")
