"""The legacy program of tests/data/migration in a folder of its own, with invented contracts, and a project beside it.

The program runs as it is (`bare`), or under `notifykit shim` (`shimmed`). Its desktop is a file: one JSON line for
each message that was typed.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contract_world import HEADER

from notifykit.model import Status
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.values import Filter
from notifykit.pipeline.project import Project, open_project

PROGRAM = Path(__file__).parents[2] / "data" / "migration" / "legacy_program"
NOTIFYKIT = str(Path(sys.executable).with_name("notifykit"))

KEY, FLAG = "合同ID(_id)", "是否发送通知"
BEIJING_CSV, SHANGHAI_CSV = "state/PerformanceData-BJ-Aug.csv", "state/PerformanceData-SH-Aug.csv"
BEIJING_JSON, SHANGHAI_JSON = "state/send_status_bj_aug.json", "state/send_status_sh_aug.json"
TECHNICIAN_JSON = "state/technician_status_record.json"
BEIJING_GROUP, SHANGHAI_GROUP = "（北京）销售喜报群", "（上海）销售喜报群"

LEASE = 120.0
"""Longer than any test: a claim whose worker died is free at once, by its lock."""

PROJECT = """
store: tasks.db
campaigns: campaigns/*.yaml
senders:
  group-desktop: {group}
  person-desktop: {person}
dispatch: {{workers: 1, lease: {lease}, timeout: 5}}
legacy:
  channels: {{send_wecom_message: group-desktop, send_wechat_message: person-desktop}}
{legacy}"""

GROUP = '{type: legacy_function, call: "modules.message_sender:send_wecom_message", search_path: .}'
PERSON = '{type: legacy_function, call: "modules.message_sender:send_wechat_message", search_path: .}'

CONTRACTS = """
source: {{type: contract_csv, path: {csv}, key: 合同ID(_id)}}
strategy: {{type: contract}}
retry: {{attempts: 3, first: 0.01, factor: 1, jitter: 0}}
messages:
  - name: group
    recipient: {group}
    sender: group-desktop
    task_type: send_wecom_message
    template: |-
      🎉 签约喜报 🎉
      恭喜 {{{{ record["管家(serviceHousekeeper)"] }}}} 签约合同 {{{{ record["合同编号(contractdocNum)"] }}}}，并完成线上收款！
      🌻 本单为活动期间第 {{{{ record["活动期内第几个合同"] }}}} 单，个人累计第 {{{{ record["管家累计单数"] }}}} 单
      {{%- if record["备注"] not in ("", "无") %}}
      👊 {{{{ record["备注"] }}}}
      {{%- endif %}}
  - name: award
    when: record["激活奖励状态"] == "1"
    recipient: '{{{{ record["管家(serviceHousekeeper)"] }}}}'
    sender: person-desktop
    task_type: send_wechat_message
    template: |-
      {{{{ record["管家(serviceHousekeeper)"] }}}} 签约合同 {{{{ record["合同编号(contractdocNum)"] }}}}
      达成 {{{{ record["奖励类型"] }}}} 奖励条件：{{{{ record["奖励名称"] }}}}
legacy: {{kind: contract, status_file: {json}, number: 合同编号(contractdocNum)}}
"""  # noqa: E501

TECHNICIANS = """
source:
  type: json_file
  path: source/technician_changes.json
  columns: [change id, time, technician, company, _, content]
  key: change id
strategy: {type: legacy_status, status_file: state/technician_status_record.json}
messages:
  - name: person
    recipient: '{{ record["company"] }}'
    sender: person-desktop
    template: '{{ record["technician"] }} {{ record["content"][0] }}'
    task_type: send_wechat_message
legacy: {kind: technician, status_file: state/technician_status_record.json}
"""


def contract_id(number: int) -> str:
    return str(2025080000000000000 + number)


def contract_number(number: int) -> str:
    return f"YHWX-BJ-SDHY-{2025080000 + number}"


def contract(number: int, *, award: bool = False, key: str | None = None) -> dict[str, Any]:
    """One contract as the program's service gives it."""
    return {
        "_id": contract_id(number) if key is None else key,
        "serviceHousekeeper": f"测试管家{number}",  # one each, so that nobody reaches a sixth contract
        "contractdocNum": contract_number(number),
        "adjustRefundMoney": 15000.0 + number,
        "orgName": "北京测试装饰一部",
        "award": award,
    }


def csv_row(contract: Mapping[str, Any], place: int, *, flag: str = "N") -> dict[str, Any]:
    """A row as the program's job writes it."""
    return {
        "活动编号": "BJ-AUG",
        KEY: contract["_id"],
        "管家(serviceHousekeeper)": contract["serviceHousekeeper"],
        "合同编号(contractdocNum)": contract["contractdocNum"],
        "合同金额(adjustRefundMoney)": contract["adjustRefundMoney"],
        "活动期内第几个合同": place,
        "管家累计单数": 1,
        "激活奖励状态": "1" if contract["award"] else "0",
        "奖励类型": "节节高" if contract["award"] else "",
        "奖励名称": "达标奖" if contract["award"] else "",
        FLAG: flag,
        "备注": "无",
    }


def technician_change(number: int) -> list[object]:
    state = "上线" if number % 2 else "下线"
    return [
        f"TC-{number:04}",
        "2025-08-01T08:30:00.000000+0800",
        f"测试师傅{number}",
        f"测试防水服务部{number % 3}",
        "",
        [state],
    ]


@dataclass
class ProgramWorld:
    """Contracts 0 to `count`-1 in Beijing, every `award_every`-th with an award; `technicians` changes."""

    folder: Path
    count: int = 6
    award_every: int = 2
    technicians: int = 3
    shanghai: int = 0
    group: str = GROUP
    person: str = PERSON
    legacy: str = ""
    """More lines of the project's `legacy` section."""
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shutil.copytree(PROGRAM, self.folder, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("campaigns", "source", "state", "logs"):
            (self.folder / name).mkdir()
        self.write_project()
        for city, csv_file, status, group in (
            ("beijing", BEIJING_CSV, BEIJING_JSON, BEIJING_GROUP),
            ("shanghai", SHANGHAI_CSV, SHANGHAI_JSON, SHANGHAI_GROUP),
        ):
            text = CONTRACTS.format(csv=csv_file, json=status, group=group)
            (self.folder / "campaigns" / f"{city}.yaml").write_text(text, encoding="utf-8")
        (self.folder / "campaigns" / "technicians.yaml").write_text(TECHNICIANS, encoding="utf-8")
        self.offer([contract(number, award=self.award(number)) for number in range(self.count)])
        shanghai = [contract(number, award=self.award(number)) for number in range(5_000, 5_000 + self.shanghai)]
        self._write("source/contracts_sh_aug.json", shanghai)
        self._write("source/technician_changes.json", [technician_change(n) for n in range(self.technicians)])

    def write_project(self) -> None:
        text = PROJECT.format(group=self.group, person=self.person, lease=LEASE, legacy=self.legacy)
        self.project.write_text(text, encoding="utf-8")

    def _write(self, name: str, data: object) -> None:
        (self.folder / name).write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")

    def award(self, number: int) -> bool:
        return number % self.award_every == 0

    def offer(self, contracts: Sequence[Mapping[str, Any]]) -> None:
        """What the program's service knows: rows of it that the CSV lacks are appended by the next run."""
        self._write("source/contracts_bj_aug.json", contracts)

    def fill(self, *, flagged: Iterable[int] = ()) -> None:
        """Write the CSV as the program's job does for all that its service knows; some are flagged already."""
        done = {contract_id(number) for number in flagged}
        contracts = json.loads((self.folder / "source" / "contracts_bj_aug.json").read_text(encoding="utf-8"))
        with self.csv.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.DictWriter(file, HEADER, restval="")
            writer.writeheader()
            writer.writerows(
                csv_row(one, place, flag="Y" if one["_id"] in done else "N") for place, one in enumerate(contracts, 1)
            )

    def append(self, *contracts: Mapping[str, Any]) -> None:
        """What another process of the old kind does: rows at the end, without any lock."""
        with self.csv.open("a", encoding="utf-8", newline="") as file:
            csv.DictWriter(file, HEADER, restval="").writerows(csv_row(one, 1) for one in contracts)

    def rewrite(self, change: Callable[[list[dict[str, str]]], list[dict[str, str]]]) -> None:
        """What a person does with a spreadsheet program: the whole file anew."""
        rows = change(self.rows())
        with self.csv.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.DictWriter(file, HEADER)
            writer.writeheader()
            writer.writerows(rows)

    @property
    def project(self) -> Path:
        return self.folder / "notifykit.yaml"

    @property
    def csv(self) -> Path:
        return self.folder / BEIJING_CSV

    @property
    def store(self) -> Path:
        return self.folder / "tasks.db"

    @property
    def in_process(self) -> dict[str, str]:
        """The environment of its processes."""
        return {
            **os.environ,
            "LEGACY_PAUSE": "0",
            "PYTHONIOENCODING": "utf-8",
            "PYTHONDONTWRITEBYTECODE": "1",
            "COLUMNS": "200",
            **self.environment,
        }

    def command(self, *arguments: str, shim: bool, options: Sequence[str] = ()) -> list[str]:
        """The program's command line, as it is or under the shim."""
        if shim:
            return [NOTIFYKIT, "--project", str(self.project), "shim", *options, "--", "main.py", *arguments]
        return [sys.executable, "main.py", *arguments]

    def run(
        self, *arguments: str, shim: bool, options: Sequence[str] = (), check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run the program in a process of its own, once through unless told otherwise."""
        done = subprocess.run(
            self.command(*(arguments or ("--once",)), shim=shim, options=options),
            cwd=self.folder,
            env=self.in_process,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
            timeout=100,
        )
        if check:
            assert done.returncode == 0, done.stdout + done.stderr
        return done

    def bare(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run(*arguments, shim=False)

    def shimmed(self, *arguments: str, options: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
        return self.run(*arguments, shim=True, options=options)

    def opened(self) -> Project:
        return open_project(self.project)

    def tasks(self, *statuses: Status, campaign: str | None = None) -> list[Any]:
        with SqliteOutbox.open(self.store, create=False) as outbox:
            return list(outbox.tasks(Filter(statuses=statuses, campaign=campaign)))

    def decide(self) -> int:
        """What a person does about doubts, and about what failed: look at the desktop, and say. Returns how many."""
        typed = Counter((entry["to"], entry["text"]) for entry in self.typed())
        with SqliteOutbox.open(self.store, create=False) as outbox:
            doubts = list(outbox.tasks(Filter(statuses=(Status.IN_DOUBT, Status.FAILED))))
            for task in doubts:
                status = Status.SENT if typed[task.recipient, task.text] else Status.QUEUED
                outbox.decide([task.id], status, who="test", why="looked", of=[Status.IN_DOUBT, Status.FAILED])
        return len(doubts)

    def fail(self, *words: str) -> None:
        """Messages with one of these words raise; with `+word` after they were typed."""
        (self.folder / "state" / "desktop_fail.txt").write_text("\n".join(words), encoding="utf-8")

    def typed(self) -> list[dict[str, str]]:
        """What the desktop got, in order."""
        file = self.folder / "state" / "desktop.jsonl"
        if not file.exists():
            return []
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]

    def rows(self, file: str = BEIJING_CSV) -> list[dict[str, str]]:
        with (self.folder / file).open(encoding="utf-8-sig", newline="") as opened:
            return list(csv.DictReader(opened))

    def flags(self, file: str = BEIJING_CSV) -> dict[str, str]:
        return {row[KEY]: row[FLAG] for row in self.rows(file)}

    def due(self, numbers: Iterable[int] | None = None) -> set[tuple[str, str]]:
        """(recipient, contract number) of what must be typed for these; without any: for both cities."""
        wanted: set[tuple[str, str]] = set()
        shanghai = range(5_000, 5_000 + self.shanghai) if numbers is None else ()
        for number in (*(range(self.count) if numbers is None else numbers), *shanghai):
            wanted.add((SHANGHAI_GROUP if number in shanghai else BEIJING_GROUP, contract_number(number)))
            if self.award(number):
                wanted.add((f"测试管家{number}", contract_number(number)))
        return wanted

    def arrived(self) -> Counter[tuple[str, str]]:
        """(recipient, contract number) of what was typed, and how often."""
        found = Counter[tuple[str, str]]()
        for entry in self.typed():
            for word in entry["text"].replace("，", " ").split():
                if word.startswith("YHWX-"):
                    found[entry["to"], word] += 1
        return found

    def problems(self, numbers: Iterable[int] | None = None) -> list[str]:
        """What is not as it must be at rest: lost or doubled messages, wrong flags."""
        due, arrived = self.due(numbers), self.arrived()
        found = [f"lost {key}" for key in sorted(due - arrived.keys())]
        found += [f"{times} x {key}" for key, times in arrived.items() if times > 1]
        found += [f"not due {key}" for key in arrived.keys() - due]
        found += [f"flag of {key} is {flag!r}" for key, flag in self.flags().items() if flag != "Y"]
        return found
