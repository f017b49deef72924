"""Added acts come after the first one, each in a folder that is made anew, and their folders are nobody else's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from notifykit.demo import Acts, ChannelProof, Narrator, Proof, act_one
from notifykit.demo.story import walk
from notifykit.demo.world import MARK, claimed, folder_of
from notifykit.errors import PluginError


def proof(channel: str) -> Proof:
    return Proof((ChannelProof(channel=channel, due=1, once=1, in_doubt=0, twice=(), never=(), strange=0),), ())


def added(name: str, *channels: str) -> Acts:
    def play(folder: Path, narrator: Narrator) -> Iterator[Proof]:
        folder.mkdir()  # raises where it is there already
        for channel in channels:
            narrator.act(channel, channel)
            yield proof(channel)

    return Acts(folder=name, play=play, look_around="There is {folder}, with {braces}.")


def test_added_acts_come_after_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(act_one, "play", lambda folder, narrator: proof("first"))
    said: list[str] = []
    for _ in range(2):
        acts = [added("one", "second", "third"), added("silent"), added("two", "fourth")]
        played = list(walk(tmp_path, acts, said.append))
        assert [act.proof.channels[0].channel for act in played] == ["first", "second", "third", "fourth"]
        assert [act.folder for act in played] == [tmp_path / name for name in (".", "one", "one", "two")]
        assert played[0].look_around.startswith(f"Look around: cd {tmp_path}, then `notifykit status`")
        assert played[1].look_around == f"There is {tmp_path / 'one'}, with {{braces}}."
    assert said[:2] == ["", "==== second · second"]
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
