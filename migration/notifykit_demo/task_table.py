"""The old program's task table as years of use and one crash leave it: rows in order, with ages, from invented data."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from notifykit.demo.contracts import HOUSEKEEPER, NUMBER

WECOM, WECHAT = "send_wecom_message", "send_wechat_message"
NTH = "活动期内第几个合同"

HOUR = 3_600.0
DAY = 24 * HOUR

_TABLE = """
CREATE TABLE IF NOT EXISTS tasks (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            task_type TEXT NOT NULL,
            recipient TEXT NOT NULL,
            message TEXT NOT NULL,
            status TEXT NOT NULL DEFAULT 'pending',
            created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
            updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
        )
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegacyTask:
    """One row."""

    kind: str
    recipient: str
    text: str
    age: float
    """Seconds since it was made."""
    completed: bool
    sent: bool
    """Whether the message really went out: so it may have, and the row not say so."""


def group_task(row: Mapping[str, str], group: str, age: float, *, completed: bool, sent: bool) -> LegacyTask:
    """Return the message to the group about a contract."""
    text = f"🎉 签约喜报\n恭喜 {row[HOUSEKEEPER]} 签约合同 {row[NUMBER]}，本月第 {row[NTH]} 单"
    return LegacyTask(kind=WECOM, recipient=group, text=text, age=age, completed=completed, sent=sent)


def nameless_task(row: Mapping[str, str], group: str, age: float) -> LegacyTask:
    """Return such a message as the program's first version made it: without the contract's number."""
    text = f"🎉 签约喜报\n恭喜 {row[HOUSEKEEPER]}，{nameless_subject(row)}"
    return LegacyTask(kind=WECOM, recipient=group, text=text, age=age, completed=True, sent=True)


def nameless_subject(row: Mapping[str, str]) -> str:
    """Return what tells such a message from all others."""
    return f"本月第 {row[NTH]} 单"


def award_task(row: Mapping[str, str], age: float, *, completed: bool) -> LegacyTask:
    """Return the message to the housekeeper about an award."""
    text = f"{row[HOUSEKEEPER]}，合同 {row[NUMBER]} 的奖励已激活：{row['奖励类型']} {row['奖励名称']}"
    return LegacyTask(kind=WECHAT, recipient=row[HOUSEKEEPER], text=text, age=age, completed=completed, sent=completed)


def write_table(path: Path, tasks: list[LegacyTask], now: datetime) -> None:
    """Write the database, as the old program has it. `now` is local: so are its times."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(_TABLE)
        for task in tasks:
            made = now - timedelta(seconds=task.age)
            done = made + timedelta(seconds=40, microseconds=271_828)
            connection.execute(
                "INSERT INTO tasks (task_type, recipient, message, status, created_at, updated_at)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (
                    task.kind,
                    task.recipient,
                    task.text,
                    "completed" if task.completed else "pending",
                    f"{made:%Y-%m-%d %H:%M:%S}",
                    str(done) if task.completed else f"{made:%Y-%m-%d %H:%M:%S}",
                ),
            )
        connection.commit()
