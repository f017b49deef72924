"""A technician campaign from its rows to what the service accepted, on a real outbox."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from notifykit_technician.json_file import JsonFile
from notifykit_technician.legacy_status import LegacyStatus
from support_path import with_support
from system import KILLED

from notifykit.campaign.campaign import Campaign, Channel, DispatchSettings, MessagePlan, RetryPolicy
from notifykit.clock import SystemClock
from notifykit.errors import CampaignError
from notifykit.model import Message, Outcome, Status
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.values import Filter
from notifykit.pipeline.dispatch import Dispatcher
from notifykit.pipeline.generate import generate
from notifykit.pipeline.settle import settle
from notifykit.roles import SendContext

COLUMNS = ["id", "time", "technician", "company", "_", "content"]
ROWS = [
    [6001, "2025-08-21T09:30:00.000+0800", "测试管家甲", "测试服务商一", None, ["上线", "技能:防水"]],
    [6002, "2025-08-21T09:31:00.000+0800", "测试管家乙", "测试服务商二", None, ["下线"]],
]

GENERATE_AND_DIE = """
import os, signal, sys
from pathlib import Path

folder = Path(sys.argv[1])
sys.path.insert(0, sys.argv[2])
import test_technician_campaign as world
from notifykit.pipeline.generate import generate
from notifykit.outbox import SqliteOutbox

def die_before_the_status_file(event, arguments):
    if event == "open" and str(arguments[0]).endswith("technician_status_record.json.lock"):
        os.kill(os.getpid(), signal.SIGKILL)

with SqliteOutbox.open(folder / "outbox.db") as outbox:
    sys.addaudithook(die_before_the_status_file)
    generate(world.campaign(folder, world.Sender()), outbox)
"""


@dataclass
class Sender:
    """Accepts each message, some only at the second try."""

    fails_first: frozenset[str] = frozenset()
    accepted: Counter[str] = field(default_factory=Counter)

    def send(self, message: Message, context: SendContext) -> Outcome:
        if message.recipient in self.fails_first and context.attempt == 1:
            return Outcome.retry("503", after=0.0)
        self.accepted[f"{message.recipient}: {message.text}"] += 1
        return Outcome.accepted()


def campaign(folder: Path, sender: Sender) -> Campaign:
    channel = Channel.of("desk", "test", sender)
    person = MessagePlan(
        name="person",
        channel=channel,
        recipient=lambda record: str(record["company"]),
        text=lambda record: f"{record['technician']}已{record['content'][0]}",
        retry=RetryPolicy(first=0.0),
    )
    webhook = replace(person, name="webhook", recipient=lambda record: "群")
    return Campaign(
        name="technicians",
        file=folder / "technicians.yaml",
        source=JsonFile(path=folder / "changes.json", columns=COLUMNS),
        strategy=LegacyStatus(status_file=folder / "technician_status_record.json"),
        messages=(person, webhook),
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "changes.json").write_text(json.dumps(ROWS, ensure_ascii=False), encoding="utf-8")
    return tmp_path


@pytest.fixture
def outbox(folder: Path) -> Iterator[SqliteOutbox]:
    with SqliteOutbox.open(folder / "outbox.db") as opened:
        yield opened


def dispatch(campaign: Campaign, outbox: SqliteOutbox) -> None:
    channels = {plan.channel.name: plan.channel for plan in campaign.messages}
    settings = DispatchSettings(workers=2)
    Dispatcher(outbox, channels, {campaign.name: campaign}, settings, SystemClock()).run(drain=True)


def status(folder: Path) -> dict[str, str]:
    entries = json.loads((folder / "technician_status_record.json").read_bytes())
    assert isinstance(entries, dict)
    return entries


def test_the_file_says_queued_and_both_messages_go_out_once_though_one_fails_at_first(
    folder: Path, outbox: SqliteOutbox
) -> None:
    sender = Sender(fails_first=frozenset({"群", "测试服务商二"}))
    ours = campaign(folder, sender)
    assert generate(ours, outbox).queued == 4
    assert status(folder) == {"6001": "通知成功", "6002": "通知成功"}
    assert not sender.accepted
    assert generate(ours, outbox).queued == 0
    dispatch(ours, outbox)
    assert settle(ours, outbox).completed == 4
    assert sender.accepted == {
        "测试服务商一: 测试管家甲已上线": 1,
        "群: 测试管家甲已上线": 1,
        "测试服务商二: 测试管家乙已下线": 1,
        "群: 测试管家乙已下线": 1,
    }
    task = next(iter(outbox.tasks(Filter(limit=1))))
    assert (task.key, task.metadata["change_id"]) == ("6001", "6001")
    assert task.metadata["created_by"] == "technician_notification"


def test_a_change_that_the_legacy_program_has_told_is_not_told_again(folder: Path, outbox: SqliteOutbox) -> None:
    (folder / "technician_status_record.json").write_text('{"6001": "通知成功"}', encoding="utf-8")
    assert generate(campaign(folder, Sender()), outbox).queued == 2
    assert {task.key for task in outbox.tasks(Filter())} == {"6002"}


def test_killed_between_the_outbox_and_the_file_nothing_is_lost_or_told_twice(folder: Path) -> None:
    command = [sys.executable, "-c", GENERATE_AND_DIE, str(folder), str(Path(__file__).parent)]
    assert subprocess.run(command, env=with_support(os.environ), check=False).returncode == KILLED
    assert not (folder / "technician_status_record.json").exists()
    sender = Sender()
    ours = campaign(folder, sender)
    with SqliteOutbox.open(folder / "outbox.db") as outbox:
        assert [task.status for task in outbox.tasks(Filter())] == [Status.QUEUED] * 4
        again = generate(ours, outbox)
        assert (again.queued, again.duplicates) == (0, 4)
        dispatch(ours, outbox)
    assert status(folder) == {"6001": "通知成功", "6002": "通知成功"}
    assert set(sender.accepted.values()) == {1}
    assert sender.accepted.total() == 4


def test_a_torn_file_stops_the_pass_before_anything_is_queued(folder: Path, outbox: SqliteOutbox) -> None:
    torn = '{\n    "6001": "通知'.encode()
    (folder / "technician_status_record.json").write_bytes(torn)
    with pytest.raises(CampaignError, match=r"technician_status_record\.json:2:13: not valid JSON"):
        generate(campaign(folder, Sender()), outbox)
    assert list(outbox.tasks(Filter())) == []
    assert (folder / "technician_status_record.json").read_bytes() == torn


def test_a_row_that_cannot_be_used_holds_back_only_itself(folder: Path, outbox: SqliteOutbox) -> None:
    changes = [["", *ROWS[0][1:]], ROWS[0][:4], ROWS[1]]
    (folder / "changes.json").write_text(json.dumps(changes), encoding="utf-8")
    done = generate(campaign(folder, Sender()), outbox)
    assert done.queued == 2
    assert [problem.what for problem in done.problems] == ["'id' is empty", "the row ends after 4 of 6 cells"]
    assert status(folder) == {"6002": "通知成功"}


def test_a_dry_run_writes_nothing(folder: Path, outbox: SqliteOutbox) -> None:
    before = sorted(folder.iterdir())
    assert generate(campaign(folder, Sender()), outbox, dry_run=True).queued == 4
    assert sorted(folder.iterdir()) == before
