"""The acts that need commands of the migration say so where there are none, and end."""

from __future__ import annotations

from pathlib import Path

import pytest

from notifykit.demo import acts
from notifykit.demo.robot import Service
from notifykit.demo.telling import Teller
from notifykit.demo.world import OLD_PROGRAM, WorldError, build
from notifykit.pipeline.project import Project


@pytest.fixture
def folder(tmp_path: Path, service: Service) -> Path:
    build(tmp_path, service)
    return tmp_path


def without(monkeypatch: pytest.MonkeyPatch, *commands: str) -> None:
    def commands_of(project: Project) -> set[str]:
        return {"migrate", "shim"} - set(commands)

    monkeypatch.setattr(acts, "commands_of", commands_of)


def test_without_the_migration_the_story_ends(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "migrate", "shim")
    said: list[str] = []
    assert list(acts.legacy_acts(folder, Teller(said.append))) == []
    assert " ".join(" ".join(said).split()) == (
        "Here the story ends: the next act moves an old program over, and `notifykit migrate` is not there."
    )
    assert not (folder / OLD_PROGRAM).exists()


def test_a_folder_that_cannot_be_made_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch)
    (folder / OLD_PROGRAM).write_text("in the way")
    with pytest.raises(WorldError, match=r"old-program: cannot be used .*; name a folder that you may write to"):
        next(acts.legacy_acts(folder, Teller(lambda _: None)))
