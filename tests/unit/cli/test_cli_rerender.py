"""`notifykit rerender`: a typing error that was found after `generate`."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from cli_world import CliWorld, contract

from notifykit.outbox.sqlite.adopting import Adoption
from notifykit.outbox.values import Filter
from notifykit.testing import draft


def texts(world: CliWorld) -> dict[int, tuple[str, str]]:
    with world.outbox() as outbox:
        return {task.id: (task.recipient, task.text) for task in outbox.tasks(Filter())}


@pytest.fixture
def mistaken(world: CliWorld) -> CliWorld:
    """Group messages 1 and 3, award 2; the template of awards is mended after they were queued."""
    world.invoke("generate")
    world.edit("campaigns/beijing.yaml", "template: '奖励 ", "template: '激活奖励 ")
    return world


def test_generate_tells_of_it_and_rerender_mends_it(mistaken: CliWorld) -> None:
    before = texts(mistaken)
    told = mistaken.invoke("generate").stdout
    assert (
        f"rerender: beijing: waiting messages would be rendered differently now: {contract(1)}; "
        "`notifykit rerender --dry-run` shows how\n" in told
    )
    assert mistaken.json("generate", "--dry-run")["campaigns"][0]["rendered_differently"] == [contract(1)]
    bytes_before = mistaken.store.read_bytes()
    assert mistaken.invoke("rerender", "--dry-run").stdout.splitlines() == [
        "1 message would change:",
        f"  task 2: beijing {contract(1)} award",
        f"    - 奖励 {contract(1)}",
        f"    + 激活奖励 {contract(1)}",
    ]
    assert mistaken.store.read_bytes() == bytes_before
    refused = mistaken.invoke("rerender", "--why", "x")
    assert (refused.exit_code, texts(mistaken)) == (2, before)
    told = mistaken.json("rerender", "--why", "a typing error", "--who", "甲", "--yes")
    assert [(one["tasks"], one["message"], one["reason"]) for one in told["differences"]] == [([2], "award", None)]
    assert [task["text"] for task in told["changed"]] == [f"激活奖励 {contract(1)}"]
    assert texts(mistaken) == before | {2: (before[2][0], f"激活奖励 {contract(1)}")}
    story = mistaken.invoke("trace", contract(1)).stdout
    assert "rerendered by 甲: a typing error; before, to " in story
    assert mistaken.invoke("rerender", "--dry-run").stdout == "nothing would change\n"
    assert "rerender:" not in mistaken.invoke("generate").stdout


def test_a_record_that_was_corrected_and_another_recipient(world: CliWorld) -> None:
    world.invoke("generate")
    before = texts(world)
    world.write_rows([[contract(1), "李管家", "1", "N", "急"], [contract(2), "测试管家2", "0", "N", ""]])
    shown = world.invoke("rerender", "--dry-run").stdout
    assert f"  task 2: beijing {contract(1)} award\n    - to 测试管家1\n    + to 李管家\n" in shown
    assert world.invoke("rerender", "--why", "x", "--yes").stdout == "2 messages changed\n"
    found = texts(world)
    assert (found[1], found[2]) == ((before[1][0], f"签约 {contract(1)} 急"), ("李管家", before[2][1]))
    assert found[3] == before[3]


def reasons(world: CliWorld) -> dict[int, str | None]:
    before = texts(world)
    told = world.json("rerender", "--why", "x", "--yes")
    assert (told["changed"], texts(world)) == ([], before)
    return {one["tasks"][0]: one["reason_code"] for one in told["differences"]}


def test_what_was_tried_is_told_and_stays(mistaken: CliWorld) -> None:
    with closing(sqlite3.connect(mistaken.store)) as db, db:
        db.execute(
            "INSERT INTO attempts (task_id, number, channel, worker, started_at, finished_at, verdict)"
            " VALUES (2, 1, 'award-desk', 'w', 0.0, 0.0, 'retry')"
        )
    assert "rerender:" not in mistaken.invoke("generate").stdout
    assert reasons(mistaken) == {2: "rerender_tried"}
    assert mistaken.invoke("rerender", "--dry-run").stdout.splitlines() == [
        "nothing would change",
        f"stays as it is: task 2 (beijing {contract(1)} award): it was tried, or waits no more",
    ]


def test_what_cannot_be_rendered_or_is_not_wanted_any_more_is_told(world: CliWorld) -> None:
    world.invoke("generate")
    world.write_rows([[contract(1), "测试管家1", "0", "N", ""]])
    assert reasons(world) == {2: "rerender_unwanted", 3: "rerender_gone"}
    world.write_rows([[contract(1), "", "1", "N", ""]])
    assert reasons(world) == {1: "rerender_held", 2: "rerender_held", 3: "rerender_gone"}


def test_another_channel_and_what_the_old_program_wrote_are_told(mistaken: CliWorld) -> None:
    mistaken.edit("campaigns/beijing.yaml", "sender: award-desk", "sender: beijing-group")
    assert reasons(mistaken) == {2: "rerender_channel"}
    mistaken.edit(
        "campaigns/beijing.yaml",
        "sender: beijing-group\n    template: '激活",
        "sender: award-desk\n    template: '激活",
    )
    with mistaken.outbox() as outbox:
        outbox.db.execute("DELETE FROM tasks WHERE id = 2")
        made = draft(campaign="beijing", key=contract(1), name="award", channel="award-desk", recipient="x", text="x")
        outbox.adopt([Adoption(draft=made, status=next(outbox.tasks(Filter())).status, id=None, reason=None)], who="m")
    assert set(reasons(mistaken).values()) == {"rerender_adopted"}


def test_parts_of_a_long_text(world: CliWorld) -> None:
    desk = "{type: webhook, url: {env: DESK_URL}, max_bytes: 40}"
    world.environment["DESK_URL"] = "http://127.0.0.1:9/"
    world.edit("notifykit.yaml", "{type: file, path: out/awards.jsonl}", desk)
    long = "{{ '第一行甲乙丙丁\\n第二行甲乙丙丁' }}"
    world.edit(
        "campaigns/beijing.yaml",
        "template: '奖励 {{ record[\"合同ID(_id)\"] }}'",
        f'split: lines\n    template: "{long}"',
    )
    world.invoke("generate")
    world.edit("campaigns/beijing.yaml", "第二行甲", "第二行乙")
    told = world.json("rerender", "--why", "x", "--yes")
    assert [(task["message"], task["text"]) for task in told["changed"]] == [
        ("award", "第一行甲乙丙丁"),
        ("award.2", "第二行乙乙丙丁"),
    ]
    world.edit("campaigns/beijing.yaml", "\\n第二行乙乙丙丁", "")
    assert list(reasons(world).values()) == ["rerender_parts"]
