"""What is installed is told as importlib.metadata tells it."""

from __future__ import annotations

import importlib.metadata
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from notifykit.plugins.distributions import InfoFolder, distributions, entry_points
from notifykit.plugins.find import find_entry_points, identify, own_version


def told(found: Any) -> list[tuple[str, str, str | None]]:
    return [(one.name, one.version, one.read_text("entry_points.txt")) for one in found]


def test_what_is_installed_here_is_found_in_the_same_order() -> None:
    assert told(distributions()) == told(importlib.metadata.distributions())


def test_our_own_entry_points_are_found() -> None:
    ours = importlib.metadata.distribution("notifykit-outbox")
    expected = {(one.name, one.value) for one in ours.entry_points if one.group == "notifykit"}
    found, failed = find_entry_points()
    assert {(one.name, one.value) for one in found if identify(one).distribution == "notifykit-outbox"} == expected
    assert failed == []
    assert own_version() == ours.version


def test_old_kinds_of_installation_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = tmp_path / "site" / "birds.egg-info"
    info.mkdir(parents=True)
    (info / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: birds\nVersion: 2\n\nName: not this one\n")
    egg = tmp_path / "cats-3.egg" / "EGG-INFO"
    egg.mkdir(parents=True)
    (egg / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: cats\nVersion: 3\n")
    with zipfile.ZipFile(tmp_path / "dogs.zip", "w") as archive:
        archive.writestr("dogs-4.dist-info/METADATA", "Metadata-Version: 2.1\nName: dogs\nVersion: 4\n")
    places = [tmp_path / "site", egg.parent, tmp_path / "dogs.zip", tmp_path / "nowhere"]
    monkeypatch.setattr(sys, "path", list(map(str, places)))
    assert told(distributions()) == [("birds", "2", None), ("cats", "3", None), ("dogs", "4", None)]
    assert told(distributions()) == told(importlib.metadata.distributions())


def test_the_finder_of_another_program_is_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Finder:
        @staticmethod
        def find_distributions() -> list[InfoFolder]:
            return [InfoFolder(str(tmp_path), "mine.dist-info")]

    (tmp_path / "mine.dist-info").mkdir()
    (tmp_path / "mine.dist-info" / "METADATA").write_text("Name: mine\n")
    monkeypatch.setattr(sys, "meta_path", [Finder])
    assert told(distributions()) == [("mine", "", None)]


def test_entry_points_are_read_by_group() -> None:
    text = (
        "[console_scripts]\na = a:b\n\n# a word\n[notifykit]\n one = p.q : r \n# two = x\nthree=y [extra]\n[other]\nz\n"
    )
    assert list(entry_points(text, "notifykit")) == [("one", "p.q : r"), ("three", "y [extra]")]
    with pytest.raises(ValueError, match="line without ="):
        list(entry_points("[notifykit]\nnonsense\n", "notifykit"))


@pytest.mark.parametrize("value", ["json", "json:decoder.JSONDecoder", " json : decoder ", "json:decoder [extra]"])
def test_an_entry_point_is_loaded_as_importlib_loads_it(site: Any, value: str) -> None:
    site.install("birds", {"birds": value}, {})
    (ours,) = [one for one in find_entry_points()[0] if one.name == "birds"]
    (theirs,) = importlib.metadata.entry_points(group="notifykit", name="birds")
    assert ours.load() is theirs.load()
