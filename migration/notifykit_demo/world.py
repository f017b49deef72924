"""The world of the second and third act: an old program's folder, as a crash left it, and what is due in it."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from notifykit.demo.contracts import (
    AWARD,
    BEIJING,
    FLAG,
    HOUSEKEEPER,
    ID,
    NUMBER,
    SHANGHAI,
    City,
    contracts,
    csv_bytes,
    csv_lines,
)
from notifykit.demo.request_log import ACCEPTED, Entry, RequestLog
from notifykit.demo.service import Service
from notifykit.demo.world import ContractFile, Due, copy_files
from notifykit.durable import write_new
from notifykit.wording.translation import gettext
from notifykit_demo.task_table import (
    DAY,
    HOUR,
    WECHAT,
    WECOM,
    LegacyTask,
    award_task,
    group_task,
    nameless_subject,
    nameless_task,
    write_table,
)

CHAT = "chat"
"""What the service is called that takes the messages, whoever sends them."""
REQUEST_LOG = "chat-book.jsonl"

OPERATIONS = "运营日报群"
COMPANIES = ("测试防水服务部", "演示修缮服务部")

_PROGRAM = Path(__file__).parent / "legacy_program"
_PROJECT = Path(__file__).parent / "legacy_project"
_MONTH = datetime(2025, 8, 1, 9, tzinfo=timezone(timedelta(hours=8)))
_SEED = 20250831
_SENT, _TOLD = "发送成功", "通知成功"
_SEVEN_WEEKS = 49 * DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """One city's contracts: what is in its file at the start, and what is still to come."""

    campaign: str
    group: str
    csv: Path
    status: Path
    source: Path
    """Where the old program gets new contracts from."""
    file: ContractFile
    nameless: int
    """So many of the first contracts were told of without their numbers."""
    to_come: Sequence[Mapping[str, str]]

    def delivered(self) -> list[dict[str, str]]:
        """Return the contracts that came since the start."""
        found: list[dict[str, str]] = json.loads(self.source.read_text("utf-8"))
        return found

    def deliver(self, count: int) -> list[dict[str, str]]:
        """Let so many more contracts be signed, and return them. The next job that asks gets them."""
        before = self.delivered()
        new = [dict(row) for row in self.to_come[len(before) : len(before) + count]]
        _write_json(self.source, [*before, *new])
        return new

    def append(self, rows: Sequence[Mapping[str, str]]) -> None:
        """Append rows to the file, as the job does that exports contracts."""
        with self.csv.open("ab") as file:
            file.write(csv_lines(rows))

    def grown(self) -> ContractFile:
        """Return the file as it was at the start, with all that was delivered since."""
        return ContractFile(
            campaign=self.campaign,
            path=self.csv,
            before=self.file.before,
            rows=self.file.rows,
            added=tuple(self.delivered()),
        )

    def due(self) -> Iterator[Due]:
        """Yield what its contracts ask for, from the first on: nothing is due twice because a program changed."""
        for nth, row in enumerate([*self.file.rows, *self.delivered()]):
            subject = nameless_subject(row) if nth < self.nameless else row[NUMBER]
            named = {"campaign": self.campaign, "key": row[ID]}
            yield Due(channel=self.group, message="group", subject=subject, **named)
            if row[AWARD] == "1":
                yield Due(channel=row[HOUSEKEEPER], message="award", subject=row[NUMBER], **named)


@dataclass(frozen=True, slots=True, kw_only=True)
class LegacyWorld:
    """What was built."""

    folder: Path
    offices: tuple[Office, ...]
    tasks: tuple[LegacyTask, ...]
    """The table at the start."""

    @property
    def request_log(self) -> Path:
        """What the chat noted: also what it took before the story begins."""
        return self.folder / REQUEST_LOG

    @property
    def technicians(self) -> Path:
        """The status file of the technicians' job, which nobody migrates."""
        return self.folder / "state" / "technician_status_record.json"

    @property
    def changes(self) -> Path:
        """Where the old program gets the technicians' changes from."""
        return self.folder / "source" / "technician_changes.json"

    def add_changes(self, count: int) -> None:
        """Let so many more technicians go on or off duty."""
        before = json.loads(self.changes.read_text("utf-8"))
        _write_json(self.changes, _changes(len(before) + count))

    def due(self) -> Iterator[Due]:
        """Yield every message that has to arrive exactly once: the data's, and other jobs' rows."""
        for office in self.offices:
            yield from office.due()
        for change in json.loads(self.changes.read_text("utf-8")):
            yield _other(change[3], change[2])
        for task in self.tasks:
            if task.recipient == OPERATIONS or "工单" in task.text:
                yield _other(task.recipient, task.text.splitlines()[0].split("，")[0])

    def audience(self, recipient: str) -> str:
        """Return under which heading a recipient is counted."""
        if any(recipient == office.group for office in self.offices):
            return recipient
        if recipient in (*BEIJING.housekeepers, *SHANGHAI.housekeepers):
            return gettext("housekeepers")
        return gettext("other jobs")


def build_legacy(folder: Path, service: Service) -> LegacyWorld:
    """Fill a new folder. The service must be listening. Raises OSError where that cannot be written."""
    rng = random.Random(_SEED)  # noqa: S311 - invented data
    folder.mkdir()
    copy_files(_PROGRAM, folder)
    copy_files(_PROJECT, folder)
    for name in ("state", "source", "secrets"):
        (folder / name).mkdir(mode=0o700)
    address = service.hook_url(CHAT)
    for secret in (folder / "secrets" / CHAT, folder / "desktop.txt"):
        write_new(secret, f"{address}\n".encode())
    beijing = _office(folder, "beijing", "北京签约喜报群", BEIJING, 24, 12, rng, flagged=10, nameless=3)
    shanghai = _office(folder, "shanghai", "上海签约喜报群", SHANGHAI, 16, 8, rng, flagged=7, nameless=0)
    tasks = _tasks(beijing, shanghai)
    _statuses(beijing, 15, torn=False)
    _statuses(shanghai, 10, torn=True)
    world = LegacyWorld(folder=folder, offices=(beijing, shanghai), tasks=tuple(tasks))
    _write_json(world.changes, _changes(4))
    _write_json(world.technicians, {str(change[0]): _TOLD for change in _changes(4)})
    write_table(folder / "tasks.db", tasks, datetime.now())  # noqa: DTZ005 - the table's times are local
    request_log = RequestLog(world.request_log)
    for task in tasks:
        if task.sent:
            request_log.note(Entry(robot=CHAT, answer=ACCEPTED, text=f"{task.recipient}\n{task.text}"))
    return world


def _office(
    folder: Path,
    campaign: str,
    group: str,
    city: City,
    count: int,
    more: int,
    rng: random.Random,
    *,
    flagged: int,
    nameless: int,
) -> Office:
    rows = contracts(city, _MONTH, count + more, rng)
    for row in rows[:flagged]:
        row[FLAG] = "Y"
    path = folder / "state" / f"PerformanceData-{city.code}-Aug.csv"
    before = csv_bytes(rows[:count])
    path.write_bytes(before)
    code = city.code.lower()
    source = folder / "source" / f"contracts_{code}_aug.json"
    _write_json(source, [])
    return Office(
        campaign=campaign,
        group=group,
        csv=path,
        status=folder / "state" / f"send_status_{code}_aug.json",
        source=source,
        file=ContractFile(campaign=campaign, path=path, before=before, rows=rows[:count]),
        nameless=nameless,
        to_come=rows[count:],
    )


def _tasks(beijing: Office, shanghai: Office) -> list[LegacyTask]:
    """Return the table in the order in which the jobs filled it."""
    bj, sh = beijing.file.rows, shanghai.file.rows
    tasks = [group_task(row, shanghai.group, _SEVEN_WEEKS, completed=False, sent=False) for row in sh[:3]]
    tasks += [
        LegacyTask(kind=WECHAT, recipient=company, text=text, age=_SEVEN_WEEKS, completed=False, sent=False)
        for company, text in zip(COMPANIES, ("工单 GD202507000017，待预约", "工单 GD202507000029，待预约"), strict=True)
    ]
    tasks += [nameless_task(row, beijing.group, 20 * DAY) for row in bj[:3]]
    for rows, office, age in ((bj[3:10], beijing, 9 * DAY), (sh[3:7], shanghai, 8 * DAY)):
        tasks += _done(rows, office, age)
    tasks += _done(bj[10:13], beijing, 26 * HOUR)
    tasks += _done(sh[7:10], shanghai, 26 * HOUR)
    tasks += [_change_task(change, 25 * HOUR, completed=True) for change in _changes(4)[:2]]
    # From here on the scheduler did not come. The first it had sent already when it was killed.
    tasks.append(group_task(bj[13], beijing.group, 24 * HOUR, completed=False, sent=True))
    tasks.append(group_task(bj[14], beijing.group, 24 * HOUR, completed=False, sent=False))
    tasks.append(award_task(bj[14], 24 * HOUR, completed=False))
    tasks += [_change_task(change, 24 * HOUR, completed=False) for change in _changes(4)[2:]]
    tasks.append(
        LegacyTask(
            kind=WECOM,
            recipient=OPERATIONS,
            text="服务日报 2025-08-20\n北京 16 单，上海 10 单",
            age=24 * HOUR,
            completed=False,
            sent=False,
        )
    )
    tasks.append(group_task(bj[15], beijing.group, 24 * HOUR, completed=False, sent=False))
    return tasks


def _done(rows: Sequence[Mapping[str, str]], office: Office, age: float) -> Iterator[LegacyTask]:
    for row in rows:
        yield group_task(row, office.group, age, completed=True, sent=True)
        if row[AWARD] == "1":
            yield award_task(row, age, completed=True)


def _statuses(office: Office, count: int, *, torn: bool) -> None:
    """Write the send-status file; a torn one ends within its last entry, where the killed program was writing."""
    words = {row[ID]: _SENT for row in office.file.rows[:count]}
    text = json.dumps(words, ensure_ascii=False, indent=4)
    office.status.write_text(text[: text.rindex(_SENT) - 8] if torn else text, "utf-8")


def _changes(count: int) -> list[list[object]]:
    """Return the first changes, each of a technician of its own."""
    names = "甲乙丙丁戊己庚辛"
    return [
        [
            f"TC-{nth + 1:04d}",
            f"{_MONTH + timedelta(hours=3 * nth):%Y-%m-%dT%H:%M:%S.%f%z}",
            f"测试师傅{names[nth]}",
            COMPANIES[nth % 2],
            "",
            ["上线" if nth % 3 else "下线"],
        ]
        for nth in range(count)
    ]


def _change_task(change: Sequence[object], age: float, *, completed: bool) -> LegacyTask:
    moment = str(change[1])[:16].replace("T", " ")
    (state,) = change[5] if isinstance(change[5], list) else ("",)
    text = f"您好，贵司 {change[2]} 师傅 {moment} 申请{state}"
    return LegacyTask(kind=WECHAT, recipient=str(change[3]), text=text, age=age, completed=completed, sent=completed)


def _other(recipient: str, subject: str) -> Due:
    return Due(channel=recipient, subject=subject, campaign="", key=subject, message="")


def _write_json(path: Path, data: object) -> None:
    path.write_text(json.dumps(data, ensure_ascii=False, indent=4), "utf-8")
