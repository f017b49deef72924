"""Invented contract files in the legacy format: 29 columns, UTF-8 with BOM, CRLF. The same bytes for the same size."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from notifykit.demo.contracts import COLUMNS

KEY = COLUMNS.index("合同ID(_id)")
HOUSEKEEPER = COLUMNS.index("管家(serviceHousekeeper)")
NUMBER = COLUMNS.index("合同编号(contractdocNum)")
AMOUNT = COLUMNS.index("合同金额(adjustRefundMoney)")
COMPANY = COLUMNS.index("服务商(orgName)")
AWARDED = COLUMNS.index("激活奖励状态")
AWARD = COLUMNS.index("奖励名称")
FLAG = COLUMNS.index("是否发送通知")

HOUSEKEEPERS = 100
AWARD_EVERY = 5
"""Every fifth contract brings a second message, as in the legacy program's own world (34 of 160)."""


@dataclass(frozen=True, slots=True)
class Text:
    """One message as the rivals need it."""

    key: str
    name: str
    recipient: str
    text: str


def rows(count: int, flag: str = "N") -> Iterator[list[str]]:
    """Yield `count` contracts, every one due while the flag is `N`."""
    for i in range(count):
        award = i % AWARD_EVERY == 0
        amount = 1000 + i * 37 % 90000
        done = i // HOUSEKEEPERS + 1
        yield [
            "BJ-AUG",
            f"{6100000000000000000 + i * 7919}",
            "110000",
            f"GD{20250800000 + i}",
            "1",
            f"测试管家{i % HOUSEKEEPERS:03d}",
            f"YHWX-BJ-SDHY-2025{8 * 10**6 + i:08d}",
            f"{amount}.0",
            f"{amount // 2}.0",
            f"{amount - amount // 2}.0",
            "1",
            f"2025-08-{i % 28 + 1:02d}T09:{i % 60:02d}:00.000+08:00",
            f"北京测试装饰{i % 17:02d}号有限公司",
            f"2025-08-{i % 28 + 1:02d}T17:{i % 60:02d}:30.000+08:00",
            "10000",
            "1",
            "0.42",
            f"{amount / done:.2f}",
            str(i + 1),
            str(amount * done),
            str(done),
            str(amount // 500),
            str(min(amount, 40000)),
            "1" if award else "0",
            "幸运数字" if award else "",
            "接好运" if award else "",
            flag,
            "无" if award else "距离达标奖还需一单",
            f"2025-08-{i % 28 + 1:02d}",
        ]


def write(path: Path, count: int, flag: str = "N") -> None:
    """Write a contract file as the legacy job leaves it."""
    write_rows(path, rows(count, flag))


def write_rows(path: Path, contracts: Iterable[list[str]]) -> None:
    """Write these contracts in the same form."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(contracts)


def group_text(row: list[str]) -> str:
    """Render the group message."""
    return (
        f"🧨 签约喜报\n\n恭喜 {row[HOUSEKEEPER]} 签约合同 {row[NUMBER]} 并完成线上收款\n"
        f"🌻 合同金额 {float(row[AMOUNT]):,.0f} 元\n个人累计签约第 {row[20]} 单，累计业绩 {float(row[19]):,.0f} 元\n"
        f"👊 {row[27]}，继续加油"
    )


def award_text(row: list[str]) -> str:
    """Render the award message."""
    return f"{row[NUMBER]} 达成 {row[AWARD]} 奖励条件，请联系管家 {row[HOUSEKEEPER]} 兑换奖励"


def messages(row: list[str]) -> Iterator[Text]:
    """Yield the one or two messages of a contract."""
    yield Text(row[KEY], "group", row[HOUSEKEEPER], group_text(row))
    if row[AWARDED] == "1":
        yield Text(row[KEY], "award", row[HOUSEKEEPER], award_text(row))


def texts(count: int, *, to_each: int | None = None) -> list[Text]:
    """Return exactly `count` messages: `to_each` to every recipient, in turn; None: to HOUSEKEEPERS of them."""
    found: list[Text] = []
    for row in rows(count):
        found.extend(messages(row))
        if len(found) >= count:
            break
    if to_each is None:
        return found[:count]
    return [replace(text, recipient=f"测试客户{at % (count // to_each):06d}") for at, text in enumerate(found[:count])]
