"""A campaign queues nothing while the old program's state of it is still in force."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path

import plans
import pytest
from legacy_world import SENT, LegacyWorld
from notifykit_migration.apply.guard import in_force
from notifykit_migration.store import fence, migrated

from notifykit.legacy import Disposal, LegacyState
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.sqlite.store import SqliteAddress
from notifykit.pipeline.project import Project, open_project
from notifykit.pipeline.run import Pass, generate_all
from notifykit.plugins import load_plugins
from notifykit.plugins.find import find_entry_points

STATE = LegacyState(
    campaign="beijing-aug", status_file=Path("state/sent.json"), sent_word=SENT, disposal=Disposal.RETIRE
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "state").mkdir()
    return tmp_path


def asked(folder: Path, state: LegacyState = STATE, described: frozenset[str] = frozenset()) -> str | None:
    answer = in_force(state.campaign, state, SqliteAddress(folder / "tasks.db"), folder, described)
    return None if answer is None else answer.text


def write_status_file(folder: Path) -> None:
    (folder / "state" / "sent.json").write_text("{}", encoding="utf-8")


def migrate(folder: Path) -> None:
    with SqliteOutbox.open(folder / "tasks.db") as outbox, outbox.transaction():
        fence.remember_schema(outbox.db)
        fence.install(outbox.db, plans.plan(), others={})
        migrated.record(outbox.db, plans.plan(), backup="b", soak_until=None, journal_mode="delete", sequence=None)


def make_legacy_store(folder: Path, *, rows: int = 1) -> None:
    with closing(sqlite3.connect(folder / "tasks.db")) as connection, connection:
        connection.execute(
            "CREATE TABLE tasks (id INTEGER PRIMARY KEY AUTOINCREMENT, task_type TEXT NOT NULL,"
            " recipient TEXT NOT NULL, message TEXT NOT NULL, status TEXT NOT NULL DEFAULT 'pending',"
            " created_at TIMESTAMP, updated_at TIMESTAMP)"
        )
        connection.executemany(
            "INSERT INTO tasks (task_type, recipient, message) VALUES ('report', 'r', 'm')", [()] * rows
        )


def test_nothing_speaks_against_a_new_project(folder: Path) -> None:
    assert asked(folder) is None
    assert not (folder / "tasks.db").exists()
    make_legacy_store(folder, rows=0)
    assert asked(folder) is None


def test_a_status_file_is_in_force_until_its_campaign_is_migrated(folder: Path) -> None:
    write_status_file(folder)
    for _ in range(2):  # without a store, and with one
        refusal = asked(folder)
        assert refusal is not None
        assert refusal.startswith(f"{folder / 'state' / 'sent.json'}: the old program's send-status file is still in")
        assert refusal.endswith("run `notifykit migrate` first")
        SqliteOutbox.open(folder / "tasks.db").close()
    migrate(folder)
    assert asked(folder) is None  # while the file soaks
    assert asked(folder, replace(STATE, campaign="shanghai-aug")) is not None


def test_an_old_task_table_is_in_force_until_it_is_migrated(folder: Path) -> None:
    make_legacy_store(folder)
    for _ in range(2):  # as it is, and upgraded by a campaign that owns no old state
        refusal = asked(folder)
        assert refusal is not None
        assert refusal.startswith(f"{folder / 'tasks.db'}: still holds what the old program queued and sent")
        SqliteOutbox.open(folder / "tasks.db").close()
    migrate(folder)
    assert asked(folder) is None


def test_a_campaign_that_began_after_the_migration_owns_no_old_state(folder: Path) -> None:
    make_legacy_store(folder)
    migrate(folder)
    assert asked(folder, replace(STATE, campaign="beijing-sep", status_file=Path("state/sep.json"))) is None


def test_a_status_file_that_stays_holds_nothing_back(folder: Path) -> None:
    write_status_file(folder)
    make_legacy_store(folder)
    assert asked(folder, replace(STATE, disposal=Disposal.KEEP)) is None


def test_a_store_that_cannot_be_read_is_no_leave(folder: Path) -> None:
    (folder / "tasks.db").write_bytes(b"not a database at all" * 100)
    refusal = asked(folder)
    assert refusal is not None
    assert refusal.startswith("whether it was migrated cannot be seen: ")


def test_looking_changes_nothing(folder: Path) -> None:
    make_legacy_store(folder)
    migrate(folder)
    before = {item: (item.stat().st_mtime_ns, item.read_bytes()) for item in folder.iterdir() if item.is_file()}
    asked(folder)
    assert {item: (item.stat().st_mtime_ns, item.read_bytes()) for item in folder.iterdir() if item.is_file()} == before


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A legacy project that nobody migrated, and the guard among the plugins."""
    world = LegacyWorld(tmp_path / "world")
    world.contract(flag="N", json=SENT)
    guard = EntryPoint("notifykit_migration_guard", "notifykit_migration.apply.guard", "notifykit")
    return open_project(
        world.folder / "notifykit.yaml", plugins=load_plugins(entry_points=[*find_entry_points()[0], guard])
    )


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_pass_fails_for_that_campaign_alone(project: Project, dry_run: bool) -> None:
    this_pass = Pass()
    with closing(project.open_outbox()) as outbox:
        generate_all(project, outbox, project.campaigns(), this_pass, dry_run=dry_run)
    assert "run `notifykit migrate` first" in str(this_pass.failures.pop("beijing"))
    assert this_pass.failures == {}
    assert [item.campaign for item in this_pass.generated] == ["technicians"]


def test_a_migrated_campaign_is_recognised_by_its_send_status_file(folder: Path) -> None:
    migrate(folder)
    status_file = Path(plans.plan().campaigns[0].status_file)
    refusal = asked(folder, replace(STATE, campaign="next", status_file=status_file))
    assert refusal is not None
    assert 'run `notifykit campaign rename "beijing-aug" "next" --why TEXT`' in refusal
    assert asked(folder, replace(STATE, campaign="next", status_file=Path("state/next.json"))) is None


def test_no_renaming_is_advised_while_the_migrated_campaign_has_its_file(folder: Path) -> None:
    migrate(folder)
    state = replace(STATE, campaign="next", status_file=Path(plans.plan().campaigns[0].status_file))
    refusal = asked(folder, state, frozenset(("beijing-aug", "next")))
    assert refusal is not None
    assert "campaign rename" not in refusal
    assert refusal.endswith("remove the file of next, or correct its `legacy: status_file:`")
