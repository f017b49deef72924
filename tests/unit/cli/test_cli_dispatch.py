"""`notifykit dispatch`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import pytest
from cli_world import BROKEN, BUSY, DOUBTFUL, FINE, REFUSED, CliWorld

from notifykit.cli import dispatch
from notifykit.cli.report import print_dispatched
from notifykit.model import Status
from notifykit.outbox.values import ChannelBounds
from notifykit.pipeline.dispatched import Dispatched
from notifykit.testing.outbox.steps import take
from notifykit.wording import Reason

MakeWorld = Callable[[Sequence[str]], CliWorld]


def test_what_is_queued_is_sent(world: CliWorld) -> None:
    world.invoke("generate")
    result = world.invoke("dispatch")
    assert (result.exit_code, result.stdout) == (0, "3 sent\n")
    assert world.json("dispatch") == {
        "sent": 0,
        "put_back": 0,
        "failed": 0,
        "in_doubt": 0,
        "recovered": 0,
        "late": 0,
        "interrupted": False,
        "waiting_for_you": {"failed": 0, "in_doubt": 0, "foreign": 0, "paused": [], "unreachable": {}, "more": False},
    }
    assert world.invoke("dispatch").stdout == "nothing was due\n"
    assert world.flags() == ["N", "N"]


def test_what_went_wrong_waits_for_a_person(make_world: MakeWorld) -> None:
    world = make_world((REFUSED, DOUBTFUL, FINE))
    world.invoke("generate")
    result = world.invoke("dispatch")
    assert result.exit_code == 3
    assert result.stdout.splitlines()[0] == "3 sent, 1 failed, 1 in doubt"
    assert "waiting for you: 1 failed; `notifykit tasks --status failed`" in result.stdout
    assert "waiting for you: 1 in doubt; `notifykit tasks --status in_doubt`" in result.stdout
    # Whoever comes next is told, too.
    told = world.json("dispatch", code=3)
    assert (told["waiting_for_you"]["failed"], told["waiting_for_you"]["in_doubt"]) == (1, 1)


def test_once_leaves_what_is_not_due_yet(make_world: MakeWorld) -> None:
    world = make_world((BUSY, FINE))
    world.edit("campaigns/beijing.yaml", "strategy:", "order: none\nstrategy:")
    world.invoke("generate")
    result = world.invoke("dispatch", "--once")
    assert (result.exit_code, result.stdout) == (0, "2 sent, 1 put back for another try\n")


def test_a_channel_that_only_a_person_can_resume(make_world: MakeWorld) -> None:
    world = make_world((BROKEN, FINE))
    world.invoke("generate")
    result = world.invoke("dispatch")  # comes back, though two messages wait
    assert result.exit_code == 3
    assert (
        "channel beijing-group is paused (93000 bad key); mend it, then `notifykit resume beijing-group`"
        in result.stdout
    )
    (pause,) = world.json("dispatch", code=3)["waiting_for_you"]["paused"]
    said = {"code": "93000", "params": {}, "text": "93000 bad key"}
    assert pause == {
        "channel": "beijing-group",
        "until": None,
        "reason": "93000 bad key",
        "reason_code": "paused",
        "reason_params": {"cause": said},
    }


def test_messages_for_a_channel_that_is_gone(world: CliWorld) -> None:
    world.invoke("generate")
    world.edit("notifykit.yaml", "award-desk:", "awards:")
    world.edit("campaigns/beijing.yaml", "sender: award-desk", "sender: awards")
    result = world.invoke("dispatch")
    assert result.exit_code == 3
    assert "waiting for you: 1 message for channel award-desk, which cannot be used here" in result.stdout


def test_workers(world: CliWorld) -> None:
    world.invoke("generate")
    assert world.json("dispatch", "--workers", "8")["sent"] == 3
    for wrong in ("0", "-1", "257", "x"):
        assert world.invoke("dispatch", "--workers", wrong).exit_code == 2


@pytest.mark.parametrize(
    "command", [["dispatch"], ["dispatch", "--dry-run"], ["settle"], ["status"], ["tasks"], ["trace", "x"]]
)
def test_without_a_store_there_is_nothing_to_do_and_none_is_made(world: CliWorld, command: list[str]) -> None:
    result = world.invoke(*command)
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == f"nothing has been queued yet: there is no {world.store}\n"
    assert world.invoke("--quiet", *command).output == ""
    assert world.json(*command) is not None
    assert not world.store.parent.exists()


def test_a_dry_run_lists_what_would_be_claimed_in_order(world: CliWorld) -> None:
    world.invoke("generate")
    before = world.store.read_bytes()
    result = world.invoke("dispatch", "--dry-run")
    assert result.exit_code == 0
    lines = [line.split() for line in result.stdout.splitlines()]
    assert lines[0] == ["2", "due", "now,", "1", "waiting"]
    assert [line[:2] for line in lines[2:]] == [["1", "now"], ["2", "now"], ["3", "after"]]
    told = world.json("dispatch", "--dry-run")
    assert [(item["task"]["id"], item["turn"], item["behind"]) for item in told["waiting"]] == [
        (1, "now", None),
        (2, "now", None),
        (3, "behind", 1),
    ]
    assert world.store.read_bytes() == before


def test_a_dry_run_says_what_the_others_wait_for(make_world: MakeWorld) -> None:
    world = make_world((BUSY, FINE))
    world.invoke("generate")
    world.invoke("dispatch", "--once")
    result = world.invoke("dispatch", "--dry-run")
    assert " at 20" in result.stdout
    with world.outbox() as outbox:
        outbox.pause("beijing-group", 60, Reason("45009"))
    assert "paused until 20" in world.invoke("dispatch", "--dry-run").stdout
    with world.outbox() as outbox:
        outbox.pause("beijing-group", float("inf"), Reason("93000"))
    assert "paused until resumed" in world.invoke("dispatch", "--dry-run").stdout
    world.edit("notifykit.yaml", "beijing-group:", "group:")
    world.edit("campaigns/beijing.yaml", "sender: beijing-group", "sender: group")
    assert "no such channel" in world.invoke("dispatch", "--dry-run").stdout


def test_a_dry_run_of_an_empty_queue(world: CliWorld) -> None:
    world.lived()
    assert world.invoke("dispatch", "--dry-run").stdout == "0 due now, 0 waiting\n"


def test_a_long_dry_run_is_cut_for_people_only(world: CliWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "SHOWN", 2)
    world.invoke("generate")
    assert world.invoke("dispatch", "--dry-run").stdout.endswith("… and 1 more; --json lists all\n")
    assert len(world.json("dispatch", "--dry-run")["waiting"]) == 3


def test_messages_of_a_lost_worker_are_told_of(make_world: MakeWorld) -> None:
    world = make_world((FINE,))
    world.edit("notifykit.yaml", "lease: 5", "lease: 0.05")
    world.invoke("generate")
    with world.outbox() as outbox:
        take(outbox, "gone", 1, {"beijing-group": ChannelBounds()}, 0.0)
    result = world.invoke("dispatch")
    assert result.exit_code == 3
    assert result.stdout.splitlines()[0] == "1 sent, 1 in doubt, 1 of them left by a worker that is gone"


def test_results_that_came_too_late_are_told_of(capsys: pytest.CaptureFixture[str]) -> None:
    print_dispatched(Dispatched(by_status=Counter({Status.SENT: 1}), late=2))
    assert capsys.readouterr().out == "1 sent, 2 results came too late\n"
