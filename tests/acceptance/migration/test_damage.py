"""Promise 4: damage to a backup is caught, all of it.

Seeded: the same numbers give the same damages. A damage counts as caught only where the checks fail, and as harmless
nowhere: a backup that differs in a bit is not the backup.
"""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from backed_up import NOW, BackedUp
from notifykit_migration.backup import make as backups
from notifykit_migration.journal.journal import Journal
from notifykit_migration.model import Backup, CheckResult

from notifykit.errors import NotifykitError

REDUCED = 10
"""Damages of each kind in `make test`."""
DEEP = 400


@dataclass
class Scene:
    """A backup to be damaged, and what a person might take for it."""

    backup: Backup
    project: BackedUp
    other: Path
    """A later backup of the same project."""
    bare: Path
    """The store's file, copied without its log."""
    chance: random.Random

    def files(self) -> list[Path]:
        return sorted(path for path in self.backup.folder.rglob("*") if path.is_file())

    def some(self, *, empty: bool = False) -> Path:
        return self.chance.choice([path for path in self.files() if empty or path.stat().st_size])

    @property
    def store(self) -> Path:
        return self.backup.folder / "store.db"


def flipped_bit(scene: Scene) -> str:
    path = scene.some()
    data = bytearray(path.read_bytes())
    place = scene.chance.randrange(len(data))
    data[place] ^= 1 << scene.chance.randrange(8)
    path.write_bytes(data)
    return f"{path.name} at {place}"


def flipped_bit_in_the_store(scene: Scene) -> str:
    data = bytearray(scene.store.read_bytes())
    place = scene.chance.randrange(len(data))
    data[place] ^= 1 << scene.chance.randrange(8)
    scene.store.write_bytes(data)
    return f"at {place}"


def emptied(scene: Scene) -> str:
    path = scene.some()
    path.write_bytes(b"")
    return path.name


def truncated(scene: Scene) -> str:
    path = scene.some()
    size = scene.chance.randrange(path.stat().st_size)
    path.write_bytes(path.read_bytes()[:size])
    return f"{path.name} at {size}"


def truncated_archive(scene: Scene) -> str:
    """An archive of the folder was cut off: what comes last in it is missing."""
    files = scene.files()
    scene.chance.shuffle(files)
    kept = scene.chance.randrange(len(files))
    for path in files[kept:]:
        path.unlink()
    return f"{kept} of {len(files)} files left"


def missing_file(scene: Scene) -> str:
    path = scene.some(empty=True)
    path.unlink()
    return path.name


def extra_file(scene: Scene) -> str:
    names = ["store.db-wal", "store.db-journal", "files/001-copy", "notes.txt", "retired/00-status.json", "x/y"]
    name = scene.chance.choice(names)
    path = scene.backup.folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(scene.chance.randbytes(100))
    return name


def longer(scene: Scene) -> str:
    path = scene.some()
    with path.open("ab") as file:
        file.write(scene.chance.randbytes(1 + scene.chance.randrange(600)))
    return path.name


def zeroed_page(scene: Scene) -> str:
    data = bytearray(scene.store.read_bytes())
    place = scene.chance.randrange(len(data) // 4096) * 4096
    data[place : place + 4096] = bytes(4096)
    scene.store.write_bytes(data)
    return f"at {place}"


def swapped_files(scene: Scene) -> str:
    one, two = scene.chance.sample([path for path in scene.files() if path.parent.name == "files"], 2)
    data = one.read_bytes()
    one.write_bytes(two.read_bytes())
    two.write_bytes(data)
    return f"{one.name} and {two.name}"


def without_its_log(scene: Scene) -> str:
    """Somebody put the database file itself there: SQLite finds nothing wrong with it, and rows are missing."""
    shutil.copyfile(scene.bare, scene.store)
    return "store.db"


def changed_row(scene: Scene) -> str:
    statements = (
        f"DELETE FROM tasks WHERE id = {scene.chance.randrange(1, 60)}",
        "UPDATE tasks SET status = 'completed' WHERE id = 7",
        "UPDATE sqlite_sequence SET seq = seq + 1",
        "PRAGMA user_version = 3",
        "CREATE INDEX i ON tasks (status)",
        "VACUUM",
    )
    statement = scene.chance.choice(statements)
    with closing(sqlite3.connect(scene.store, isolation_level=None)) as db:
        db.execute("PRAGMA page_size = 8192")  # so that VACUUM changes something
        db.execute(statement)
    return statement


def edited_manifest(scene: Scene) -> str:
    path = scene.backup.folder / "manifest.json"
    form = json.loads(path.read_bytes())
    edits: dict[str, Callable[[], object]] = {
        "rows": lambda: form["store"]["rows"].update(tasks=1),
        "path": lambda: form["files"][0].update(path="state/other.csv"),
        "plan": lambda: form.update(plan_hash="0" * 64),
        "dropped": lambda: form["files"].pop(),
        "sha256": lambda: form["files"][1].update(sha256="0" * 64),
    }
    name = scene.chance.choice(sorted(edits))
    edits[name]()
    path.write_text(json.dumps(form, indent=1) + "\n", encoding="ascii")
    return name


def from_another_backup(scene: Scene) -> str:
    """A file of the backup that was taken a day later."""
    names = ["store.db", "plan.json", "manifest.json", "manifest.sha256", "files/001-合同.csv"]
    name = scene.chance.choice(names)
    shutil.copyfile(scene.other / name, scene.backup.folder / name)
    return name


def another_backup_by_this_name(scene: Scene) -> str:
    shutil.rmtree(scene.backup.folder)
    shutil.copytree(scene.other, scene.backup.folder)
    return "all of it"


KINDS: tuple[Callable[[Scene], str], ...] = (
    flipped_bit,
    flipped_bit_in_the_store,
    emptied,
    truncated,
    truncated_archive,
    missing_file,
    extra_file,
    longer,
    zeroed_page,
    swapped_files,
    without_its_log,
    changed_row,
    edited_manifest,
    from_another_backup,
    another_backup_by_this_name,
)


@dataclass
class Found:
    """What became of the damages."""

    seeded: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)
    restored_wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        total = sum(self.seeded.values())
        kinds = ", ".join(f"{kind.replace('_', ' ')} {count}" for kind, count in sorted(self.seeded.items()))
        wrong = len(self.restored_wrong)
        return f"damage: {total - len(self.missed)} of {total} caught, {wrong} given back wrongly; {kinds}"


def scene_of(tmp_path: Path, seed: int) -> Scene:
    project = BackedUp(tmp_path / "project")
    project.write_to_the_log(20)
    bare = tmp_path / "bare.db"
    shutil.copyfile(project.store, bare)
    backup = project.take()
    with project.files[0].open("ab") as file:
        file.write(b"1000000000000000099,YHWX-BJ-99,N\r\n")
    project.write_to_the_log(1)
    other = project.take(now=NOW + 86_400, hash_="cd" * 32)
    return Scene(backup=backup, project=project, other=other.folder, bare=bare, chance=random.Random(seed))


def sweep(tmp_path: Path, count: int) -> Found:
    scene = scene_of(tmp_path, seed=20250801)
    whole = tmp_path / "whole"
    shutil.copytree(scene.backup.folder, whole)
    with backups.restored(scene.backup) as places:
        wanted = {str(path): place.read_bytes() for path, place in places.items() if place.exists()}
    found = Found()
    for kind in KINDS:
        for _ in range(count):
            what = f"{kind.__name__}: {kind(scene)}"
            found.seeded[kind.__name__] += 1
            if not any(check.result is CheckResult.FAILED for check in backups.check(scene.backup.folder)):
                found.missed.append(what)
            found.restored_wrong += [f"{what}: {wrong}" for wrong in wrongly_restored(scene, wanted)]
            shutil.rmtree(scene.backup.folder)
            shutil.copytree(whole, scene.backup.folder)
    assert [check for check in backups.check(scene.backup.folder) if check.result is not CheckResult.PASSED] == []
    return found


def wrongly_restored(scene: Scene, wanted: dict[str, bytes]) -> list[str]:
    """What a damaged backup gives back must be right, or it gives nothing back."""
    try:
        with backups.restored(backups.find(scene.project.migration, scene.backup.id)) as places:
            given = {str(path): place.read_bytes() for path, place in places.items() if place.exists()}
    except NotifykitError as error:
        return [] if str(scene.backup.folder) in str(error) else [f"does not name the file: {error}"]
    return [path for path in wanted.keys() | given.keys() if wanted.get(path) != given.get(path)]


def test_damage_is_caught(tmp_path: Path) -> None:
    found = sweep(tmp_path, REDUCED)
    assert found.missed == []
    assert found.restored_wrong == []


@pytest.mark.crash
@pytest.mark.deep
@pytest.mark.timeout(900)
def test_damage_is_caught_in_thousands_of_cases(tmp_path: Path) -> None:
    found = sweep(tmp_path, DEEP)
    print(f"\n{found}")
    assert found.missed == []
    assert found.restored_wrong == []


def test_damage_to_the_journal_is_caught(tmp_path: Path) -> None:
    """A cut is no damage: it is how a killed process leaves its last line. All else is."""
    path = tmp_path / "journal.jsonl"
    with Journal(path) as journal:
        for number in range(20):
            journal.append("begun", step=f"flags state/合同-{number}.csv", before="ab" * 32)
    data = path.read_bytes()
    whole = Journal.read(path)
    chance = random.Random(7)
    for _ in range(300):
        damaged = bytearray(data)
        start = chance.randrange(len(data))
        match chance.randrange(3):
            case 0:
                damaged[start] ^= 1 << chance.randrange(8)
            case 1:
                del damaged[start : start + chance.randrange(1, 40)]
            case _:
                damaged[start:start] = chance.randbytes(chance.randrange(1, 40))
        path.write_bytes(damaged)
        try:
            read = Journal.read(path)
        except NotifykitError as error:
            assert "journal.jsonl:" in str(error)  # noqa: PT017 - either way is right
        else:
            assert read == whole[: len(read)], "what is read is what was written"
            assert len(read) >= 19
