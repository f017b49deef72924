"""`notifykit receipt`, and what is shown of receipts."""

from __future__ import annotations

import pytest
from cli_world import DOUBTFUL, FINE, CliWorld

from notifykit.errors import NotifykitError
from notifykit.operate.receiving import receipt

DELIVERED = ("receipt", "delivered", "1", "--at", "2026-01-31T09:30:00Z")


def test_a_receipt_is_shown_beside_what_was_sent(world: CliWorld) -> None:
    world.lived()
    done = world.invoke(*DELIVERED)
    assert (done.exit_code, done.stdout[:10]) == (0, "task 1 (10")
    assert world.json(*DELIVERED)["changed"] is False
    key = world.rows()[0]["合同ID(_id)"]
    story = world.json("trace", key)["stories"][0]
    assert story["receipts"] == [{"task_id": 1, "receipt": "delivered", "receipt_at": "2026-01-31T09:30:00.000Z"}]
    assert [step["event"]["kind"] for step in story["steps"] if step["event"]] == ["receipt"]
    told = world.invoke("trace", key).stdout
    assert "receipt by " in told
    assert "; delivered at 2026-01-31" in told
    assert world.json("status")["campaigns"][0]["receipts"] == {"delivered": 1, "bounced": 0}
    assert "told later: 1 of beijing delivered, 0 bounced" in world.invoke("report").stdout
    header = world.invoke("status").stdout.splitlines()[0]
    assert "delivered" in header
    assert "bounced" not in header


def test_a_later_bounce_counts_and_leaves_what_was_sent(world: CliWorld) -> None:
    world.lived()
    world.invoke(*DELIVERED)
    later = world.json("receipt", "bounced", "1", "--at", "2026-02-01", "--detail", "mailbox full", "--who", "desk")
    assert later == {
        "id": 1,
        "status": "completed",
        "receipt": "bounced",
        "receipt_at": "2026-02-01T00:00:00.000Z",
        "changed": True,
        "archived": False,
    }
    assert world.json(*DELIVERED)["receipt"] == "bounced"
    assert world.json("status")["campaigns"][0]["receipts"] == {"delivered": 0, "bounced": 1}


def test_a_receipt_does_not_decide_a_doubt(make_world: object) -> None:
    world: CliWorld = make_world((FINE, DOUBTFUL))  # type: ignore[operator]
    world.lived()
    assert [
        world.json("receipt", "delivered", str(task["id"]))["status"]
        for task in world.json("tasks", "--status", "in_doubt")["tasks"]
    ] == ["in_doubt"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("lost", "1"), 2, "is not one of 'delivered', 'bounced'"),
        (("delivered",), 2, "say which message: TASK, or --vendor-id"),
        (("delivered", "1", "--vendor-id", "x"), 2, "say which message: TASK, or --vendor-id"),
        (("delivered", "1", "--channel", "x"), 2, "--channel goes with --vendor-id"),
        (("delivered", "1", "--at", "yesterday"), 2, "'yesterday' is no time such as 2026-01-31T09:30:00Z"),
        (("delivered", "1", "--at", "2199-01-01"), 1, "the time of the receipt is no time up to now"),
        (("delivered", "17"), 1, "there is no task 17; `notifykit tasks` lists what there is"),
        (("bounced", "--vendor-id", "x"), 1, 'no message was accepted under the id "x"'),
        (("bounced", "1"), 1, "task 1 was never tried, so nothing of it can have been bounced"),
    ],
)
def test_what_cannot_be_meant_is_said(world: CliWorld, arguments: tuple[str, ...], code: int, said: str) -> None:
    assert world.invoke("generate").exit_code == 0
    done = world.invoke("receipt", *arguments)
    assert done.exit_code == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_an_id_of_several_messages_names_them(world: CliWorld) -> None:
    world.lived()
    with world.outbox() as outbox:
        outbox.db.execute("UPDATE attempts SET vendor_id = 'v'")
        with pytest.raises(
            NotifykitError, match=r'messages were accepted under the id "v": tasks 1, .*name the channel'
        ):
            receipt(outbox, "delivered", vendor_id="v")
        assert receipt(outbox, "delivered", task=2).changed


def test_a_receipt_of_an_archived_message_is_kept_in_the_archive(world: CliWorld) -> None:
    world.lived()
    assert world.invoke("settle").exit_code == 0
    with world.outbox() as outbox:
        outbox.db.execute("UPDATE tasks SET completed_at = completed_at - 60")
    assert world.json("store", "prune", "--keep", "1s")["moved"] > 0
    said = world.invoke(*DELIVERED).stdout
    assert said.startswith("task 1 is in an archive, and what was told is kept there\ntask 1 (10")
    assert world.json(*DELIVERED) == {
        "id": 1,
        "status": "completed",
        "receipt": "delivered",
        "receipt_at": "2026-01-31T09:30:00.000Z",
        "changed": False,
        "archived": True,
    }
    key = world.rows()[0]["合同ID(_id)"]
    assert "; delivered at 2026-01-31" in world.invoke("trace", key).stdout
