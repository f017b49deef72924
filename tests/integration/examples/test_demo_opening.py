"""The opening of the demonstration: really run, really killed, and counted once more here."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path

import pytest

from notifykit.demo import opening
from notifykit.demo.narration import Narrator
from notifykit.demo.world import OPENING, REQUEST_LOG, claimed


@pytest.mark.long
def test_the_script_tells_twice_or_never_and_notifykit_lists_a_doubt(tmp_path: Path) -> None:
    said: list[str] = []
    with claimed(tmp_path):
        proof = opening.play(tmp_path, Narrator(said.append))
    assert proof.holds
    (channel,) = proof.channels
    assert (channel.due, channel.once, channel.in_doubt, channel.twice, channel.never) == (12, 11, 1, (), ())
    book = (tmp_path / OPENING / REQUEST_LOG).read_text("utf-8").splitlines()
    told = Counter((entry["robot"], entry["text"]) for entry in map(json.loads, book))
    keys = [f"P-{number:02}" for number in range(1, 13)]
    counted = {name: [told[name, key] for key in keys] for name in opening.FOLDERS}
    assert counted[opening.AFTER].count(2) == 2
    assert counted[opening.BEFORE].count(0) == 2
    assert counted[opening.OURS] == [1] * 12
    lines = [line.split() for line in said]
    assert ["script,", "flag", "after", "10", "2", "0", "unknown"] in lines
    assert ["script,", "flag", "before", "10", "0", "2", "unknown"] in lines
    assert ["notifykit", "11", "0", "0", "1"] in lines
    for place in opening.FOLDERS.values():
        rows = csv.DictReader((tmp_path / OPENING / place / "list.csv").read_text("utf-8").splitlines())
        unset = [row["id"] for row in rows if row["told"] == "no"]
        assert unset == (["P-06"] if place == "notifykit" else [])
