"""SIGKILL before every state-changing call of `notifykit store copy`: two stores can never be worked with."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from copied_store import fill, told
from killing import Choose, kill_points, killed_in_copies, spread, within
from postgres_server import shared_server
from postgres_store import postgres_address
from support_path import with_support

from notifykit.clock import SystemClock
from notifykit.errors import StoreError
from notifykit.operate.copying import copy_store
from notifykit.outbox.postgres.address import PostgresAddress
from notifykit.outbox.sqlite.store import SqliteAddress

pytestmark = pytest.mark.crash

REDUCED = 5
"""Points in `make test`, where seconds count. `make crash` has all of them."""

CLOCK = SystemClock()


Address = SqliteAddress | PostgresAddress
WAYS = ("file to file", "file to server", "server to file")


@dataclass(frozen=True, slots=True)
class Way:
    """From where to where."""

    old: Address
    new: Address
    renew: Callable[[], None]
    """Makes a server as it was before."""


def way(name: str, there: Path) -> Way:
    """Prepare the ends of a copy beside a file that is filled."""
    file = SqliteAddress(there / "old.db")
    if name == "file to file":
        return Way(file, SqliteAddress(there / "new.db"), lambda: None)
    server = postgres_address(there)

    def empty() -> None:
        with psycopg.connect(server.conninfo, autocommit=True) as connection:
            connection.execute(f"DROP SCHEMA IF EXISTS {server.schema} CASCADE")

    if name == "file to server":
        return Way(file, server, empty)

    def filled() -> None:
        empty()
        copy_store(file, server, CLOCK)

    return Way(server, SqliteAddress(there / "new.db"), filled)


def sweep(folder: Path, name: str, choose: Choose) -> None:
    before, there = folder / "before", folder / "there"
    before.mkdir()
    with SqliteAddress(before / "old.db").open(CLOCK) as outbox:
        fill(outbox)
        expected = told(outbox)
    shutil.copytree(before, there)
    ends = way(name, there)
    old, new = ends.old, ends.new
    command = [sys.executable, "-m", "notifykit", "store", "copy", str(old), str(new)]
    environment = with_support(os.environ)
    ends.renew()
    points = kill_points(command, environment, folder / "calls.log")
    found = set()
    for point in killed_in_copies(command, environment, before, there, choose(within(points, there)), ends.renew):
        found.add((holds(old, expected), holds(new, expected)))
        if not holds(new, expected):
            copy_store(old, new, CLOCK)
        assert (holds(old, expected), holds(new, expected)) == (False, True), point
    assert (True, True) not in found
    assert (True, False) in found


def holds(address: Address, expected: dict[str, object]) -> bool:
    """Whether a store can be worked with, and has everything. An empty one is none."""
    if not address.exists():
        return False
    try:
        with address.open(CLOCK) as outbox:
            found = told(outbox)
    except StoreError:
        return False
    assert found["tasks"] == [] or found == expected
    return found == expected


@pytest.fixture(scope="module", autouse=True)
def postgres() -> Iterator[None]:
    with shared_server():
        yield


@pytest.mark.long
@pytest.mark.parametrize("name", WAYS)
def test_killed_at_some_places(tmp_path: Path, name: str) -> None:
    sweep(tmp_path, name, lambda points: spread(points, REDUCED))


@pytest.mark.deep
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", WAYS)
def test_killed_everywhere(tmp_path: Path, name: str) -> None:
    sweep(tmp_path, name, lambda points: points)
