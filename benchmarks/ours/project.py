"""A notifykit project as a person would set it up: YAML, templates, a contract file, a Python function that sends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import world
from benchmarks.shelf import Shelf
from notifykit.outbox.protocol import Outbox
from notifykit.pipeline.project import Project, open_project
from notifykit.pipeline.run import Pass, Runner, generate_all, settle_all

CONTRACTS = "contracts.csv"
STORE = "state.db"

_PROJECT = """\
store: state.db
campaigns: campaigns/*.yaml
senders:
  robot:
    type: python
    call: benchmarks.accept:{call}
    one_at_a_time: false
dispatch:
  workers: {workers}
"""

_CAMPAIGN = """\
source:
  type: contract_csv
  path: contracts.csv
  key: 合同ID(_id)
strategy:
  type: contract
messages:
  - name: group
    recipient: '{{ record["管家(serviceHousekeeper)"] }}'
    sender: robot
    task_type: send_wecom_message
    template_file: group.txt
  - name: award
    when: record["激活奖励状态"] == "1"
    recipient: '{{ record["管家(serviceHousekeeper)"] }}'
    sender: robot
    task_type: send_wechat_message
    template_file: award.txt
"""

ONE_MESSAGE, _, _ = _CAMPAIGN.partition("  - name: award\n")
"""A campaign with one message for each contract, to one of a hundred housekeepers."""

IN_DIGESTS = f"{ONE_MESSAGE}    batch: {{every: 0.001s, max: 100}}\n"
"""The same, in digests."""

_GROUP = """\
🧨 签约喜报

恭喜 {{ record["管家(serviceHousekeeper)"] }} 签约合同 {{ record["合同编号(contractdocNum)"] }} 并完成线上收款
🌻 合同金额 {{ record["合同金额(adjustRefundMoney)"] | thousands }} 元
个人累计签约第 {{ record["管家累计单数"] }} 单，累计业绩 {{ record["管家累计金额"] | thousands }} 元
👊 {{ record["备注"] }}，继续加油
"""

_AWARD = """\
{{ record["合同编号(contractdocNum)"] }} 达成 {{ record["奖励名称"] }} 奖励条件，\
请联系管家 {{ record["管家(serviceHousekeeper)"] }} 兑换奖励
"""


def write(
    folder: Path,
    shelf: Shelf,
    contracts: int,
    *,
    workers: int,
    more: str = "",
    counted: bool = False,
    campaign: str = "",
) -> None:
    """Set up a project with a file of contracts that are all due. `more`: further lines of the `campaign`.

    `counted`: the calls are counted, by `benchmarks.accept.calls`.
    """
    call = "counted" if counted else "accept"
    (folder / "campaigns").mkdir()
    (folder / "notifykit.yaml").write_text(_PROJECT.format(workers=workers, call=call), encoding="utf-8")
    (folder / "campaigns" / "bench.yaml").write_text((campaign or _CAMPAIGN) + more, encoding="utf-8")
    (folder / "group.txt").write_text(_GROUP, encoding="utf-8")
    (folder / "award.txt").write_text(_AWARD, encoding="utf-8")
    shelf.copy(f"contracts-{contracts}.csv", folder / CONTRACTS, lambda path: world.write(path, contracts))


@dataclass(frozen=True, slots=True)
class BenchProject:
    """An open project."""

    project: Project
    outbox: Outbox

    def generate(self) -> Pass:
        """What `notifykit generate` does."""
        this_pass = Pass()
        generate_all(self.project, self.outbox, self.project.campaigns(), this_pass)
        return this_pass

    def settle(self) -> Pass:
        """What `notifykit settle` does."""
        this_pass = Pass()
        settle_all(self.project, self.outbox, self.project.campaigns(), this_pass)
        return this_pass

    def dispatch(self) -> int:
        """What `notifykit dispatch` does; returns how many were sent."""
        return self.project.dispatcher(self.outbox).run(drain=False).sent

    def run_once(self) -> Pass:
        """What `notifykit run --once` does."""
        return Runner(self.project, self.outbox, self.project.campaigns()).once()


@contextmanager
def opened(folder: Path) -> Iterator[BenchProject]:
    """Open a project as the command line does."""
    project = open_project(folder / "notifykit.yaml")
    outbox = project.open_outbox()
    try:
        yield BenchProject(project, outbox)
    finally:
        outbox.close()
