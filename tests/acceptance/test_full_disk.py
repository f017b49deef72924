"""The store's disk is really full: a tmpfs that a file has filled, and the command line in processes of its own.

What is said is one line, nothing is lost, and the same command goes through once there is room.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from contract_world import ContractWorld
from counting_server import CountingServer, counting_server
from small_disk import small_disk

COUNT = 6

BEFORE: dict[str, tuple[str, ...]] = {
    "generate": (),
    "dispatch --once": ("generate",),
    "settle": ("generate", "dispatch --once"),
    "run --once": (),
}


@pytest.fixture
def server() -> Iterator[CountingServer]:
    with counting_server() as running:
        yield running


@pytest.fixture
def world(tmp_path: Path, server: CountingServer) -> Iterator[ContractWorld]:
    """A project whose store has a disk of 4 MB."""
    made = ContractWorld(tmp_path / "world", server.url, count=COUNT)
    with small_disk(made.folder / "state"):
        yield made


def run(world: ContractWorld, words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        world.command(*words.split()), env=world.environment, capture_output=True, text=True, check=False, timeout=60
    )


def fill(world: ContractWorld) -> Path:
    filler = world.folder / "state" / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return filler


def refused(world: ContractWorld, server: CountingServer, words: str) -> str:
    """Run it on the full disk, and return the one line that it says; then run it with room, and look at the end."""
    accepted = server.accepted.copy()
    filler = fill(world)
    done = run(world, words)
    assert done.returncode == 1, done
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("error: ")
    assert "outbox.db" in line
    assert server.accepted == accepted, "nothing is sent that could not be written down"
    filler.unlink()
    again = run(world, words)
    assert again.returncode == 0, again
    world.recover(server)
    assert world.problems(server.accepted) == []
    return line


@pytest.mark.long
@pytest.mark.parametrize("words", list(BEFORE))
def test_a_full_disk_under_a_store_in_use(world: ContractWorld, server: CountingServer, words: str) -> None:
    for earlier in BEFORE[words]:
        assert run(world, earlier).returncode == 0
    with closing(world.opened().open_outbox()):
        assert "disk is full" in refused(world, server, words)


@pytest.mark.long
@pytest.mark.parametrize("words", list(BEFORE))
def test_a_full_disk_under_a_store_at_rest(world: ContractWorld, server: CountingServer, words: str) -> None:
    """Where SQLite cannot even make its index of the log, it says "disk I/O error", and so a person is told both."""
    for earlier in BEFORE[words]:
        assert run(world, earlier).returncode == 0
    line = refused(world, server, words)
    assert "disk is full" in line or "disk failed or is full" in line


def test_the_disk_fills_up_between_two_runs(world: ContractWorld, server: CountingServer) -> None:
    """New contracts come while there is no room: they wait in the file, and what was sent stays sent."""
    assert run(world, "run --once").returncode == 0
    first = server.accepted.copy()
    world.append(4)
    filler = fill(world)
    assert run(world, "run --once").returncode == 1
    assert server.accepted == first
    filler.unlink()
    assert run(world, "run --once").returncode == 0
    assert world.problems(server.accepted) == []
