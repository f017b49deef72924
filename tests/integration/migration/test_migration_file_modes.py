"""What a migration and a rollback make of an old program's data is never readable by more accounts than it."""

from __future__ import annotations

from pathlib import Path

import pytest
from file_modes import needs_strace, too_open
from legacy_world import AWARD, GROUP, SENT, LegacyWorld
from program_world import NOTIFYKIT


@pytest.mark.long
@needs_strace
def test_nothing_that_a_migration_and_a_rollback_write_is_ever_open_to_more_accounts(tmp_path: Path) -> None:
    world = LegacyWorld(tmp_path / "project")
    with world.together():
        world.contract("Y", SENT, [(GROUP, "completed"), (AWARD, "completed")], award=True)
        world.contract("N", SENT, [(GROUP, "completed")])
        world.contract("Y", SENT, [(GROUP, "pending")])
        world.contract("N")
    (world.folder / "out" / "desk.jsonl").touch()  # a test's own sender writes it
    for path in world.folder.rglob("*"):
        if path.is_file():
            path.chmod(0o600)
    for arguments in (
        ["migrate", "--dry-run", "--stopped", "idle", "--out", "plan.json", "--report", "plan.html"],
        ["migrate", "--plan", "plan.json", "--yes"],
        ["run", "--once"],
        ["verify", "--report", "verified.html"],
        ["retire", "--yes"],
        ["history", "--report", "history.html"],
        ["rollback", "--yes"],
    ):
        command = [NOTIFYKIT, *arguments]
        found = too_open(world.folder, command, tmp_path / "log", umask=0, wanted=0o600, codes=[0, 3])
        assert found == [], arguments
    made = {path.name for path in world.folder.iterdir()}
    assert {"plan.json", "plan.html", "verified.html", "history.html"} <= made
    assert all((world.folder / name).stat().st_mode & 0o777 == 0o600 for name in ("plan.json", "plan.html"))
