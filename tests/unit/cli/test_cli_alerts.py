"""`notifykit alerts`: what is told, what holds, and silences."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from cli_world import DOUBTFUL, FINE, CliWorld

MakeWorld = Callable[[Sequence[str]], CliWorld]

ALERTS = """alerts:
  channel: award-desk
  recipient: duty
  conditions: {doubts: {when: in_doubt}}
senders:
"""


def test_conditions_are_listed_with_who_is_told(make_world: MakeWorld) -> None:
    world = make_world((DOUBTFUL, FINE))
    world.edit("notifykit.yaml", "senders:\n", ALERTS)
    listed = world.invoke("alerts")
    assert listed.exit_code == 0
    rows = [line.split() for line in listed.stdout.splitlines()]
    assert rows[1][:6] == ["doubts", "in_doubt", "duty", "by", "award-desk", "well"]
    assert [row[0] for row in rows[2:]] == ["dead_letters", "foreign", "paused", "unusable", "failing", "reported"]
    assert {row[2] for row in rows[2:]} == {"nobody"}
    world.invoke("run", "--once")
    (row,) = [line for line in world.invoke("alerts").stdout.splitlines() if line.startswith("doubts")]
    assert " told " in row
    assert row.endswith("1 in doubt")


def test_a_silence_is_listed_with_its_end_and_who_set_it(world: CliWorld) -> None:
    world.invoke("generate")
    made = world.json("alerts", "silence", "in_doubt", "--for", "2h", "--why", "known", "--who", "desk")
    assert (made["condition"], made["who"], made["why"]) == ("in_doubt", "desk", "known")
    listed = world.invoke("alerts").stdout
    assert "in_doubt: silenced until " in listed
    assert listed.rstrip().endswith("by desk: known")
    assert world.json("alerts", "unsilence", "in_doubt") == {"condition": "in_doubt", "ended": True}
    assert world.json("alerts", "unsilence", "in_doubt") == {"condition": "in_doubt", "ended": False}
    assert "silenced" not in world.invoke("alerts").stdout
    unknown = world.invoke("alerts", "unsilence", "nope")
    assert (unknown.exit_code, unknown.stdout) == (1, "")
    assert 'no condition is called "nope"; there is dead_letters' in unknown.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("in_doub", "--for", "2h", "--why", "x"), 1, 'no condition is called "in_doub"; did you mean "in_doubt"?'),
        (("in_doubt", "--for", "soon", "--why", "x"), 2, "must be a duration"),
        (("in_doubt", "--for", "0", "--why", "x"), 2, "is no time at all"),
        (("in_doubt", "--for", "2h"), 2, "Missing option '--why'"),
        (("in_doubt", "--why", "x"), 2, "Missing option '--for'"),
    ],
)
def test_a_wrong_silence_is_refused(world: CliWorld, arguments: Sequence[str], code: int, said: str) -> None:
    world.invoke("generate")
    result = world.invoke("alerts", "silence", *arguments)
    assert result.exit_code == code
    assert said in result.stderr
    assert "silenced" not in world.invoke("alerts").stdout
    unknown = world.invoke("alerts", "unsilence", "nope")
    assert (unknown.exit_code, unknown.stdout) == (1, "")
    assert 'no condition is called "nope"; there is dead_letters' in unknown.stderr


def test_it_only_looks(world: CliWorld) -> None:
    assert world.invoke("alerts").exit_code == 0
    assert not world.store.exists()
