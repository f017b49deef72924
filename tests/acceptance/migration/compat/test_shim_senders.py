"""Which sender a shimmed program's messages leave by is one line of YAML."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from counting_server import counting_server
from program_world import GROUP, PERSON, ProgramWorld
from shim_world import shimmed

from notifykit.model import Status

DESKTOP = GROUP.replace("legacy_function", "python"), PERSON.replace("legacy_function", "python")


def test_the_plain_python_sender_assumes_or_holds(tmp_path: Path) -> None:
    """The program's functions return nothing, which proves nothing: the campaign says what that means."""
    for policy, status in (("assume_sent", Status.COMPLETED), ("hold", Status.IN_DOUBT)):
        world = ProgramWorld(tmp_path / policy, group=DESKTOP[0], person=DESKTOP[1], legacy=f"  on_unknown: {policy}\n")
        campaign = world.folder / "campaigns" / "beijing.yaml"
        text = campaign.read_text(encoding="utf-8")
        campaign.write_text(f"{text}on_unknown: {policy}\n", encoding="utf-8")
        with shimmed(world) as program:
            program.once("bj", "ts")
        assert {task.status for task in world.tasks()} == {status}
        assert world.arrived() == dict.fromkeys(world.due(), 1)
        assert set(world.flags().values()) == {"Y" if status is Status.COMPLETED else "N"}


def test_the_group_moves_to_a_webhook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with counting_server() as server:
        monkeypatch.setenv("TEST_GROUP_URL", server.url)
        world = ProgramWorld(tmp_path / "world", group="{type: webhook, url: {env: TEST_GROUP_URL}}")
        with shimmed(world) as program:
            program.once("bj", "report")
        groups = [body for body in server.bodies if body["idempotency_key"].startswith("beijing/")]
        assert len(groups) == len({body["text"] for body in groups}) == world.count
        assert len(server.bodies) == world.count + 1, "the report goes to a group as well"
    assert {entry["kind"] for entry in world.typed()} == {"wechat"}
    assert len(world.typed()) == 3
    assert set(world.flags().values()) == {"Y"}


def test_a_file_takes_what_nobody_is_to_get(tmp_path: Path) -> None:
    quiet = "{type: file, path: out.jsonl}"
    world = ProgramWorld(tmp_path / "world", group=quiet, person=quiet)
    with shimmed(world) as program:
        program.once("bj", "ts")
    assert world.typed() == []
    lines = (world.folder / "out.jsonl").read_text(encoding="utf-8").splitlines()
    assert len([json.loads(line) for line in lines]) == len(world.due()) + 3
