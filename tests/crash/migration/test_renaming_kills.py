"""SIGKILL before every state-changing system call of a rename of a migrated campaign.

After each kill all that is kept has one name, old or new; the same command finishes, and after a rollback each message
has gone out once.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from killed_worlds import KilledWorlds, Tally
from killing import STRACE, KillPoint, spread
from legacy_run import LegacyRun
from legacy_world import AWARD, GROUP, SENT, LegacyWorld

pytestmark = pytest.mark.crash

REDUCED = 4
"""Points in `make test`, where seconds count. `make crash` has all of them."""

COMMAND = ("campaign", "rename", "beijing", "beijing-aug", "--why", "a file a month", "--who", "desk")


def named(world: LegacyWorld) -> set[str]:
    """The names that the campaign has, in all that knows it."""
    with closing(sqlite3.connect(world.store)) as db:
        tables = ("tasks WHERE campaign IS NOT NULL", "migrated", "fence")
        return {name for table in tables for (name,) in db.execute(f"SELECT campaign FROM {table}")}


def build(folder: Path) -> LegacyWorld:
    world = LegacyWorld(folder, technicians=False)
    with world.together():
        world.contract("N", SENT, [(GROUP, "completed")])
        world.contract("Y", SENT, [(GROUP, "completed"), (AWARD, "pending")], award=True)
        world.contract("N", award=True)
    run(world, "migrate", "--yes", "--stopped", "idle")
    campaigns = world.folder / "campaigns"
    (campaigns / "beijing.yaml").rename(campaigns / "beijing-aug.yaml")
    return world


def run(world: LegacyWorld, *arguments: str) -> None:
    result = world.run(*arguments)
    assert result.exit_code == 0, result.output


def sweep(tmp_path: Path, choose: Callable[[Sequence[KillPoint]], Sequence[KillPoint]]) -> Tally:
    world = build(tmp_path / "world")
    killed = KilledWorlds(world, COMMAND, tmp_path)
    assert named(world) == {"beijing-aug"}

    def to_the_end() -> Iterator[str]:
        names = named(world)
        if len(names) != 1:
            yield f"half renamed: {names}"
        if names == {"beijing"}:
            if world.run("generate").exit_code != 1:
                yield "queued under the other name"
            run(world, *COMMAND)
        run(world, "run", "--once")
        run(world, "verify")
        run(world, "rollback", "--yes")
        LegacyRun(world).generate()
        LegacyRun(world).schedule()
        if sorted(world.delivered.values()) != [1, 1, 1]:
            yield f"{world.delivered}"

    return killed.sweep(choose(killed.points), [to_the_end])


@pytest.mark.long
@pytest.mark.skipif(STRACE is None and not os.environ.get("CI"), reason="strace is missing (a failure in CI)")
def test_a_reduced_sweep_of_a_rename(tmp_path: Path) -> None:
    sweep(tmp_path, lambda points: spread(points, REDUCED)).check()


@pytest.mark.deep
@pytest.mark.timeout(3600)
def test_the_whole_sweep_of_a_rename(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = sweep(tmp_path, lambda points: points)
    with capsys.disabled():
        print(f"\ncampaign rename: {done}")
    done.check()
