"""`notifykit send`: one real message, recorded as a test and nothing else."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_world import BROKEN, BUSY, DOUBTFUL, FINE, REFUSED, CliWorld

from notifykit.model import Status, Task
from notifykit.outbox.values import TEST_CAMPAIGN, Filter

SLOW = """
import pathlib, time

def send(recipient, text):
    pathlib.Path("called").write_text(text)
    time.sleep(60)
"""


WAITING = """
import pathlib, time

def send(recipient, text):
    pathlib.Path("called").touch()
    while not pathlib.Path("go").exists():
        time.sleep(0.02)
    return True
"""


def until(process: subprocess.Popen[bytes], happened: Callable[[], bool]) -> None:
    """Wait until something has happened while a process runs."""
    patience = time.monotonic() + 30
    while not happened():
        assert process.poll() is None
        assert time.monotonic() < patience
        time.sleep(0.05)


def kept_of(world: CliWorld) -> list[Task]:
    with world.outbox() as outbox:
        return list(outbox.tasks(Filter(campaign=TEST_CAMPAIGN)))


def test_it_leaves_at_once_and_alone_and_is_recorded_as_a_test(world: CliWorld) -> None:
    world.invoke("generate")
    done = world.invoke("send", "--channel", "award-desk", "--to", "me", "--yes")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("award-desk accepted it after ")
    (line,) = (world.folder / "out" / "awards.jsonl").read_text(encoding="utf-8").splitlines()
    sent = json.loads(line)
    assert (sent["recipient"], sent["campaign"]) == ("me", TEST_CAMPAIGN)
    assert "award-desk" in sent["text"]
    (task,) = kept_of(world)
    assert (task.status, task.recipient, task.tries) == (Status.COMPLETED, "me", 1)
    assert f"recorded as task {task.id} (notifykit trace {task.key})" in done.stdout
    assert "accepted" in world.invoke("trace", task.key).stdout


def test_it_is_in_no_campaigns_figures(world: CliWorld) -> None:
    world.lived()
    before = world.json("status")
    world.invoke("send", "--channel", "award-desk", "--to", "me", "--yes")
    after = world.json("status")
    assert [{**one, "oldest_waiting": None} for one in after["campaigns"]] == [
        {**one, "oldest_waiting": None} for one in before["campaigns"]
    ]
    assert [one["campaign"] for one in after["own_messages"]] == [TEST_CAMPAIGN]
    assert "notifykit's own messages, notifykit:test: 1 completed" in world.invoke("status").stdout
    assert world.invoke("run", "--once").exit_code == 0
    assert world.invoke("health").exit_code == 0


@pytest.mark.parametrize(
    ("word", "code", "status", "told"),
    [
        (FINE, 0, Status.COMPLETED, "beijing-group accepted it"),
        (REFUSED, 1, Status.FAILED, "not sent after"),
        (BUSY, 1, Status.FAILED, "45009"),
        (BROKEN, 1, Status.FAILED, "93000"),
        (DOUBTFUL, 3, Status.IN_DOUBT, "ReadTimeout no reply; `notifykit resolve 1` decides"),
    ],
)
def test_what_the_service_says_is_told_and_tried_once(
    world: CliWorld, word: str, code: int, status: Status, told: str
) -> None:
    done = world.invoke("send", "--channel", "beijing-group", "--to", "x", "--text", f"a {word}", "--yes")
    assert (done.exit_code, told in done.stdout) == (code, True), done.output
    (task,) = kept_of(world)
    assert (task.status, task.tries) == (status, 1)
    with world.outbox() as outbox:
        assert outbox.pauses() == [], "a test says nothing of its channel"
    assert world.invoke("health").exit_code == (3 if status is Status.IN_DOUBT else 0)


def test_it_leaves_although_the_channel_is_paused(world: CliWorld) -> None:
    world.write_rows([["1", "甲", "0", "N", BROKEN]])
    world.lived()
    with world.outbox() as outbox:
        assert outbox.pauses() != []
    assert world.invoke("send", "--channel", "beijing-group", "--to", "x", "--yes").exit_code == 0


def test_a_doubt_that_a_person_settles_owes_nothing(world: CliWorld) -> None:
    world.invoke("send", "--channel", "beijing-group", "--to", "x", "--text", DOUBTFUL, "--yes")
    (task,) = kept_of(world)
    assert world.invoke("resolve", str(task.id), "--sent", "--why", "seen").exit_code == 0
    settled = world.invoke("settle")
    assert settled.exit_code == 0, settled.output
    assert [task.status for task in kept_of(world)] == [Status.COMPLETED]


def test_killed_during_the_call_it_is_in_doubt(world: CliWorld) -> None:
    (world.folder / "slow_desk_of_send.py").write_text(SLOW)
    world.edit(
        "notifykit.yaml",
        "award-desk:",
        'slow: {type: python, call: "slow_desk_of_send:send", search_path: .}\n  award-desk:',
    )
    with subprocess.Popen(
        [*world.command, "send", "--channel", "slow", "--to", "x", "--yes"], cwd=world.folder, env=world.in_process
    ) as process:
        until(process, (world.folder / "called").exists)
        assert [task.status for task in kept_of(world)] == [Status.SENDING]
        busy = world.invoke("send", "--channel", "slow", "--to", "y", "--yes")
        assert (busy.exit_code, "desktop is in use by a message that is being sent" in busy.stderr) == (1, True)
        assert world.json("status")["lost_calls"] == []
        process.kill()
    (call,) = world.json("status")["lost_calls"]
    assert (call["task"], call["campaign"]) == (1, TEST_CAMPAIGN)
    told = f"task 1 ({call['key']}) by slow was being sent when its worker went away; `notifykit resolve 1` decides"
    assert told in world.invoke("status").stdout.splitlines()
    assert world.invoke("dispatch").exit_code == 3
    (task,) = kept_of(world)
    assert task.status is Status.IN_DOUBT
    assert "is gone" in str(task.reason)
    assert world.json("status")["lost_calls"] == []
    told = f"task 1, a test by slow, is in doubt: {task.reason}; `notifykit resolve 1` decides"
    assert told in world.invoke("status").stdout.splitlines()


def killed_in_the_call(world: CliWorld, module: str) -> None:
    """Have a test message on the wire of a process that is gone. `module`: a name of the test's own."""
    (world.folder / f"{module}.py").write_text(SLOW)
    desk = f'slow: {{type: python, call: "{module}:send", search_path: .}}'
    world.edit("notifykit.yaml", "award-desk:", f"{desk}\n  award-desk:")
    command = [*world.command, "send", "--channel", "slow", "--to", "x", "--yes"]
    with subprocess.Popen(command, cwd=world.folder, env=world.in_process) as process:
        until(process, (world.folder / "called").exists)
        process.kill()


def test_the_next_test_message_tells_of_one_that_was_killed_and_is_not_kept_waiting(world: CliWorld) -> None:
    killed_in_the_call(world, "slow_desk_before_another")
    (world.folder / "slow_desk_before_another.py").write_text("def send(recipient, text): return True")
    done = world.invoke("send", "--channel", "slow", "--to", "y", "--yes")
    assert done.exit_code == 0, done.output
    told = "task 1, a test by slow, was being sent when its worker went away, and is in doubt; `notifykit resolve 1`"
    assert told in done.stderr
    assert [task.status for task in kept_of(world)] == [Status.IN_DOUBT, Status.COMPLETED]


def test_one_that_was_killed_can_be_decided_about_at_once(world: CliWorld) -> None:
    killed_in_the_call(world, "slow_desk_decided_about")
    assert world.invoke("resolve", "1", "--cancel", "--why", "seen").exit_code == 0
    assert [task.status for task in kept_of(world)] == [Status.CANCELLED]


def test_one_whose_worker_lives_is_not_decided_about(world: CliWorld) -> None:
    (world.folder / "living_desk_of_send.py").write_text(WAITING)
    desk = 'waiting: {type: python, call: "living_desk_of_send:send", search_path: .}'
    world.edit("notifykit.yaml", "award-desk:", f"{desk}\n  award-desk:")
    command = [*world.command, "send", "--channel", "waiting", "--to", "x", "--yes"]
    with subprocess.Popen(command, cwd=world.folder, env=world.in_process) as process:
        until(process, (world.folder / "called").exists)
        refused = world.invoke("resolve", "1", "--cancel", "--why", "seen")
        (world.folder / "go").touch()
    assert refused.exit_code == 1
    assert "is sending; where its worker is gone, the next `notifykit dispatch` or `run` finds that" in refused.stderr
    assert [task.status for task in kept_of(world)] == [Status.COMPLETED]


@pytest.mark.parametrize(("times", "code", "status"), [(1, 130, Status.COMPLETED), (2, 130, Status.SENDING)])
def test_the_first_interrupt_waits_for_the_call(world: CliWorld, times: int, code: int, status: Status) -> None:
    (world.folder / "waiting_desk_of_send.py").write_text(WAITING)
    desk = 'waiting: {type: python, call: "waiting_desk_of_send:send", search_path: .}'
    world.edit("notifykit.yaml", "award-desk:", f"{desk}\n  award-desk:")
    command = [*world.command, "send", "--channel", "waiting", "--to", "x", "--yes"]
    with subprocess.Popen(command, cwd=world.folder, env=world.in_process, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        until(process, (world.folder / "called").exists)
        process.send_signal(signal.SIGINT)
        assert b"what is on the wire is finished first" in process.stderr.readline() + process.stderr.readline()
        if times == 2:
            process.send_signal(signal.SIGINT)
            process.wait(30)
            (told,) = process.stderr.readlines()
            assert told == (
                b"notifykit: task 1 is in doubt: nobody knows whether it was accepted; `notifykit resolve 1` decides\n"
            )
        (world.folder / "go").touch()
        assert process.wait(30) == code
    assert [task.status for task in kept_of(world)] == [status]


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (
            ["--channel", "award-dsk", "--to", "x", "--yes"],
            1,
            'no channel is called "award-dsk"; did you mean "award-desk"?',
        ),
        (["--channel", "award-desk", "--to", "x"], 2, "a real message would leave; confirm it with --yes"),
        (["--channel", "award-desk", "--to", " ", "--yes"], 2, "--to is empty"),
        (["--channel", "award-desk", "--to", "x", "--text", "", "--yes"], 2, "--text is empty"),
        (
            ["--channel", "robot", "--to", "x", "--text", "长" * 700, "--yes"],
            2,
            "--text has 2100 bytes, and channel robot takes 2048",
        ),
    ],
)
def test_what_cannot_be_sent_is_told_and_nothing_is_kept(
    world: CliWorld, arguments: list[str], code: int, told: str
) -> None:
    world.environment["ROBOT"] = "key-1"
    world.edit("notifykit.yaml", "award-desk:", "robot: {type: wecom_robot, key: {env: ROBOT}}\n  award-desk:")
    done = world.invoke("send", *arguments)
    assert (done.exit_code, told in done.stderr) == (code, True), done.output
    assert not world.store.exists()


class Terminal:
    """Makes the runner's stdin look like a terminal."""

    @property
    def stdin(self) -> Terminal:
        return self

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("answer", "sent"), [("y\n", True), ("n\n", False)])
def test_on_a_terminal_it_shows_the_message_and_asks(
    world: CliWorld, monkeypatch: pytest.MonkeyPatch, answer: str, sent: bool
) -> None:
    monkeypatch.setattr("notifykit.cli.send.sys", Terminal())
    asked = world.invoke("send", "--channel", "award-desk", "--to", "me", "--text", "hello", input=answer)
    assert asked.exit_code == 0
    assert "to me by award-desk (file):\n    hello\nSend it?" in asked.stderr
    assert (world.folder / "out" / "awards.jsonl").exists() is sent


def test_no_campaign_takes_a_name_of_notifykits_own(world: CliWorld) -> None:
    world.edit("campaigns/beijing.yaml", "source:", 'name: "notifykit:test"\nsource:')
    told = world.invoke("check")
    assert told.exit_code == 4
    assert (
        'begins with "notifykit:", under which notifykit keeps messages of its own; choose another name' in told.stdout
    )
    assert "campaigns/beijing.yaml:2" in told.stdout


def test_check_online_asks_each_channel(world: CliWorld, tmp_path: Path) -> None:
    world.edit(
        "notifykit.yaml",
        "award-desk:",
        "hook: {type: webhook, url: {env: HOOK}, probe_url: 'http://127.0.0.1:1/me'}\n  award-desk:",
    )
    world.environment["HOOK"] = "http://127.0.0.1:1/hook"
    assert "note: channel" not in world.invoke("check").stdout
    told = world.invoke("check", "--online")
    assert told.exit_code == 4
    assert "error: channel hook: not ready: cannot be reached (ConnectError ConnectionRefusedError" in told.stdout
    assert "note: channel award-desk: ready: the file can be written" in told.stdout
    assert "note: channel beijing-group: not asked: a function is there to be called" in told.stdout
    assert not (world.folder / "out").exists()
