"""docs/sources.md names every option of every source, and every reason why a flag is not written."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
from notifykit_excel.source import ExcelSource
from notifykit_sql.source import SqlSource
from notifykit_sql.strategy import SqlFlag
from notifykit_sql.wording import FLAGS
from notifykit_technician.json_lines import JsonLines
from notifykit_technician.paging import Pages

PAGE = (Path(__file__).parents[3] / "docs" / "sources.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("cls", [SqlSource, SqlFlag, ExcelSource, JsonLines, Pages])
def test_every_option_is_documented(cls: type) -> None:
    found = re.search(rf"<!-- options of {cls.__name__} -->\n(.*?)\n\n", PAGE, re.DOTALL)
    assert found
    named = [name for row in found[1].splitlines()[2:] for name in re.findall(r"`(\w+)`", row.split("|")[1])]
    assert sorted(named) == sorted(field.name for field in dataclasses.fields(cls) if field.init)


def test_every_reason_is_documented_in_order() -> None:
    table = PAGE[PAGE.index("<!-- reasons -->") :].split("\n\n")[0]
    rows = [tuple(map(str.strip, row.split(" | "))) for row in table.splitlines()[3:]]
    expected = [(f"| `{one.code}`", f"`{re.sub(r'{[^}]*}', '…', one.english)}` |") for one in FLAGS]
    assert rows == expected
