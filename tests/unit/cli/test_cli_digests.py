"""Digests on the command line: who waits with others, what a digest holds, and what is too late to be decided."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from processes import wait_until

from notifykit.cli.app import build_cli
from notifykit.model import Outcome, Status
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.digests import is_digest
from notifykit.outbox.values import ChannelBounds, Filter, Transition
from notifykit.testing.outbox.steps import finish, take
from notifykit.wording import Reason

PROJECT = """
store: outbox.db
senders:
  desk: {type: file, path: sent.jsonl}
dispatch: {workers: 1}
"""

CAMPAIGN = """
source: {type: csv, path: orders.csv, key: id}
strategy: {type: once}
messages:
  - name: order
    recipient: '{{ record["to"] }}'
    template: 'order {{ record.key }}'
    sender: desk
    batch: {every: EVERY, max: 3, template: "{{ count }}:{% for m in messages %} {{ m.text }}{% endfor %}"}
"""

Run = Callable[..., Any]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    write(tmp_path)

    def invoke(*arguments: str, code: int = 0) -> Any:
        runner = CliRunner(env={"NOTIFYKIT_PROJECT": None, "COLUMNS": "200", "NO_COLOR": "1"})
        project = ["--project", str(tmp_path / "notifykit.yaml")]
        found = runner.invoke(build_cli(), [*project, *arguments], prog_name="notifykit")
        assert found.exit_code == code, found.output
        return json.loads(found.stdout) if "--json" in arguments else found.output

    return invoke


def write(folder: Path, every: str = "1h", rows: Sequence[str] = ("A,x", "B,x", "C,y")) -> None:
    (folder / "campaigns").mkdir(exist_ok=True)
    (folder / "notifykit.yaml").write_text(PROJECT, encoding="utf-8")
    (folder / "campaigns" / "orders.yaml").write_text(CAMPAIGN.replace("EVERY", every), encoding="utf-8")
    (folder / "orders.csv").write_text("\n".join(["id,to", *rows, ""]), encoding="utf-8")


def generate_due(run: Run, folder: Path) -> None:
    """Queue the messages, whose digests wait for hardly anything, and wait until they have."""
    write(folder, every="0.001s")
    run("generate")
    with SqliteOutbox.open(folder / "outbox.db") as outbox:
        due = max(task.not_before for task in outbox.tasks(Filter()) if is_digest(task.campaign))
        wait_until(lambda: outbox.now() >= due, every=0.01)


def sent(folder: Path) -> list[str]:
    return [json.loads(line)["text"] for line in (folder / "sent.jsonl").read_text(encoding="utf-8").splitlines()]


def put_off(folder: Path) -> int:
    """Fix the digest to x, and have the service ask to wait; returns its id."""
    with SqliteOutbox.open(folder / "outbox.db") as outbox:
        for one in take(outbox, "w", 9, {"desk": ChannelBounds()}, 60.0):
            if one.task.recipient != "x":
                outbox.release(one)
                continue
            fixed = outbox.fix(one, [task.id for task in outbox.members(one.task.id)], "text")
            assert fixed is not None
            then = Transition(status=Status.QUEUED, reason=Reason("busy"), not_before=outbox.now() + 600)
            finish(outbox, fixed, Outcome.retry("busy"), then)
            return one.task.id
    raise AssertionError("nothing is due")


def test_a_record_and_a_digest_tell_of_each_other(run: Run, tmp_path: Path) -> None:
    run("generate")
    told = run("trace", "A")
    assert "digest: A order waits with others in digest 4 (digest-4), which is due at " in told
    (found,) = run("trace", "B", "--json")["stories"][0]["digests"]
    assert (found["digest"], found["digest_key"], found["fixed"], found["members"]) == (4, "digest-4", False, None)
    write(tmp_path, rows=["A,x", "B,x", "C,y", "D,x"])
    run("generate")
    run("dispatch", "--once")
    assert sent(tmp_path) == ["3: order A order B order D"]
    told = run("trace", "digest-4")
    for key in "ABD":
        assert f"digest: {key} order is one of 3 in digest 4 (digest-4): sent" in told
    assert "attempt 1: accepted" in run("trace", "A")


def test_records_are_counted_and_what_waits_is_told_with_the_time_of_its_digest(run: Run, tmp_path: Path) -> None:
    run("generate")
    waiting = run("dispatch", "--dry-run", "--json")["waiting"]
    assert [(one["task"]["key"], one["turn"]) for one in waiting] == [("A", "later"), ("B", "later"), ("C", "later")]
    (campaign,) = run("status", "--json")["campaigns"]
    assert (campaign["campaign"], campaign["by_status"]["queued"]) == ("orders", 3)
    write(tmp_path, every="0.001s")
    run("run", "--once")
    (campaign,) = run("status", "--json")["campaigns"]
    assert campaign["by_status"]["queued"] == 3  # they wait as long as they were queued to wait


def test_a_message_is_cancelled_before_its_digest_is_fixed_and_not_after(run: Run, tmp_path: Path) -> None:
    generate_due(run, tmp_path)
    run("cancel", "3", "--why", "y")
    digest = put_off(tmp_path)
    told = run("cancel", "1", "--why", "y", code=1)
    assert f"task 1 (orders A order) is one of 2 in digest {digest}, which is to be sent" in told
    assert "nothing was changed" in told
    shown = run("cancel", str(digest), "--why", "y", "--dry-run")
    assert "2 messages would change" in shown
    run("cancel", str(digest), "--why", "y")
    with SqliteOutbox.open(tmp_path / "outbox.db") as outbox:
        assert {task.status for task in outbox.tasks(Filter()) if task.recipient == "x"} == {Status.CANCELLED}
    run("undo", "--why", "z", "--yes")
    with SqliteOutbox.open(tmp_path / "outbox.db") as outbox:
        of_x = [task for task in outbox.tasks(Filter()) if task.recipient == "x"]
        assert [(task.status, is_digest(task.campaign)) for task in of_x] == [
            (Status.QUEUED, False),
            (Status.QUEUED, False),
            (Status.QUEUED, True),
        ]


def test_a_digest_is_not_sent_again_by_itself(run: Run, tmp_path: Path) -> None:
    generate_due(run, tmp_path)
    run("dispatch", "--once")
    assert sorted(sent(tmp_path)) == ["1: order C", "2: order A order B"]
    told = run("resend", "digest-4", "--campaign", "notifykit:digest:orders", "--why", "y", "--yes", code=1)
    assert "digest-4 is a digest, which is made of messages" in told
    run("resend", "A", "--campaign", "orders", "--why", "y", "--yes")
    run("dispatch", "--once")
    assert sent(tmp_path)[-1] == "1: order A"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("{every: 0s}", "messages[0].batch.every"),
        ("{every: 1h, max: 0}", "messages[0].batch.max"),
        ("{every: 1h, by: key}", "messages[0].batch.by"),
        ("{max: 2}", "messages[0].batch.every"),
        ("{every: 1h, template: a, template_file: b.txt}", "takes template or template_file, not both"),
        ("{every: 1h, template: '{{ record.key }}'}", 'there is nothing called "record"'),
        ("{every: 1h, template: '{{ mesages }}'}", 'did you mean "messages"'),
        ("{every: 1h, template_file: none.txt}", "no file"),
        ("{every: 1h}\n    split: lines", "`batch` and `split` cannot both be said"),
    ],
)
def test_what_is_wrong_with_a_batch_is_told_with_its_place(run: Run, tmp_path: Path, said: str, told: str) -> None:
    text = CAMPAIGN.partition("    batch:")[0] + f"    batch: {said}\n"
    (tmp_path / "campaigns" / "orders.yaml").write_text(text, encoding="utf-8")
    found = run("check", code=4)
    assert told in found
    assert "orders.yaml:" in found


def test_a_digest_is_archived_with_its_messages(run: Run, tmp_path: Path) -> None:
    generate_due(run, tmp_path)
    run("run", "--once")
    with SqliteOutbox.open(tmp_path / "outbox.db") as outbox:
        outbox.db.execute("UPDATE tasks SET completed_at = completed_at - 60")
    assert run("store", "prune", "--keep", "1s", "--json")["moved"] == 3
    run("store", "check")
    assert "digest: A order is one of 2 in digest 4 (digest-4): completed" in run("trace", "A")
    told = run("trace", "digest-4")
    assert told.count("digest: ") == 2
    assert "archived: digest-4 is in " in told
    assert "restored" not in told
    assert run("receipt", "bounced", "4", "--json")["archived"]
    assert "bounced at" in run("trace", "B")
