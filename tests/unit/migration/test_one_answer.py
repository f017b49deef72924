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
    assert asking == {
        "notifykit_compat/belonging.py",
        "notifykit_compat/groups.py",
        "notifykit_compat/runtime.py",
        "notifykit_migration/apply/unclaimed.py",
        "notifykit_migration/plan/fit.py",
        "notifykit_migration/plan/match.py",
    }


def test_whether_something_is_migrated_is_answered_by_one_module() -> None:
    """The tables that say so are named in SQL by that module, by the fence that makes them, and nowhere else."""
    asked = re.compile(r"\b(?:FROM|INTO|UPDATE|JOIN)\s+(?:migrated|migrations)\b|name = 'migrat")
    assert [name for name, text in MIGRATION.items() if asked.search(text)] == ["notifykit_migration/store/migrated.py"]
    made = re.compile(r"sqlite_sequence LIMIT|campaign IS NULL LIMIT 1|def \w*(?:is_migrated|is_outbox|is_old)\w*\(")
    assert {name for name, text in MIGRATION.items() if made.search(text)} <= {
        "notifykit_migration/store/migrated.py",
        "notifykit_compat/others.py",
        "notifykit_compat/store.py",
    }


def test_what_a_decision_makes_of_a_task_is_answered_by_one_module() -> None:
    pairs = re.compile(r"Treatment\.(?:SENT|ADOPT|HOLD|CANCEL|CREATE|ASSUME):\s*Status\.")
    assert [name for name, text in MIGRATION.items() if pairs.search(text)] == ["notifykit_migration/model.py"]


def test_flags_and_store_are_changed_by_one_kind_of_step_each() -> None:
    kinds = re.compile(r"^class (Flag\w*Step|Database\w*Step|Flags?Change|Store\w*Step)\b", re.MULTILINE)
    found = [(name, kind) for name, text in MIGRATION.items() for kind in kinds.findall(text)]
    assert found == [
        ("notifykit_migration/journal/targets.py", "FlagStep"),
        ("notifykit_migration/journal/targets.py", "DatabaseStep"),
    ]


def test_names_of_files_are_made_by_one_module() -> None:
    by_hand = re.compile(r"project\.file\.folder / |\.relative_to\((?:project|base)|def (?:shown|_shown)\(")
    assert {name for name, text in MIGRATION.items() if by_hand.search(text)} <= {
        "notifykit_migration/files/paths.py",
        "notifykit_migration/legacy/campaigns.py",
    }
