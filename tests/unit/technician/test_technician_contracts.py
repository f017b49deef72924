"""The plugin keeps what every source and every strategy promises."""

from __future__ import annotations

from pathlib import Path

from notifykit_technician.json_file import JsonFile
from notifykit_technician.legacy_status import LegacyStatus

from notifykit.testing import SourceContract, StrategyContract

ROWS = """[
    ["6001", "2025-08-21T09:30:00.000+0800", "测试管家甲", "测试服务商一", null, ["上线"]],
    ["", "2025-08-21T09:30:30.000+0800", "测试管家甲", "测试服务商一", null, ["下线"]],
    [6002, "2025-08-21T09:31:00.000+0800", "测试管家乙", "测试服务商二", null, ["下线"]]
]"""
COLUMNS = ["id", "time", "technician", "company", "_", "content"]


def changes(folder: Path) -> JsonFile:
    (folder / "changes.json").write_text(ROWS, encoding="utf-8")
    return JsonFile(path=folder / "changes.json", columns=COLUMNS)


class TestJsonFile(SourceContract):
    def make_source(self, folder: Path) -> JsonFile:
        return changes(folder)

    def make_broken_source(self, folder: Path) -> JsonFile:
        return JsonFile(path=folder / "gone.json")


class TestLegacyStatus(StrategyContract):
    def make_source(self, folder: Path) -> JsonFile:
        return changes(folder)

    def make_strategy(self, folder: Path) -> LegacyStatus:
        return LegacyStatus(status_file=folder / "technician_status_record.json")


class TestLegacyStatusOfContracts(TestLegacyStatus):
    def make_strategy(self, folder: Path) -> LegacyStatus:
        return LegacyStatus(status_file=folder / "send_status_bj_aug.json", sent="发送成功", blocks="exact")
