"""Contract CSV files as the old job writes them, with invented data."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from contract_world import HEADER

KEY = "合同ID(_id)"
FLAG = "是否发送通知"


def contract_bytes(
    rows: Sequence[tuple[str, str]], *, width: int = 29, encoding: str = "utf-8-sig", line_end: str = "\r\n"
) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator=line_end)
    writer.writerow(HEADER[:width])
    for number, (key, flag) in enumerate(rows, 1):
        cells = dict.fromkeys(HEADER, "0") | {
            KEY: key,
            FLAG: flag,
            "管家(serviceHousekeeper)": f"测试管家{number}",
            "合同编号(contractdocNum)": f"YHWX-BJ-SDHY-2025{number:06}",
            "备注": '含"引号"、逗号,和\n换行' if number % 3 == 0 else "无",
        }
        writer.writerow([cells[column] for column in HEADER[:width]])
    return text.getvalue().encode(encoding)


@pytest.fixture
def contract_file(tmp_path: Path) -> Callable[..., Path]:
    """Writes a contract file of (key, flag) rows and returns its path.

    Every third row has quotes, commas and a line break in a cell.
    """

    def write(rows: Sequence[tuple[str, str]], **shape: Any) -> Path:
        path = tmp_path / "PerformanceData-BJ-Aug.csv"
        path.write_bytes(contract_bytes(rows, **shape))
        return path

    return write
