"""An account without a name, as `docker run --user 12345` has it, migrates and rolls back like any other."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from legacy_world import GROUP, SENT, LegacyWorld
from notifykit_migration.journal.account import account

pwd = pytest.importorskip("pwd")


@pytest.fixture(autouse=True)
def _without_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(uid: int) -> None:
        raise KeyError(f"getpwuid(): uid not found: {uid}")

    monkeypatch.setattr(pwd, "getpwuid", nobody)
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)


def test_it_is_known_by_its_number() -> None:
    assert re.fullmatch(r"uid \d+", account())


def test_bytes_that_are_no_text_are_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", os.fsdecode(b"\xff"))
    assert re.fullmatch(r"uid \d+", account())


def test_it_migrates_retires_and_rolls_back(tmp_path: Path) -> None:
    world = LegacyWorld(tmp_path / "project")
    with world.together():
        world.contract("Y", SENT, [(GROUP, "completed")])
        world.contract("N")
    for command in ("migrate --yes --stopped idle --soak 7", "retire --yes --now", "rollback --yes"):
        done = world.run(*command.split())
        assert done.exit_code == 0, done.output
    journal = (world.folder / "notifykit-migration" / "journal.jsonl").read_text(encoding="utf-8").splitlines()
    assert {who for line in journal for who in re.findall(r'"who": ?"([^"]+)"', line)} == {account()}
