"""Reasons are said in the language that is asked for, wherever a command shows one; JSON stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
import sample_outage
from cli_world import BROKEN, FINE, REFUSED, CliWorld

MakeWorld = Callable[[Sequence[str]], CliWorld]

OUTAGE = replace(sample_outage.OUTAGE, channel="award-desk")


@pytest.fixture
def held(world: CliWorld) -> CliWorld:
    """A campaign whose keys are taken from another column."""
    world.lived()
    world.edit("campaigns/beijing.yaml", ", key: 合同ID(_id)", ", key: 备注")
    return world


def flat(text: str) -> str:
    return text.replace("\n", "")


@pytest.mark.parametrize("command", [("check",), ("generate",), ("run", "--once"), ("status",)])
def test_why_a_campaign_queues_nothing_is_said_in_chinese(held: CliWorld, command: tuple[str, ...]) -> None:
    held.invoke("generate")
    english, chinese = (held.invoke("--lang", language, *command).output for language in ("en", "zh"))
    assert "were taken from `合同ID(_id)`" in english.replace("\n", " ")
    assert "beijing 的业务键原先取自 `合同ID(_id)`，现在要取自 `备注`" in flat(chinese)
    assert "were taken from" not in chinese


def test_the_environment_says_it_for_every_command(held: CliWorld) -> None:
    held.environment["NOTIFYKIT_LANG"] = "zh"
    assert "业务键" in flat(held.invoke("generate").stderr)
    reason = held.json("status")["queue_nothing_reasons"]["beijing"]
    assert (reason["code"], "were taken from" in reason["text"]) == ("key_changed", True)
    held.environment["NOTIFYKIT_LANG"] = "fr"
    assert held.invoke("status").exit_code == 2


def test_channels_and_messages_too(make_world: MakeWorld) -> None:
    world = make_world((FINE, REFUSED, BROKEN)).lived()
    world.invoke("retry", "--failed", "--why", "x", "--yes")
    world.invoke("resolve", "--cancel", "--campaign", "beijing", "--status", "queued", "--why", "不用了", "--yes")
    with world.outbox() as outbox:
        outbox.set_outage(OUTAGE)
    status = world.invoke("--lang", "zh", "status").stdout
    assert "通道 award-desk：无法连接：ConnectError refused；自 " in status
    assert "通道 beijing-group 已暂停，直到有人恢复：93000 bad key" in status
    assert "cannot be reached: ConnectError refused" in world.invoke("status").stdout
    assert "不用了" in world.invoke("--lang", "zh", "tasks").stdout
