"""A backup holds what the world was, and gives it back; a failed one leaves nothing that looks like one."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import sqlite3
import stat
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from backed_up import NOW, BackedUp, a_plan
from notifykit_migration.backup import make as backups
from notifykit_migration.backup.manifest import read_manifest
from notifykit_migration.errors import PreflightError, VerificationError
from notifykit_migration.files.reading import content_digest, untouched
from notifykit_migration.journal.folder import MigrationFolder
from notifykit_migration.model import CheckResult
from small_disk import small_disk as disk_of_its_own

from notifykit.errors import StoreError


@pytest.fixture
def world(tmp_path: Path) -> BackedUp:
    return BackedUp(tmp_path / "项目 1")


def digest(path: Path) -> str:
    with untouched(path) as db:
        return content_digest(db)


def traces(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(path): (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else b"")
        for path in (folder, *folder.rglob("*"))
    }


def failed(folder: Path) -> list[str]:
    return [check.name for check in backups.check(folder) if check.result is not CheckResult.PASSED]


def test_all_of_it_is_there_and_proven(world: BackedUp) -> None:
    backup = world.take()
    assert backup.id == "20250812T120000Z-abababab"
    assert backup.folder == world.folder / "notifykit-migration" / "backups" / backup.id
    assert (backup.plan_hash, backup.made_at) == ("ab" * 32, NOW)
    before = traces(world.folder)
    checks = backups.check(backup.folder)
    assert traces(world.folder) == before, "to check changes nothing"
    assert [(check.name, check.result) for check in checks] == [
        ("backup manifest", CheckResult.PASSED),
        ("backup files", CheckResult.PASSED),
        ("backup plan", CheckResult.PASSED),
        ("backup database", CheckResult.PASSED),
        ("backup rows", CheckResult.PASSED),
        ("backup content", CheckResult.PASSED),
    ]
    assert checks[4].evidence == "sqlite_sequence: 1, tasks: 60"


def test_the_project_is_not_touched(world: BackedUp) -> None:
    before = traces(world.folder)
    world.take()
    after = traces(world.folder)
    assert {path: after[path] for path in before if path != str(world.folder)} == {
        path: before[path] for path in before if path != str(world.folder)
    }


def test_what_the_manifest_says(world: BackedUp) -> None:
    manifest = read_manifest(world.take().folder)
    assert manifest.store is not None
    assert (manifest.store.item.path, manifest.store.integrity, manifest.store.journal_mode) == (
        "tasks.db",
        "ok",
        "delete",
    )
    assert manifest.store.rows == {"sqlite_sequence": 1, "tasks": 60}
    assert manifest.store.content_digest == digest(world.store)
    assert [item.path for item in manifest.files] == [
        "state/合同.csv",
        "state/send_status.json",
        "state/technician.json",
        "state/absent.json",
    ]
    technician, absent = manifest.files[2:]
    original = world.files[2]
    assert technician.sha256 == hashlib.sha256(original.read_bytes()).hexdigest()
    assert (technician.size, technician.mtime_ns) == (original.stat().st_size, original.stat().st_mtime_ns)
    assert os.name == "nt" or technician.mode == 0o440
    assert absent.name is None


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="needs sha256sum")
def test_the_checksum_is_one_that_others_read(world: BackedUp) -> None:
    subprocess.run(
        ["sha256sum", "--check", "--strict", "manifest.sha256"],
        cwd=world.take().folder,
        check=True,
        stdout=subprocess.DEVNULL,
    )


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_only_its_owner_may_read_it(world: BackedUp) -> None:
    backup = world.take()
    for path in (world.migration.path, *world.migration.path.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
    assert stat.S_IMODE(backup.folder.stat().st_mode) == 0o700


def test_what_stands_only_in_the_log_is_there(world: BackedUp, tmp_path: Path) -> None:
    """A copy of the file alone passes SQLite's own check, and has lost these rows."""
    world.write_to_the_log(25)
    shutil.copyfile(world.store, tmp_path / "copy.db")
    with closing(sqlite3.connect(tmp_path / "copy.db")) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("SELECT count(*) FROM tasks").fetchone() == (60,)
    manifest = read_manifest(world.take().folder)
    assert manifest.store is not None
    assert manifest.store.rows["tasks"] == 85
    assert manifest.store.journal_mode == "wal"


def test_restored(world: BackedUp) -> None:
    world.write_to_the_log(5)
    files = {path: path.read_bytes() for path in world.files if path.exists()}
    times = {path: path.stat().st_mtime_ns for path in (*files, world.store)}
    store = digest(world.store)
    backup = world.take()
    shutil.rmtree(world.folder / "state")
    world.store.unlink()
    with backups.restored(backup) as places:
        assert set(places) == {world.store, *world.files}
        assert {path: places[path].read_bytes() for path in files} == files
        assert {path: places[path].stat().st_mtime_ns for path in times} == times
        assert digest(places[world.store]) == store
        assert not places[world.files[3]].exists()
        kept = places[world.store].parent
    assert not kept.exists()


def test_content(world: BackedUp) -> None:
    backup = world.take()
    was = world.files[0].read_bytes()
    world.files[0].write_bytes(b"new")
    assert backups.content(backup, world.files[0]) == was
    assert backups.content(backup, Path("state") / "." / "合同.csv") == was
    assert backups.content(backup, world.files[3]) is None
    with pytest.raises(LookupError):
        backups.content(backup, world.folder / "other.csv")


def test_store_copy(world: BackedUp) -> None:
    copy = backups.store_copy(world.take())
    assert copy is not None
    assert digest(copy) == digest(world.store)


def test_a_project_without_a_store(world: BackedUp) -> None:
    backup = backups.take(
        world.migration,
        a_plan(),
        json.dumps({"hash": "ab" * 32}),
        project=world.folder,
        store=None,
        files=[],
        clock_now=NOW,
    )
    assert failed(backup.folder) == ["backup database"]
    assert backups.check(backup.folder)[-1].result is CheckResult.SKIPPED
    assert backups.store_copy(backup) is None
    with backups.restored(backup) as places:
        assert places == {}


def test_files_elsewhere_and_of_one_name(world: BackedUp, tmp_path: Path) -> None:
    outside = [tmp_path / "a" / "x.csv", tmp_path / "b" / "x.csv", tmp_path / ("长" * 80 + ".csv")]
    for path in outside:
        path.parent.mkdir(exist_ok=True)
        path.write_text(str(path), encoding="utf-8")
    world.files = [*outside, outside[0], world.folder / "state" / ".." / "state" / "合同.csv", world.files[0]]
    backup = world.take()
    assert len(read_manifest(backup.folder).files) == 4, "each once"
    with backups.restored(backup) as places:
        assert [places[path].read_text(encoding="utf-8") for path in outside] == [str(path) for path in outside]
    assert failed(backup.folder) == []


def test_a_moved_project_finds_its_files(world: BackedUp, tmp_path: Path) -> None:
    backup = world.take()
    moved = tmp_path / "moved"
    world.folder.rename(moved)
    found = backups.find(MigrationFolder.of(moved), backup.id)
    with backups.restored(found) as places:
        assert moved / "state" / "合同.csv" in places


def test_find_and_latest(world: BackedUp) -> None:
    assert backups.latest(world.migration) is None
    with pytest.raises(VerificationError, match="there is no such backup; there is none"):
        backups.find(world.migration, "x")
    first, second, third = world.take(), world.take(), world.take(now=NOW + 60, hash_="cd" * 32)
    assert second.id == f"{first.id}-02"
    assert backups.latest(world.migration) == third
    assert backups.find(world.migration, first.id) == first
    with pytest.raises(VerificationError, match=f"there are {first.id}, {second.id}, {third.id}. Put it back"):
        backups.find(world.migration, "../x")


def test_what_was_not_completed_is_no_backup_and_is_cleared_away(world: BackedUp) -> None:
    half = world.migration.backups / ".making-20250812T120000Z-abababab"
    half.mkdir(parents=True)
    (half / "manifest.json").write_text("{}")
    assert backups.latest(world.migration) is None
    backup = world.take()
    assert list(world.migration.backups.iterdir()) == [backup.folder]


def test_a_store_that_is_no_database(world: BackedUp) -> None:
    world.store.write_text("text " * 100)
    with pytest.raises(StoreError, match="not an SQLite database"):
        world.take()
    assert list(world.migration.backups.iterdir()) == []


def test_a_store_that_is_damaged(world: BackedUp) -> None:
    with closing(sqlite3.connect(world.store, isolation_level=None)) as db:
        db.execute("CREATE INDEX i ON tasks (message)")
        db.execute("PRAGMA writable_schema = ON")
        db.execute("UPDATE sqlite_master SET sql = 'CREATE INDEX i ON tasks (status)' WHERE name = 'i'")
    with pytest.raises(VerificationError, match=r"tasks\.db: integrity_check: .*Mend the database first"):
        world.take()
    assert list(world.migration.backups.iterdir()) == []


def test_a_store_that_is_gone(world: BackedUp) -> None:
    world.store.unlink()
    with pytest.raises(PreflightError, match=r"tasks\.db: the backup cannot be made \(No such file"):
        world.take()


def test_a_folder_among_the_files(world: BackedUp) -> None:
    world.files.append(world.folder / "state")
    with pytest.raises(PreflightError, match="state: the backup cannot be made"):
        world.take()
    assert list(world.migration.backups.iterdir()) == []


@pytest.fixture
def small_disk(world: BackedUp) -> Iterator[BackedUp]:
    """A project whose migration has a disk of its own with 1 MB."""
    with disk_of_its_own(world.migration.path, megabytes=1):
        yield world


def leave(room: int, filler: Path) -> None:
    """Fill the disk but for so many bytes."""
    free = shutil.disk_usage(filler.parent).free
    with filler.open("ab") as file:
        file.write(bytes(max(0, free - room)))
        file.truncate(file.tell() - max(0, room - free))


def test_a_full_disk_at_every_size(small_disk: BackedUp) -> None:
    """Each place where the disk can be full: within the store, a file, the plan, the manifest, a folder."""
    world = small_disk
    said = []
    for room in range(0, 80_000, 4096):
        leave(room, world.migration.path / "filler")
        try:
            backup = world.take()
        except PreflightError as error:
            said.append(str(error))
            assert not world.migration.backups.exists() or list(world.migration.backups.iterdir()) == []
            assert backups.latest(world.migration) is None
        else:
            assert failed(backup.folder) == []
            break
    else:
        pytest.fail("there never was enough room")
    assert len(said) > 5
    cannot = "the backup cannot be made (No space left on device): make room; nothing was changed, and nothing is left"
    assert [text for text in said if cannot not in text] == []


def test_no_room_to_restore(world: BackedUp, monkeypatch: pytest.MonkeyPatch) -> None:
    backup = world.take()

    def full(*_: object) -> tuple[str, int]:
        raise OSError(errno.ENOSPC, "No space left on device", "/tmp/x")

    monkeypatch.setattr(backups, "copy_new", full)
    with pytest.raises(PreflightError, match="make room, or set TMPDIR"), backups.restored(backup):
        pass


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"format": 2}', "a backup of format 2; this notifykit knows 1"),
        ('{"format": 1}', "it is no manifest"),
        ("[]", "it is no manifest"),
        ("{", "it is no manifest"),
    ],
)
def test_a_manifest_of_somebody_else(world: BackedUp, text: str, said: str) -> None:
    """With its checksum: it was not damaged by accident."""
    folder = world.take().folder
    (folder / "manifest.json").write_text(text)
    checksum = hashlib.sha256(text.encode()).hexdigest()
    (folder / "manifest.sha256").write_text(f"{checksum}  manifest.json\n")
    (check,) = backups.check(folder)
    assert check.result is CheckResult.FAILED
    assert said in check.evidence


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b"other")])
def test_content_that_is_damaged(world: BackedUp, damage: Callable[[Path], object]) -> None:
    backup = world.take()
    damage(backup.folder / "files" / "001-合同.csv")
    with pytest.raises(VerificationError, match=r"001-合同\.csv: the backup is damaged"):
        backups.content(backup, world.files[0])
    with pytest.raises(VerificationError, match=r"001-合同\.csv: the backup is damaged"), backups.restored(backup):
        pass


def test_another_backup_by_this_name(world: BackedUp) -> None:
    first, second = world.take(), world.take(now=NOW + 60)
    shutil.rmtree(first.folder)
    second.folder.rename(first.folder)
    with pytest.raises(VerificationError, match=f"it is backup {second.id}, under another name"):
        backups.find(world.migration, first.id)


def test_retired_files_belong_to_it(world: BackedUp) -> None:
    backup = world.take()
    (backup.folder / "retired").mkdir()
    world.files[1].rename(backup.folder / "retired" / "00-send_status.json")
    assert failed(backup.folder) == []
    (backup.folder / "retired" / "01-other.json").write_text("{}")
    assert failed(backup.folder) == ["backup files"]
