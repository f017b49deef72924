"""`notifykit history`: what was done, from the journal alone."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import plans
import pytest
from click.testing import CliRunner, Result
from legacy_world import GROUP, SENT, LegacyWorld
from notifykit_migration import report
from notifykit_migration.commands.history import NOTHING, history
from notifykit_migration.commands.migrate import migrate
from notifykit_migration.errors import VerificationError
from notifykit_migration.journal.folder import MigrationFolder
from notifykit_migration.journal.journal import Journal
from notifykit_migration.report.timeline import milestones

from notifykit.plugins import Plugins, load_plugins
from notifykit.session import Session


@cache
def plugins() -> Plugins:
    return load_plugins()


@pytest.fixture
def world(tmp_path: Path) -> LegacyWorld:
    return LegacyWorld(tmp_path / "project")


HELP: dict[str, Any] = {"help_option_names": ["-h", "--help"]}
"""As the whole command line has it: a command keeps what it is called with first."""


def run(world: LegacyWorld, *arguments: str) -> Result:
    session = Session(plugins=plugins(), file=world.project)
    runner = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1"})
    return runner.invoke(history, list(arguments), obj=session, catch_exceptions=False, **HELP)


def told(world: LegacyWorld, *lines: tuple[str, dict[str, object]]) -> None:
    world.migration.mkdir()
    with Journal(MigrationFolder.of(world.folder).journal) as journal:
        for kind, fields in lines:
            journal.append(kind, **fields)


BEGUN: tuple[str, dict[str, object]] = (
    "migrate_begun",
    {"plan_hash": plans.HASH, "backup": "b-1", "campaigns": ["beijing"], "who": "operator"},
)


def test_nothing_was_migrated_yet(world: LegacyWorld) -> None:
    before = world.tree()
    result = run(world)
    assert (result.exit_code, result.stdout.strip()) == (0, NOTHING)
    assert json.loads(run(world, "--json").stdout) == {"phase": "not migrated", "entries": [], "calendar": []}
    assert world.tree() == before


def test_there_is_no_page_about_nothing(world: LegacyWorld, tmp_path: Path) -> None:
    result = run(world, "--report", str(tmp_path / "report.html"))
    assert result.exit_code == 0
    assert "was not written" in result.stderr
    assert not (tmp_path / "report.html").exists()


def test_what_was_done_is_a_line_each(world: LegacyWorld) -> None:
    told(
        world,
        BEGUN,
        ("begun", {"step": "database tasks.db", "before": "0"}),
        ("done", {"step": "database tasks.db"}),
        ("verified", {"passed": False, "failed": ["rows kept"]}),
        ("moon_phase", {"lit": 0.5, "seen": {"by": "nobody"}}),
        ("rollback_begun", {"who": "operator", "archive": None}),
    )
    result = run(world)
    assert result.exit_code == 0
    lines = [" ".join(line.split()[2:]) for line in result.stdout.splitlines()[1:-1]]
    assert lines == [
        "migration begun operator plan 5f2c9a000000; backup b-1; campaigns beijing",
        "1 step done steps database tasks.db",
        "verified passed no; failed checks rows kept",
        'moon phase lit 0.5; seen {"by": "nobody"}',
        "rollback begun operator",
    ]
    assert result.stdout.splitlines()[-1] == "now: half rolled back"


def test_as_data(world: LegacyWorld) -> None:
    told(world, BEGUN, ("migrate_done", {"held": 3}))
    form = json.loads(run(world, "--json").stdout)
    assert form["phase"] == "migrated"
    assert [entry["kind"] for entry in form["entries"]] == ["migrate_begun", "migrate_done"]
    assert form["entries"][1]["fields"] == {"held": 3}
    assert form["entries"][0]["at"].endswith("Z")


def test_the_page_of_the_latest_migration(world: LegacyWorld, tmp_path: Path) -> None:
    with world.together():
        made = world.contract("N", SENT, [(GROUP, "completed")])
        historic = world.contract("Y", SENT)
    session = Session(plugins=plugins(), file=world.project)
    migrated = CliRunner(env={"COLUMNS": "200"}).invoke(migrate, ["--yes"], obj=session, catch_exceptions=False, **HELP)
    assert migrated.exit_code == 0, migrated.output
    before = world.tree()
    path = tmp_path / "report.html"
    result = run(world, "--report", str(path))
    assert result.exit_code == 0
    assert str(path) in result.stderr
    assert world.tree() == before
    page = path.read_text(encoding="utf-8")
    assert historic.id in page
    assert made.id not in page  # nothing about it is open
    assert "migrated, and the old files are retired" in page


def test_a_backup_that_is_gone_is_told(world: LegacyWorld, tmp_path: Path) -> None:
    told(world, BEGUN)
    with pytest.raises(VerificationError, match="b-1"):
        run(world, "--report", str(tmp_path / "report.html"))


def test_steps_that_were_begun_and_not_finished() -> None:
    (milestone,) = milestones([plans.entry("begun", step="flags a.csv"), plans.entry("begun", 1, step="move b.json")])
    assert milestone.what.en == "0 steps done"
    assert [(fact.name.en, fact.text) for fact in milestone.facts] == [
        ("steps", "flags a.csv, move b.json"),
        ("begun, not finished", "2"),
    ]


def test_a_soak_is_told_as_a_time() -> None:
    (milestone,) = milestones([plans.entry("migrate_begun", soak_until=plans.MADE_AT, campaigns=[])])
    assert [(fact.name.en, fact.text) for fact in milestone.facts] == [
        ("old files stay until", report.when(plans.MADE_AT))
    ]
