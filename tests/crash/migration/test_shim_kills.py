"""The legacy program, killed at function boundaries and started again: as it is, and under the shim.

A boundary is a call or a return of any function of the program, of the shim, and of what writes its files. What the
desktop got, and the CSV, are looked at when all has come to rest.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import forked_program
import pytest
from killing import without_files_beside
from planned_modules import WAYS, carry_out
from program_world import ProgramWorld
from support_path import with_support

pytestmark = pytest.mark.crash

CONTRACTS, TECHNICIANS = 4, 2
SHOWN = ("lost", "duplicates", "flags", "otherwise", "failed")


def kills(tmp_path: Path, mode: str, points: str, plan: str = "") -> list[dict[str, Any]]:
    """Return what became of each kill. `plan`: the way in which the program carried out the published plan."""
    world = ProgramWorld(tmp_path / "world", count=CONTRACTS, technicians=TECHNICIANS)
    if plan:
        carry_out(world, plan)
    facts = {"count": world.count, "award_every": world.award_every}
    (world.folder / "world.json").write_text(json.dumps(facts), encoding="utf-8")
    command = [sys.executable, forked_program.__file__, str(world.folder), str(tmp_path), mode, points]
    done = subprocess.run(
        command,
        env=with_support(without_files_beside(os.environ)),
        capture_output=True,
        text=True,
        timeout=3_000,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def table(found: dict[str, list[dict[str, Any]]]) -> str:
    heading = f"{'':12}{'kills':>7}" + "".join(f"{name:>12}" for name in (*SHOWN, "doubts"))
    lines = [heading]
    for mode, results in found.items():
        sums = Counter[str]()
        for result in results:
            sums.update({name: int(result[name]) for name in (*SHOWN, "doubts", "killed")})
        lines.append(f"{mode:12}{sums['killed']:>7}" + "".join(f"{sums[name]:>12}" for name in (*SHOWN, "doubts")))
    return "\n".join(lines)


def faultless(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [result for result in results if any(result[name] for name in SHOWN)]


@pytest.mark.long
def test_killed_at_some_boundaries(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Between two creates of a contract, before the status, before the flags, around a send, and in between."""
    shim = kills(tmp_path, "shim", ":419")
    assert len(shim) > 2
    with capsys.disabled():
        print(f"\n{table({'shimmed': shim})}")
    assert all(result["killed"] for result in shim)
    assert faultless(shim) == []


@pytest.mark.long
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("step", [":397", pytest.param(":17", marks=[pytest.mark.deep, pytest.mark.timeout(3_000)])])
def test_the_published_plans_program_killed_at_boundaries(
    tmp_path: Path, way: str, step: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Between two messages of a contract, around a send, and before a flag."""
    found = kills(tmp_path, "shim", step, way)
    with capsys.disabled():
        print(f"\n{table({way: found})}")
    assert len(found) > 2
    assert all(result["killed"] for result in found)
    assert faultless(found) == []


@pytest.mark.deep
@pytest.mark.timeout(3_000)
def test_killed_at_every_boundary_as_it_is_and_at_many_under_the_shim(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The program has 290 of its own; under the shim, with the shim's, there are some 3,000."""
    bare = kills(tmp_path / "1", "bare", ":1")
    shim = kills(tmp_path / "2", "shim", ":23")
    with capsys.disabled():
        print(f"\n{table({'as it is': bare, 'shimmed': shim})}")
    assert sum(result["duplicates"] for result in bare) > 50, "the program is as bad as it is known to be"
    assert sum(result["flags"] for result in bare) > 50
    assert faultless(shim) == []
