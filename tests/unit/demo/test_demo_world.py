from __future__ import annotations

import stat
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from notifykit.demo.contracts import AWARD, FLAG, read_rows
from notifykit.demo.service import Service
from notifykit.demo.world import MARK, World, WorldError, WorldLockedError, build, claimed
from notifykit.errors import ExitCode
from notifykit.pipeline.project import open_project


@pytest.fixture
def world(tmp_path: Path, service: Service) -> World:
    with claimed(tmp_path / "demo"):
        return build(tmp_path / "demo", service)


def test_the_project_is_valid_and_its_secrets_are_not_in_it(world: World, service: Service) -> None:
    project = open_project(world.folder / "notifykit.yaml")
    assert sorted(campaign.name for campaign in project.campaigns()) == ["beijing", "shanghai", "technicians"]
    texts = "".join(path.read_text("utf-8") for path in world.folder.rglob("*.yaml"))
    for name, key in service.keys.items():
        assert key not in texts
        assert stat.S_IMODE((world.folder / "secrets" / name).stat().st_mode) & 0o077 == 0
    assert stat.S_IMODE((world.folder / "secrets").stat().st_mode) == 0o700


def test_what_is_due_is_read_off_the_files(world: World) -> None:
    due = list(world.due())
    assert len(due) == len(set(due))
    per_channel = Counter(item.channel for item in due)
    for file in world.contracts:
        rows = read_rows(file.path.read_bytes())
        assert per_channel[f"{file.campaign}-group"] == sum(row[FLAG] == "N" for row in rows) < len(rows)
    awards = sum(row[FLAG] == "N" and row[AWARD] == "1" for file in world.contracts for row in file.rows)
    assert per_channel["award-desk"] == awards > 0
    assert per_channel["desktop"] == per_channel["technician-board"] == 6


def test_a_world_is_rebuilt_and_nothing_else_is_touched(world: World, service: Service) -> None:
    (world.folder / "state" / "notifykit.db").write_text("old")
    mine = world.folder / "mine.txt"
    mine.write_text("keep")
    first = world.contracts[0].path.read_bytes()
    world.contracts[0].path.write_bytes(b"changed")
    with claimed(world.folder):
        assert not (world.folder / "state").exists()
        again = build(world.folder, service)
    assert again.contracts[0].path.read_bytes() == first
    assert not (world.folder / "state" / "notifykit.db").exists()
    assert mine.read_text() == "keep"


def test_a_folder_of_somebody_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "campaigns").mkdir()
    (tmp_path / "campaigns" / "mine.yaml").write_text("x")
    with (
        pytest.raises(WorldError, match=r"is not empty, and no earlier demonstration's; name a new folder"),
        claimed(tmp_path),
    ):
        pytest.fail("it was claimed")
    assert [path.name for path in tmp_path.rglob("*")] == ["campaigns", "mine.yaml"]


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with (
        pytest.raises(WorldError, match=r"file: cannot be used \(File exists\); name a folder"),
        claimed(tmp_path / "file"),
    ):
        pytest.fail("it was claimed")
    assert (tmp_path / "file").read_text() == "x"


def test_a_folder_is_claimed_once_at_a_time(tmp_path: Path) -> None:
    with claimed(tmp_path / "demo"):
        code = (
            "import pathlib, sys\n"
            "from notifykit.demo.world import WorldLockedError, claimed\n"
            "try:\n"
            "    with claimed(pathlib.Path(sys.argv[1])): print('claimed')\n"
            "except WorldLockedError as error: print(error.exit_code, error)\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, tmp_path / "demo"], capture_output=True, text=True, check=True, timeout=60
        )
    assert done.stdout.startswith(f"{ExitCode.LOCKED:d} {tmp_path / 'demo'}: another demonstration is at work here")
    with claimed(tmp_path / "demo"):
        assert (tmp_path / "demo" / MARK).exists()


def test_a_locked_folder_is_an_error_that_a_person_can_mend() -> None:
    assert WorldLockedError.exit_code is ExitCode.LOCKED
    assert WorldError.exit_code is ExitCode.ERROR


def test_what_cannot_be_written_is_said(tmp_path: Path, service: Service) -> None:
    with claimed(tmp_path / "demo"):
        (tmp_path / "demo" / "data").write_text("in the way")
        with pytest.raises(WorldError, match=r"demo: cannot be used \(File exists\)"):
            build(tmp_path / "demo", service)
