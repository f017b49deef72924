"""Ten people look at the page of a large store while a dispatcher sends from it."""

from __future__ import annotations

import http.client
import json
import random
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.harness import Sample
from benchmarks.ours import project
from benchmarks.ours.campaign import CHANNEL
from benchmarks.ours.stores import fill
from benchmarks.shelf import Shelf
from notifykit.model import Outcome, Status
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.values import ChannelBounds, Filter, Finished, Transition
from notifykit.web.pages import PAGES

PEOPLE = 10

PAUSE = 2.0
"""Seconds for which somebody reads a page before the next one, on average: a page that is live asks every 5."""

HURRIED = 0.12
"""The same, where looks are counted: in the ten seconds of a dispatch each page is looked at often enough."""

LOOKS = 40
"""Looks at each page, at least, of which the slowest twentieth is left out."""

UNCLEAR = 400
"""Messages in doubt, and as many failed."""

ROOT = Path(__file__).parents[2]

PATHS = [page.path for page in PAGES if page.title] + [
    "/campaign?name=bench",
    "/trace?key={key}",
    "/search?q={key}",
    "/in-doubt.json",
    "/decide?do=sent&status=in_doubt&campaign=bench",
]


def slowest_page(room: Path, shelf: Shelf, *, total: int, sends: int, looks: int = LOOKS) -> Sample:
    """Return the milliseconds within which nineteen of twenty looks at the slowest page were answered."""
    took, _ = _looked_at(room, shelf, total=total, sends=sends, people=PEOPLE, pause=HURRIED, least=looks)
    found = {path: sorted(times)[min(len(times) - 1, int(len(times) * 0.95))] for path, times in took.items()}
    for path, seconds in sorted(found.items(), key=lambda one: -one[1])[:5]:
        print(f"  {path}: {seconds * 1000:,.0f} ms at p95 of {len(took[path])}", file=sys.stderr, flush=True)
    return Sample(value=max(found.values()) * 1000)


def sending(room: Path, shelf: Shelf, *, total: int, sends: int, people: int) -> Sample:
    """Return how long a dispatcher takes for so many messages, while so many people look."""
    _, seconds = _looked_at(room, shelf, total=total, sends=sends, people=people)
    return Sample(value=seconds)


def _looked_at(
    room: Path, shelf: Shelf, *, total: int, sends: int, people: int, pause: float = PAUSE, least: int = 0
) -> tuple[dict[str, list[float]], float]:
    """Return the seconds of each look by its page, and those of the dispatch.

    People look for as long as it takes, and go on until each page was looked at `least` times.
    """
    project.write(room, shelf, 10, workers=8)
    shelf.copy(f"page-{total}-{sends}.db", room / project.STORE, lambda to: _fill(to, total, sends))
    took: dict[str, list[float]] = defaultdict(list)
    with SqliteOutbox.open(room / project.STORE) as outbox:
        key = next(iter(outbox.search("", Filter(), before=None, read=total, most=1).tasks)).key
    with _serving(room) as (port, token):
        paths = [path.replace("{key}", key) for path in PATHS]
        for path in paths:
            _look(port, token, path)  # what is kept for all who look is counted once
        stop = threading.Event()
        person = partial(_person, port, token, paths, took, stop, pause, least)
        viewers = [threading.Thread(target=person, args=(number,)) for number in range(people)]
        for viewer in viewers:
            viewer.start()
        seconds = _dispatch(room, sends)
        during = sum(map(len, took.values()))
        stop.set()
        for viewer in viewers:
            viewer.join()
    if people:
        print(
            f"  {during} looks while the dispatcher ran, {sum(map(len, took.values())) - during} after it",
            file=sys.stderr,
        )
    return took, seconds


def _person(
    port: int,
    token: str,
    paths: list[str],
    took: dict[str, list[float]],
    stop: threading.Event,
    pause: float,
    least: int,
    number: int,
) -> None:
    at, reading = number, random.Random(number)
    time.sleep(reading.uniform(0, pause))  # people do not click all at once
    while not stop.is_set() or min(len(took[path]) for path in paths) < least:
        path = paths[at % len(paths)]
        began = time.perf_counter()
        _look(port, token, path)
        took[path].append(time.perf_counter() - began)
        at += 1
        (time.sleep if least else stop.wait)(reading.uniform(0, 2 * pause))


def _look(port: int, token: str, path: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        text = answer.read()
    finally:
        connection.close()
    if answer.status != 200:
        raise RuntimeError(f"{path}: {answer.status}: {text[:300]!r}")


@contextmanager
def _serving(room: Path) -> Iterator[tuple[int, str]]:
    """Serve the project in a process of its own; yields the port and a token."""
    command = [sys.executable, "-m", "notifykit", "--project", str(room / "notifykit.yaml")]
    child = subprocess.Popen(
        [*command, "serve", "--listen", "127.0.0.1:0"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout is not None
        address = urlsplit(child.stdout.readline().strip())
        if address.port is None:
            raise RuntimeError(f"the page ended with code {child.wait()}")
        yield address.port, address.query.removeprefix("token=")
    finally:
        child.terminate()
        child.communicate()


def _dispatch(room: Path, sends: int) -> float:
    """Send what waits, in a process of its own; returns the seconds that it took."""
    command = [sys.executable, "-m", "benchmarks.ours.process", str(room / project.STORE), "8"]
    child = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdin is not None
    child.stdout.readline()
    began = time.perf_counter()
    child.stdin.write("go\n")
    child.stdin.flush()
    sent = len(json.loads(child.stdout.readline())["sent"])
    seconds = time.perf_counter() - began
    child.communicate()
    if sent != sends:
        raise RuntimeError(f"{sent} messages were sent, not {sends}")
    return seconds


def _fill(path: Path, total: int, sends: int) -> None:
    """Make a store: most are done, some in doubt or failed, and `sends` wait."""
    fill(path, sends + 2 * UNCLEAR, done=total - sends - 2 * UNCLEAR)
    bounds = {CHANNEL: ChannelBounds(concurrency=UNCLEAR)}
    with SqliteOutbox.open(path) as outbox:
        for status, outcome in (
            (Status.IN_DOUBT, Outcome.unknown("ReadTimeout", "no reply")),
            (Status.FAILED, Outcome.rejected("40058", "too long")),
        ):
            left = UNCLEAR
            while left:
                claims = outbox.exchange([], "worker", left, bounds, 120.0).claims
                then = Transition(status=status)
                outbox.exchange(
                    [Finished(claim=one, outcome=outcome, then=then) for one in claims], "worker", 0, {}, 1.0
                )
                left -= len(claims)
