"""Invented contracts in the CSV format of the legacy job: 29 columns, UTF-8 with a byte order mark, CRLF."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

ID = "合同ID(_id)"
NUMBER = "合同编号(contractdocNum)"
HOUSEKEEPER = "管家(serviceHousekeeper)"
AWARD = "激活奖励状态"
FLAG = "是否发送通知"

COLUMNS = (
    "活动编号",
    ID,
    "活动城市(province)",
    "工单编号(serviceAppointmentNum)",
    "Status",
    HOUSEKEEPER,
    NUMBER,
    "合同金额(adjustRefundMoney)",
    "支付金额(paidAmount)",
    "差额(difference)",
    "State",
    "创建时间(createTime)",
    "服务商(orgName)",
    "签约时间(signedDate)",
    "Doorsill",
    "款项来源类型(tradeIn)",
    "转化率(conversion)",
    "平均客单价(average)",
    "活动期内第几个合同",
    "管家累计金额",
    "管家累计单数",
    "奖金池",
    "计入业绩金额",
    AWARD,
    "奖励类型",
    "奖励名称",
    FLAG,
    "备注",
    "登记时间",
)

_PRIZES = {6: ("幸运数字", "接好运"), 10: ("节节高", "达标奖"), 15: ("节节高", "优秀奖")}


@dataclass(frozen=True, slots=True, kw_only=True)
class City:
    """Where a campaign runs."""

    code: str
    """In contract numbers: `BJ`."""
    province: str
    digits: str
    """Its ids start with these."""
    housekeepers: Sequence[str]
    companies: Sequence[str]


BEIJING = City(
    code="BJ",
    province="110000",
    digits="11",
    housekeepers=("测试管家甲", "测试管家乙", "测试管家丙", "测试管家丁"),
    companies=("北京测试装饰一部", "北京测试装饰二部"),
)
SHANGHAI = City(
    code="SH",
    province="310000",
    digits="31",
    housekeepers=("演示管家子", "演示管家丑", "演示管家寅"),
    companies=("上海演示修缮一部", "上海演示修缮二部"),
)


def contracts(city: City, month: datetime, count: int, rng: random.Random) -> list[dict[str, str]]:
    """Return contracts of a month, none of them notified yet. `month` is its first working hour."""
    totals = dict.fromkeys(city.housekeepers, 0)
    numbers = dict.fromkeys(city.housekeepers, 0)
    rows = []
    for nth in range(1, count + 1):
        signed = month + timedelta(days=(nth - 1) * 28 // count, minutes=rng.randrange(600))
        housekeeper = rng.choice(city.housekeepers)
        amount = rng.randrange(3_000, 180_000)
        paid = amount if rng.random() < 0.4 else amount * rng.randrange(3, 9) // 10
        totals[housekeeper] += amount
        numbers[housekeeper] += 1
        prize = _PRIZES.get(nth % 10) or _PRIZES.get(nth % 16)
        values = (
            f"{city.code}-{month:%Y-%m}",
            f"{city.digits}{month:%Y%m}{nth:011d}",
            city.province,
            f"GD{month:%Y%m}{nth:06d}",
            "1",
            housekeeper,
            f"YHWX-{city.code}-SDHY-{month:%Y%m}{nth:04d}",
            f"{amount:.1f}",
            f"{paid:.1f}",
            f"{amount - paid:.1f}",
            "1",
            _time(signed - timedelta(minutes=25)),
            rng.choice(city.companies),
            _time(signed),
            "10000",
            str(rng.randrange(2)),
            f"{rng.randrange(80, 460) / 1000:.3f}",
            f"{totals[housekeeper] / numbers[housekeeper]:.2f}",
            str(nth),
            str(totals[housekeeper]),
            str(numbers[housekeeper]),
            f"{amount * 0.002:.2f}",
            str(min(amount, 100_000)),
            "1" if prize else "0",
            *(prize or ("", "")),
            "N",
            f"距离下一级奖励还需 {rng.randrange(1, 40)},{rng.randrange(1000):03d} 元" if nth % 3 == 0 else "无",
            f"{signed + timedelta(minutes=3):%Y-%m-%d %H:%M:%S}",
        )
        rows.append(dict(zip(COLUMNS, values, strict=True)))
    return rows


def csv_bytes(rows: Iterable[dict[str, str]]) -> bytes:
    """Return the file that the legacy job would have written."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def csv_lines(rows: Iterable[Mapping[str, str]]) -> bytes:
    """Return lines that such a job appends to the file."""
    text = io.StringIO(newline="")
    csv.DictWriter(text, COLUMNS).writerows(rows)
    return text.getvalue().encode()


def read_rows(data: bytes) -> list[dict[str, str]]:
    """Return the rows of such a file."""
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
