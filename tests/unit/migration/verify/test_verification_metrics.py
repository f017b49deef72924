"""What monitors are told of the calendar of verifications."""

from __future__ import annotations

import pytest
from cli_world import CliWorld, make_world, world
from notifykit_migration.journal.folder import MigrationFolder
from notifykit_migration.journal.journal import Journal
from notifykit_migration.verify.calendar import DAY, HOUR
from notifykit_migration.verify.metrics import metrics

from notifykit.metrics.collect import look
from notifykit.metrics.examples import examples
from notifykit.pipeline.project import open_project
from notifykit.plugins import load_plugins
from notifykit.testing import FakeClock

__all__ = ["make_world", "world"]

START = 1_000_000.0


class Calendar:
    def __init__(self, world: CliWorld) -> None:
        self.clock = FakeClock(START)
        self.project = open_project(world.project, clock=self.clock)
        self.journal = MigrationFolder.of(world.folder).journal
        self.journal.parent.mkdir(parents=True, exist_ok=True)

    def note(self, kind: str, **fields: object) -> None:
        with Journal(self.journal, clock=self.clock.now) as journal:
            journal.append(kind, **fields)

    def migrated(self) -> None:
        self.note("migrate_begun")
        self.note("verified", passed=True)
        self.note("migrate_done")

    def told(self) -> dict[str, dict[tuple[str, ...], float]]:
        found = {one.name.removeprefix("notifykit_verification_"): one.values for one in metrics(self.project)}
        return {name: dict(values) for name, values in found.items()}


@pytest.fixture
def calendar(world: CliWorld) -> Calendar:
    return Calendar(world)


def test_nothing_is_told_where_nothing_is_migrated(calendar: Calendar) -> None:
    assert calendar.told() == {}
    calendar.migrated()
    assert calendar.told() != {}
    calendar.note("rollback_begun")
    assert calendar.told() == {}


def test_the_next_one_is_due_in_the_next_hour(calendar: Calendar) -> None:
    calendar.migrated()
    assert calendar.told() == {
        "due_timestamp_seconds": {(): START + HOUR},
        "last_success_timestamp_seconds": {(): START},
        "failed_checks": {},
    }


def test_one_that_nobody_makes_stays_due(calendar: Calendar) -> None:
    calendar.migrated()
    calendar.clock.advance(5 * HOUR)
    assert calendar.told()["due_timestamp_seconds"] == {(): START + HOUR}
    calendar.note("verified", passed=True)
    assert calendar.told()["due_timestamp_seconds"] == {(): START + 6 * HOUR}
    assert calendar.told()["last_success_timestamp_seconds"] == {(): START + 5 * HOUR}


def test_the_checks_that_the_latest_one_failed_are_told(calendar: Calendar) -> None:
    calendar.migrated()
    calendar.clock.advance(HOUR)
    calendar.note("verified", passed=False, failed=["rows", "flags"])
    found = calendar.told()
    assert found["failed_checks"] == {("rows",): 1.0, ("flags",): 1.0}
    assert found["last_success_timestamp_seconds"] == {(): START}
    calendar.clock.advance(HOUR)
    calendar.note("verified", passed=True)
    assert calendar.told()["failed_checks"] == {}


def test_nothing_is_due_any_more_when_the_calendar_is_over(calendar: Calendar) -> None:
    calendar.migrated()
    calendar.clock.advance(34 * DAY)
    calendar.note("verified", passed=True)
    assert calendar.told()["due_timestamp_seconds"] == {}


def test_it_is_among_the_metrics_of_the_project_and_its_rules_among_the_examples(calendar: Calendar) -> None:
    calendar.migrated()
    assert "notifykit_verification_due_timestamp_seconds" in [one.name for one in look(calendar.project)]
    found = examples(load_plugins())
    for name in ("notifykit_verification_due_timestamp_seconds", "notifykit_verification_failed_checks"):
        assert name in found["verification_rules.yml"]
    assert "rule_files: [verification_rules.yml]" in found["verification_rules_test.yml"]


def test_a_journal_that_is_damaged_does_not_keep_the_others_from_being_told(
    calendar: Calendar, caplog: pytest.LogCaptureFixture
) -> None:
    calendar.migrated()
    calendar.journal.write_text("no journal\n" + calendar.journal.read_text(encoding="utf-8"), encoding="utf-8")
    found = {one.name: one.values for one in look(calendar.project)}
    assert found["notifykit_trouble"] == {("unreadable",): 1.0}
    assert found["notifykit_tasks"]
    assert "'notifykit_migration' failed in metrics" in caplog.text
