"""A project with one contract campaign in a folder, its real files, and what must be true of it at rest."""

from __future__ import annotations

import csv
import os
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from counting_server import CountingServer
from processes import wait_until

from notifykit.model import Status
from notifykit.outbox.values import Filter
from notifykit.pipeline.project import Project, open_project
from notifykit.pipeline.run import Runner

NOTIFYKIT = str(Path(sys.executable).with_name("notifykit"))

LEASE = 5.0
"""A worker that lives renews its claims within it, however busy the machine is; that of a killed one proves its end."""

PASSES = 8

HEADER = (
    """
活动编号, 合同ID(_id), 活动城市(province), 工单编号(serviceAppointmentNum), Status, 管家(serviceHousekeeper),
合同编号(contractdocNum), 合同金额(adjustRefundMoney), 支付金额(paidAmount), 差额(difference), State,
创建时间(createTime), 服务商(orgName), 签约时间(signedDate), Doorsill, 款项来源类型(tradeIn), 转化率(conversion),
平均客单价(average), 活动期内第几个合同, 管家累计金额, 管家累计单数, 奖金池,
计入业绩金额, 激活奖励状态, 奖励类型, 奖励名称,
是否发送通知, 备注, 登记时间
""".replace("\n", " ")
    .strip()
    .split(", ")
)

PROJECT = """
store: state/outbox.db
senders:
  service: {sender}
dispatch: {{workers: {workers}, lease: {lease}, timeout: 5}}
"""

WEBHOOK = "{type: webhook, url: {env: TEST_SERVICE_URL}}"

CAMPAIGN = """
name: contracts
source: {type: contract_csv, path: contracts.csv, key: 合同ID(_id)}
strategy: {type: contract}
retry: {attempts: 50, first: 0.05, factor: 1, jitter: 0}
messages:
  - name: group
    recipient: '群 {{ record["管家(serviceHousekeeper)"] }}'
    template: '签约喜报 {{ record["合同编号(contractdocNum)"] }}'
    sender: service
  - name: award
    when: record["激活奖励状态"] == "1"
    recipient: '{{ record["管家(serviceHousekeeper)"] }}'
    template: '奖励 {{ record["合同编号(contractdocNum)"] }}'
    sender: service
"""


def contract_id(number: int) -> str:
    return str(2025080000000000000 + number)


def tally(problems: Iterable[str]) -> str:
    """Count what `ContractWorld.problems` found, by kind: zeros too, so that a report says what was looked for."""
    kinds = Counter[str]()
    for problem in problems:
        if problem.startswith("lost "):
            kinds["lost"] += 1
        elif " x " in problem:
            kinds["duplicates"] += int(problem.split()[0]) - 1
        elif problem.startswith("flag of "):
            kinds["wrong flags"] += 1
        else:
            kinds["otherwise wrong"] += 1
    return ", ".join(f"{kind} {kinds[kind]}" for kind in ("lost", "duplicates", "wrong flags", "otherwise wrong"))


def contract_row(number: int, *, flag: str = "N", award: bool = False) -> list[str]:
    cells = dict.fromkeys(HEADER, "")
    cells |= {
        "活动编号": "BJ-AUG",
        "合同ID(_id)": contract_id(number),
        "管家(serviceHousekeeper)": f"测试管家{number % 20}",
        "合同编号(contractdocNum)": f"YHWX-BJ-SDHY-{2025080000 + number}",
        "合同金额(adjustRefundMoney)": "15000.0",
        "激活奖励状态": "1" if award else "0",
        "是否发送通知": flag,
    }
    return list(cells.values())


@dataclass
class ContractWorld:
    """Contracts 0 to `count`-1; every `award_every`-th has an award message too; none is flagged yet."""

    folder: Path
    url: str
    count: int
    award_every: int = 2
    workers: int = 2
    flagged: frozenset[int] = frozenset()
    sender: str = WEBHOOK
    campaign: str = CAMPAIGN
    environment: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.environment = {**os.environ, "TEST_SERVICE_URL": self.url}
        os.environ["TEST_SERVICE_URL"] = self.url
        (self.folder / "campaigns").mkdir(parents=True)
        (self.folder / "state").mkdir()
        project = PROJECT.format(workers=self.workers, lease=LEASE, sender=self.sender)
        (self.folder / "notifykit.yaml").write_text(project, encoding="utf-8")
        (self.folder / "campaigns" / "contracts.yaml").write_text(self.campaign, encoding="utf-8")
        with self.csv.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(HEADER)
            writer.writerows(
                contract_row(number, flag="Y" if number in self.flagged else "N", award=self._award(number))
                for number in range(self.count)
            )

    @property
    def csv(self) -> Path:
        return self.folder / "contracts.csv"

    def _award(self, number: int) -> bool:
        return number % self.award_every == 0

    @property
    def due(self) -> set[str]:
        """Idempotency keys of the messages that must arrive."""
        keys = set()
        for number in set(range(self.count)) - self.flagged:
            keys.add(f"contracts/{contract_id(number)}/group/1")
            if self._award(number):
                keys.add(f"contracts/{contract_id(number)}/award/1")
        return keys

    def append(self, count: int) -> None:
        """What the legacy job does: so many more rows at the end of the file."""
        with self.csv.open("a", encoding="utf-8", newline="") as file:
            for number in range(self.count, self.count + count):
                csv.writer(file).writerow(contract_row(number, award=self._award(number)))
        self.count += count

    def command(self, *arguments: str) -> list[str]:
        return [NOTIFYKIT, "--project", str(self.folder / "notifykit.yaml"), *arguments]

    def opened(self) -> Project:
        return open_project(self.folder / "notifykit.yaml")

    def flags(self) -> dict[str, str]:
        with self.csv.open(encoding="utf-8-sig", newline="") as file:
            return {row["合同ID(_id)"]: row["是否发送通知"] for row in csv.DictReader(file)}

    def recover(self, server: CountingServer) -> int:
        """What the next start does, and a person about what is in doubt. Returns how many doubts the start found."""
        project = self.opened()
        outbox = project.open_outbox()
        try:
            runner = Runner(project, outbox, project.campaigns())
            held = None
            for _ in range(PASSES):
                runner.once()
                doubts = list(outbox.tasks(Filter(statuses=(Status.IN_DOUBT,))))
                held = len(doubts) if held is None else held
                server.settle()
                for task in doubts:
                    arrived = server.accepted[task.idempotency_key] > 0
                    decision = Status.SENT if arrived else Status.QUEUED
                    outbox.decide([task.id], decision, who="test", why="the service says so", of=[Status.IN_DOUBT])
                left = [task for task in outbox.tasks(Filter()) if task.status is not Status.COMPLETED]
                if not left:
                    return held
            raise AssertionError(f"after {PASSES} passes: {left}")
        finally:
            outbox.close()

    def run_until_quiet(self) -> None:
        """Run on, and end the pauses that a service asked for, as a person may who knows better."""
        project = self.opened()
        with closing(project.open_outbox()) as outbox:

            def quiet() -> bool:
                Runner(project, outbox, project.campaigns()).once()
                outbox.resume("service", who="w", why="y")
                return not list(outbox.tasks(Filter(statuses=(Status.QUEUED, Status.SENDING, Status.SENT), limit=1)))

            wait_until(quiet, every=0.0)
            assert {task.status for task in outbox.tasks(Filter())} == {Status.COMPLETED}

    def problems(self, accepted: Counter[str]) -> list[str]:
        """What is not as it must be at rest: lost or doubled messages, wrong flags, a damaged file."""
        found = [f"lost {key}" for key in sorted(self.due - accepted.keys())]
        found += [f"{times} x {key}" for key, times in accepted.items() if times > 1]
        found += [f"not due {key}" for key in accepted.keys() - self.due]
        flags = self.flags()
        if len(flags) != self.count:
            found.append(f"{len(flags)} of {self.count} rows left")
        found += [f"flag of {key} is {flag!r}" for key, flag in flags.items() if flag != "Y"]
        return found
