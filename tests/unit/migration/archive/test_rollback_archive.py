"""What a rollback archives, and what a later migration gets back from it."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from notifykit_migration.archive.archive import Archived, archive, archived
from notifykit_migration.errors import VerificationError
from notifykit_migration.files.reading import content_digest
from notifykit_migration.journal.folder import MigrationFolder
from notifykit_migration.model import Hold, Row

from notifykit.model import Draft, Outcome, Status
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.values import ChannelBounds, Filter, Transition
from notifykit.testing.outbox.steps import finish, take
from notifykit.wording import Reason

KEY = "2025080000000000001"
NOW = 1_756_000_000.0


def draft(message: str, *, key: str = KEY, campaign: str = "beijing") -> Draft:
    return Draft(
        campaign=campaign,
        key=key,
        name=message,
        recipient="测试群",
        text=f"{message} {key}",
        channel="desk",
        task_type="send_wecom_message",
        metadata={"contract_id": key},
    )


def row(id_: int, text: str) -> Row:
    return Row(
        id=id_,
        task_type="send_wecom_message",
        recipient="测试群",
        text=text,
        status="pending",
        created_at="2025-08-20 10:00:00",
        updated_at="2025-08-20 10:00:00",
    )


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[SqliteOutbox]:
    """Task 1 was sent, 2 failed, 3 is queued, 4 is of a campaign that the old program does not know."""
    with closing(SqliteOutbox.open(tmp_path / "tasks.db")) as outbox:
        outbox.db.execute("CREATE TABLE migrated (campaign TEXT PRIMARY KEY, status_file, csv_file, sent_word)")
        outbox.db.execute("INSERT INTO migrated (campaign) VALUES ('beijing')")
        outbox.enqueue([draft("group"), draft("award"), draft("extra"), draft("group", campaign="ours")])
        outbox.enqueue([draft("group")])
        for then, outcome in (
            (Status.SENT, Outcome.accepted(vendor_id="v1")),
            (Status.FAILED, Outcome.rejected("40058", "too long")),
        ):
            (claim,) = take(outbox, "w", 1, {"desk": ChannelBounds()}, 60)
            finish(
                outbox,
                claim,
                outcome,
                Transition(status=then, reason=Reason(outcome.detail) if outcome.detail else None),
            )
        yield outbox


@pytest.fixture
def folder(tmp_path: Path) -> MigrationFolder:
    folder = MigrationFolder.of(tmp_path)
    folder.path.mkdir()
    return folder


def kept(folder: MigrationFolder, outbox: SqliteOutbox, now: float = NOW) -> Archived:
    connection = outbox.db.connection
    hold = Hold(
        campaign="beijing",
        key=KEY,
        message="award",
        recipient="测试群",
        text="award",
        status="failed",
        why=Reason("too long"),
        task=2,
    )
    digest = content_digest(connection)
    return archive(folder, connection, removed={2, 4}, holds=[hold], resumed=(), digest=digest, vacant=2, now=now)


def test_nothing_was_ever_archived(folder: MigrationFolder) -> None:
    assert archived(folder) is None


def test_the_copy_is_the_outbox_and_for_its_owner_alone(folder: MigrationFolder, outbox: SqliteOutbox) -> None:
    found = kept(folder, outbox)
    with found.open() as db:
        assert content_digest(db) == content_digest(outbox.db.connection)
    assert {stat.S_IMODE(path.stat().st_mode) for path in found.folder.iterdir()} == {0o600}
    assert sorted(path.name for path in found.folder.iterdir()) == [
        "holds.json",
        "manifest.json",
        "outbox.db",
        "resumed.json",
    ]


def test_the_same_outbox_is_archived_once(folder: MigrationFolder, outbox: SqliteOutbox) -> None:
    assert kept(folder, outbox).id == kept(folder, outbox, NOW + 60).id


def test_the_newest_is_taken_even_where_the_clock_was_set_back(folder: MigrationFolder, outbox: SqliteOutbox) -> None:
    first = kept(folder, outbox)
    outbox.decide([3], Status.CANCELLED, who="test", why="not needed", of=[Status.QUEUED])
    second = kept(folder, outbox, NOW - 86_400)
    newest = archived(folder)
    assert newest is not None
    assert newest.id == second.id > first.id


def test_what_a_killed_copy_left_is_removed(folder: MigrationFolder, outbox: SqliteOutbox) -> None:
    left = folder.archive / "20250101T000000Z-0009.new"
    left.mkdir(parents=True)
    assert archived(folder) is None
    kept(folder, outbox)
    assert not left.exists()


def test_rows_are_recognized_by_id_recipient_and_text(folder: MigrationFolder, outbox: SqliteOutbox) -> None:
    found = kept(folder, outbox)
    was = found.identity(row(1, f"group {KEY}"))
    assert was is not None
    assert (was.campaign, was.key, was.message, was.round) == ("beijing", KEY, "group", 1)
    assert found.identity(row(1, "another text")) is None
    assert found.identity(row(2, f"award {KEY}")) is None, "it was removed: another row has its id now"


def test_removed_tasks_have_their_history(folder: MigrationFolder, outbox: SqliteOutbox) -> None:
    tasks = {item.task.id: item for item in kept(folder, outbox).removed}
    assert tasks.keys() == {2, 4}
    task = tasks[2]
    assert (task.task.campaign, task.task.key, task.task.name) == ("beijing", KEY, "award")
    assert (task.status, task.reason) == (Status.FAILED, Reason("too long"))
    assert [attempt.code for attempt in task.attempts] == ["40058"]


def test_a_damaged_archive_is_named(folder: MigrationFolder, outbox: SqliteOutbox) -> None:
    found = kept(folder, outbox)
    with found.outbox.open("r+b") as file:
        file.seek(5000)
        file.write(b"\xff")
    with pytest.raises(VerificationError, match="not what was archived"):
        found.check()
    (found.folder / "manifest.json").write_text("{", encoding="utf-8")
    with pytest.raises(VerificationError, match=r"manifest\.json: the archive of a rollback is damaged"):
        archived(folder)


def test_history_comes_back(folder: MigrationFolder, outbox: SqliteOutbox, tmp_path: Path) -> None:
    found = kept(folder, outbox)
    with closing(SqliteOutbox.open(tmp_path / "again.db")) as again:
        # The rows as a migration finds and adopts them: 1 and 3 stayed, the failed one is made anew.
        again.enqueue([draft("group"), draft("nothing"), draft("extra"), draft("award")])
        again.db.execute("UPDATE tasks SET status = 'completed', due_at = NULL WHERE id = 1")
        again.db.execute("UPDATE tasks SET status = 'failed', due_at = NULL WHERE id = 4")
        for _ in range(2):
            found.restore_history(again.db, found.present_names({}))
        assert [attempt.vendor_id for attempt in again.attempts(1)] == ["v1"]
        assert [attempt.code for attempt in again.attempts(4)] == ["40058"]
        assert again.attempts(2) == []
        assert again.db.all("SELECT attempts FROM tasks WHERE campaign = 'beijing' ORDER BY id") == [
            (1,),
            (0,),
            (0,),
            (1,),
        ]
        assert again.figures()[0].duplicates_prevented == 1


def test_tasks_of_other_campaigns_come_back(folder: MigrationFolder, outbox: SqliteOutbox, tmp_path: Path) -> None:
    outbox.enqueue([draft("group", key="2", campaign="ours")])
    outbox.db.execute("UPDATE tasks SET status = 'sent', due_at = NULL WHERE record_key = '2'")
    (sent,) = [task.id for task in outbox.tasks(Filter(campaign="ours", key="2"))]
    found = kept(folder, outbox)
    with closing(SqliteOutbox.open(tmp_path / "again.db")) as again:
        again.db.execute(
            "INSERT INTO tasks (id, task_type, recipient, message, status)"
            " VALUES (?, 'send_wecom_message', '测试群', ?, 'completed')",
            (sent, "group 2"),
        )
        for _ in range(2):
            found.restore_history(again.db, found.present_names({}))
        tasks = {task.key: (task.id, task.status) for task in again.tasks(Filter(campaign="ours"))}
        assert tasks == {"2": (sent, Status.SENT), KEY: (sent + 1, Status.QUEUED)}
        (claim,) = take(again, "w", 5, {"desk": ChannelBounds()}, 60)
        assert claim.task.key == KEY
