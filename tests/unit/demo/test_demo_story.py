"""Added acts come after the first one, each in a folder that is made anew, and their folders are nobody else's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from notifykit.demo import Acts, ChannelProof, Narrator, Proof, act_one, opening
from notifykit.demo.story import NoSuchActError, walk
from notifykit.demo.world import MARK, claimed, folder_of
from notifykit.errors import PluginError


def proof(channel: str) -> Proof:
    return Proof((ChannelProof(channel=channel, due=1, once=1, in_doubt=0, twice=(), never=(), strange=0),), ())


@pytest.fixture(autouse=True)
def _host_acts(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the host plays itself takes seconds, and has tests of its own."""

    def first(_folder: Path, narrator: Narrator) -> Proof:
        narrator.act("first", "first")
        narrator.chapter("scene", "scene")
        narrator.chapter("scene", "scene")
        return proof("first")

    monkeypatch.setattr(act_one, "play", first)
    monkeypatch.setattr(opening, "play", lambda folder, narrator: proof("opening"))


def added(name: str, *channels: str) -> Acts:
    def play(folder: Path, narrator: Narrator) -> Iterator[Proof]:
        folder.mkdir()  # raises where it is there already
        for channel in channels:
            narrator.act(channel, channel)
            yield proof(channel)

    look_around = "{notifykit} in {folder}, with {braces}"
    return Acts(folder=name, play=play, look_around=look_around, number=max(1, len(channels)))


def test_added_acts_come_after_the_first(tmp_path: Path) -> None:
    said: list[str] = []
    for _ in range(2):
        acts = [added("one", "second", "third"), added("silent"), added("two", "fourth")]
        played = list(walk(tmp_path, acts, said.append))
        names = [act.proof.channels[0].channel for act in played]
        assert names == ["opening", "first", "second", "third", "fourth"]
        assert [act.folder for act in played] == [tmp_path / name for name in ("opening", ".", "one", "one", "two")]
        assert played[0].look_around == ""
        assert played[1].look_around.endswith(f" --project {tmp_path / 'notifykit.yaml'} serve")
        assert played[2].look_around.endswith(f"notifykit in {tmp_path / 'one'}, with {{braces}}")
    assert said[:2] == ["", "==== first · first"]
    (tmp_path / "one" / "mine.txt").write_text("x")
    list(walk(tmp_path, [], said.append))
    assert (tmp_path / "one" / "mine.txt").exists(), "what no act is played in stays"


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/tmp", "state", f"{MARK}.lock", MARK, "notifykit.yaml"])
def test_a_folder_that_is_none_or_somebody_elses_is_refused(name: str) -> None:
    with pytest.raises(PluginError, match="cannot have the folder"):
        folder_of(added(name))


def test_a_name_of_its_own_is_a_folder(tmp_path: Path) -> None:
    assert folder_of(added("old-program")) == "old-program"
    with claimed(tmp_path, ["old-program"]):
        (tmp_path / "old-program").mkdir()
    with claimed(tmp_path, ["old-program"]):
        assert not (tmp_path / "old-program").exists()


@pytest.mark.parametrize(
    ("chosen", "told"),
    [((1,), ["first"]), ((3,), ["third"]), ((4, 1), ["first", "fourth"]), ((2, 3), ["second", "third"])],
)
def test_acts_that_are_chosen_are_told_and_what_they_build_on_is_played(
    tmp_path: Path, chosen: tuple[int, ...], told: list[str]
) -> None:
    said: list[str] = []
    acts = [added("one", "second", "third"), added("two", "fourth")]
    played = list(walk(tmp_path, acts, said.append, chosen=chosen))
    assert [act.proof.channels[0].channel for act in played] == told
    assert [line for line in said if line.startswith("====")] == [f"==== {name} · {name}" for name in told]
    assert any("builds on what comes before it" in line for line in said) is (chosen == (3,))


def test_an_act_that_there_is_not(tmp_path: Path) -> None:
    with pytest.raises(NoSuchActError, match="there is no act 4; there are acts 1 to 3"):
        list(walk(tmp_path, [added("one", "second", "third")], print, chosen=(1, 4)))
    assert list(tmp_path.iterdir()) == []


def test_there_is_a_pause_before_each_scene_but_the_first(tmp_path: Path) -> None:
    said: list[str] = []
    list(walk(tmp_path, [added("one", "second")], said.append, pause=lambda: said.append("pause")))
    told = [line for line in said if line]
    assert told == [
        "==== first · first",
        "== scene · scene",
        "pause",
        "== scene · scene",
        "pause",
        "==== second · second",
    ]
    said.clear()
    list(
        walk(tmp_path, [added("one", "second", "third")], said.append, chosen=(3,), pause=lambda: said.append("pause"))
    )
    assert "pause" not in said, "what is not told waits for nobody"
