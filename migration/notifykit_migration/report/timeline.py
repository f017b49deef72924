"""What the journal says, a line for each thing that people care about: its many small steps are one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any, NamedTuple

from notifykit.terminal.console import some
from notifykit.wording.translation import gettext
from notifykit_migration.journal.journal import Entry
from notifykit_migration.journal.redo import BEGUN, DONE
from notifykit_migration.report.times import when
from notifykit_migration.report.words import Words, counted, event

SHORT = 12
"""Characters of a hash that are shown."""


class Fact(NamedTuple):
    """One thing that an entry says of itself."""

    name: Words
    text: str


class Milestone(NamedTuple):
    """One line of the history."""

    at: float
    what: Words
    who: str
    facts: tuple[Fact, ...]
    failed: bool = False


_NAMES: Mapping[str, Words] = {
    "plan_hash": Words("plan", "计划"),
    "backup": Words("backup", "备份"),
    "campaigns": Words("campaigns", "活动"),
    "soak_until": Words("old files stay until", "旧文件保留至"),
    "held": Words("held", "待人工决定"),
    "passed": Words("passed", "通过"),
    "failed": Words("failed checks", "失败的检查"),
    "files": Words("files", "文件"),
    "archive": Words("archive", "归档"),
    "step": Words("step", "步骤"),
    "old": Words("old name", "原名"),
    "new": Words("new name", "新名"),
    "why": Words("why", "原因"),
    "code": Words("code", "代码"),
    "patch": Words("patch", "补丁"),
    "by": Words("by the account", "操作账号"),
    "points": Words("points", "验收项"),
}

_SILENT = {"who", "plan_made_at", "retire", "sums"}
"""Fields that stand elsewhere, or say what another one says."""


def milestones(entries: Iterable[Entry]) -> list[Milestone]:
    """Return the history, oldest first."""
    found: list[Milestone] = []
    for steps, group in groupby(entries, key=_is_step):
        if steps:
            found.append(_steps(list(group)))
        else:
            found += map(_milestone, group)
    return found


def _is_step(entry: Entry) -> bool:
    return "step" in entry.fields and entry.kind.endswith((BEGUN, DONE))


def _steps(entries: list[Entry]) -> Milestone:
    done = [entry for entry in entries if entry.kind.endswith(DONE)]
    names = list(dict.fromkeys(str(entry.fields.get("step", "")) for entry in entries))
    what = Words(f"{counted(len(done), 'step')} done", f"完成 {len(done):,} 步")
    unfinished = len(names) - len({str(entry.fields.get("step", "")) for entry in done})
    facts = [Fact(Words("steps", "步骤"), some(names, 6))] if any(names) else []
    if unfinished > 0:
        facts.append(Fact(Words("begun, not finished", "已开始，未完成"), f"{unfinished:,}"))
    return Milestone(entries[-1].at, what, "", tuple(facts))


def _milestone(entry: Entry) -> Milestone:
    fields = entry.fields
    facts = [
        Fact(_NAMES.get(name, Words(plain := name.replace("_", " "), plain)), text)
        for name, value in fields.items()
        if name not in _SILENT and (text := _text(name, value))
    ]
    failed = fields.get("passed") is False or (entry.kind == "verified" and bool(fields.get("failed")))
    return Milestone(entry.at, event(entry.kind), str(fields.get("who") or ""), tuple(facts), failed)


def _text(name: str, value: Any) -> str:
    """Return a field as text; empty where it says nothing."""
    if value is None or value in ([], ""):
        return ""
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, float) and name.endswith(("_until", "_at")):
        return when(value)
    if name == "plan_hash":
        return str(value)[:SHORT]
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return some(value, 6)
    if isinstance(value, str | int | float):
        return f"{value:,}" if isinstance(value, int) else str(value)
    return json.dumps(value, ensure_ascii=False)
