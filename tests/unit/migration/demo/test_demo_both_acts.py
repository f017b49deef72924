"""The acts that need commands of the migration say so where there are none, and end."""

from __future__ import annotations

from pathlib import Path

import notifykit_demo
import pytest
from notifykit_demo import both_acts

from notifykit.demo import Acts, Narrator
from notifykit.demo.world import WorldError


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "old-program"


def without(monkeypatch: pytest.MonkeyPatch, *commands: str) -> None:
    monkeypatch.setattr(both_acts, "commands_of_plugins", lambda: {"migrate", "shim"} - set(commands))


def test_the_hook_adds_both_in_one_folder() -> None:
    taken: list[Acts] = []
    notifykit_demo.register_demo_acts(taken.append)
    (acts,) = taken
    assert (acts.folder, acts.play) == ("old-program", both_acts.play)


def test_the_commands_are_those_of_the_plugins() -> None:
    assert both_acts.commands_of_plugins() >= {"migrate", "shim", "history"}


def test_without_the_migration_the_story_ends(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "migrate", "shim")
    said: list[str] = []
    assert list(both_acts.play(home, Narrator(said.append))) == []
    assert " ".join(" ".join(said).split()) == (
        "Here the story ends: the next act moves an old program over, and `notifykit migrate` is not there."
    )
    assert not home.exists()


def test_a_folder_that_cannot_be_made_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch)
    home.write_text("in the way")
    with pytest.raises(WorldError, match=r"old-program: cannot be used .*; name a folder that you may write to"):
        next(both_acts.play(home, Narrator(lambda _: None)))
