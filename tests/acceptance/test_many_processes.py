"""Two generators and four dispatchers at once: each message is accepted once."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from contract_world import ContractWorld
from counting_server import counting_server


def run_at_once(world: ContractWorld) -> list[str]:
    """Run them to their end; returns what they said on stderr."""
    commands = [world.command("generate")] * 2 + [world.command("dispatch", "--workers", "2")] * 4
    processes = [
        subprocess.Popen(command, env=world.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for command in commands
    ]
    said = [process.communicate(timeout=240)[1] for process in processes]
    assert [process.returncode for process in processes] == [0] * 6, said
    # A dispatcher that was early ends when it sees nothing: this one sends what was queued after that.
    subprocess.run(world.command("dispatch"), env=world.environment, check=True, capture_output=True)
    subprocess.run(world.command("settle"), env=world.environment, check=True, capture_output=True)
    return said


@pytest.mark.long
@pytest.mark.timeout(300)
@pytest.mark.parametrize("count", [3_000, pytest.param(10_000, marks=[pytest.mark.deep, pytest.mark.crash])])
def test_thousands_of_contracts_over_a_file(tmp_path: Path, count: int) -> None:
    sender = "{type: file, path: out.jsonl}"
    world = ContractWorld(tmp_path / "world", "http://127.0.0.1:1/", count=count, sender=sender)
    said = run_at_once(world)
    with (world.folder / "out.jsonl").open(encoding="utf-8") as file:
        accepted = Counter(json.loads(line)["idempotency_key"] for line in file)
    assert world.problems(accepted) == []
    assert "locked" not in "".join(said)


@pytest.mark.deep
@pytest.mark.crash
@pytest.mark.timeout(600)
def test_ten_thousand_contracts_over_http(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with counting_server() as server:
        world = ContractWorld(tmp_path / "world", server.url, count=10_000)
        run_at_once(world)
        wrong = world.problems(server.accepted)
        with capsys.disabled():
            print(f"\n2 generators, 4 dispatchers: {sum(server.accepted.values())} accepted, wrong {len(wrong)}")
    assert wrong == []
