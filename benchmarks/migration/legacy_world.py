"""A folder as the old program left it: of so many contracts most are done, some wait, some are new, some crashed."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

from benchmarks import world

STORE = "tasks.db"
CONTRACTS = "state/PerformanceData-BJ-Aug.csv"
STATUS_FILE = "state/send_status_bj_aug.json"
SENT = "发送成功"
GROUP = "北京签约喜报群"

_PROJECT = """\
store: tasks.db
campaigns: campaigns/*.yaml
senders:
  robot: {type: python, call: "benchmarks.accept:accept"}
"""

_CAMPAIGN = """\
source: {type: contract_csv, path: state/PerformanceData-BJ-Aug.csv, key: 合同ID(_id)}
strategy: {type: contract}
messages:
  - name: group
    recipient: 北京签约喜报群
    sender: robot
    task_type: send_wecom_message
    template: |-
      🎉 签约喜报
      恭喜 {{ record["管家(serviceHousekeeper)"] }} 签约合同 {{ record["合同编号(contractdocNum)"] }}
  - name: award
    when: record["激活奖励状态"] == "1"
    recipient: '{{ record["管家(serviceHousekeeper)"] }}'
    sender: robot
    task_type: send_wechat_message
    template: '{{ record["合同编号(contractdocNum)"] }} 达成 {{ record["奖励名称"] }} 奖励条件'
legacy: {kind: contract, status_file: state/send_status_bj_aug.json}
"""

_TABLE = """
CREATE TABLE tasks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    task_type TEXT NOT NULL,
    recipient TEXT NOT NULL,
    message TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'pending',
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
)
"""
_INSERT = "INSERT INTO tasks (task_type, recipient, message, status, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)"


def write(folder: Path, contracts: int) -> None:
    """Make the folder, with every second contract bringing a second message: three tasks for two contracts."""
    for name in ("campaigns", "state"):
        (folder / name).mkdir(parents=True)
    (folder / "notifykit.yaml").write_text(_PROJECT, encoding="utf-8")
    (folder / "campaigns" / "beijing.yaml").write_text(_CAMPAIGN, encoding="utf-8")
    rows = list(_rows(contracts))
    world.write_rows(folder / CONTRACTS, rows)
    words = {row[world.KEY]: SENT for at, row in enumerate(rows) if _made(at, contracts)}
    (folder / STATUS_FILE).write_text(json.dumps(words, ensure_ascii=False, indent=4), encoding="utf-8")
    with closing(sqlite3.connect(folder / STORE)) as db, db:
        db.execute(_TABLE)
        db.executemany(_INSERT, _tasks(rows))


def _made(at: int, contracts: int) -> bool:
    """Whether the old job had come to this contract: the last 2 in 100 are new."""
    return at < contracts * 98 // 100


def _rows(contracts: int) -> Iterator[list[str]]:
    """Yield the rows. Of one done contract in fifty the flag was lost with the job that was to write it."""
    for at, row in enumerate(world.rows(contracts)):
        row[world.AWARDED] = str((at + 1) % 2)
        row[world.AWARD] = "接好运" if at % 2 == 0 else ""
        row[world.FLAG] = "Y" if _made(at, contracts) and at % 50 else "N"
        yield row


def _tasks(rows: list[list[str]]) -> Iterator[tuple[str, ...]]:
    """Yield the tasks in the order of the contracts: those of the first 90 in 100 were sent."""
    begun = datetime.now() - timedelta(hours=1)  # noqa: DTZ005 - the old table has local times
    for at, row in enumerate(rows):
        if not _made(at, len(rows)):
            return
        status = "completed" if at < len(rows) * 90 // 100 else "pending"
        made = begun + timedelta(seconds=at % 1800)
        times = f"{made:%Y-%m-%d %H:%M:%S}", str(made + timedelta(seconds=4, microseconds=at * 617 % 10**6))
        keeper, number = row[world.HOUSEKEEPER], row[world.NUMBER]
        yield "send_wecom_message", GROUP, f"🎉 签约喜报\n恭喜 {keeper} 签约合同 {number}", status, *times
        if row[world.AWARDED] == "1":
            yield "send_wechat_message", keeper, f"{number} 达成 {row[world.AWARD]} 奖励条件", status, *times
