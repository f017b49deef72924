"""A question that several rooms ask has one answer, in one place."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
MIGRATION = {
    path.relative_to(ROOT / "migration").as_posix(): path.read_text(encoding="utf-8")
    for path in (ROOT / "migration").rglob("*.py")
}


def test_there_is_something_to_look_at() -> None:
    assert len(MIGRATION) > 80


def test_whether_a_text_names_a_number_is_answered_by_one_module() -> None:
    by_hand = re.compile(r"isalnum|0-9A-Z|A-Za-z")
    assert [name for name, text in MIGRATION.items() if by_hand.search(text)] == [
        "notifykit_migration/legacy/numbers.py"
    ]
    asking = {name for name, text in MIGRATION.items() if "notifykit_migration.legacy.numbers import" in text}
    assert asking == {"notifykit_compat/groups.py", "notifykit_compat/runtime.py", "notifykit_migration/plan/match.py"}
