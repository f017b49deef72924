"""Backups: everything that a migration may change, as it was, and proof that it is whole.

A backup is made under another name, and gets its own when all of it is on disk: what has the name is complete.
"""

from __future__ import annotations

import errno
import hashlib
import itertools
import os
import shutil
import sqlite3
import stat
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from notifykit.durable import copy_new, make_folder, mend, new_file, sync, sync_file, sync_folder, write_new
from notifykit.durable.ordinary import read_ordinary
from notifykit.wording.translation import gettext
from notifykit_migration.backup.checks import FILES, check, count_rows, integrity
from notifykit_migration.backup.manifest import (
    Item,
    Manifest,
    StoreItem,
    damaged,
    read_manifest,
    write_manifest,
)
from notifykit_migration.errors import PreflightError, VerificationError
from notifykit_migration.files.paths import shown
from notifykit_migration.files.reading import content_digest, file_digest, untouched
from notifykit_migration.journal.folder import MigrationFolder
from notifykit_migration.model import Backup, Plan

__all__ = ["check", "content", "find", "latest", "plan_file", "plan_is_whole", "restored", "store_copy", "take"]

PLAN = "plan.json"
STORE = "store.db"

_MAKING = ".making-"


def take(
    folder: MigrationFolder,
    plan: Plan,
    plan_text: Iterable[str],
    *,
    project: Path,
    store: Path | None,
    files: Sequence[Path],
    clock_now: float,
) -> Backup:
    """Make a backup of the store, of files, and of the plan that is about to change them.

    A file that is not there is recorded as absent. `plan_text`: in pieces. `clock_now`: seconds since the epoch. The
    caller has the migration's lock. Raises PreflightError where it cannot be written, then nothing is left of it;
    StoreError where the store cannot be read; VerificationError where the copy is not whole.
    """
    with _made(folder, plan, clock_now) as (id_, making):
        manifest = Manifest(
            id=id_,
            made_at=clock_now,
            plan_hash=plan.hash,
            plan=_text(making, plan_text),
            store=None if store is None else _store(making, project, store),
            files=tuple(_files(making, project, files)),
        )
        write_manifest(making, manifest)
    return _backup(folder.backups / id_, manifest)


def find(folder: MigrationFolder, id_: str) -> Backup:
    """Return the backup of this id. Raises VerificationError where there is none, or its manifest is damaged."""
    path = folder.backups / id_
    if id_ not in (known := _ids(folder)):
        back = gettext("there is none. Put it back, if it was moved")
        if known:
            back = gettext("there are {known}. Put it back, if it was moved", known=", ".join(known))
        raise VerificationError(
            gettext("there is no such backup"),
            mend=back,
            where=path,
        )
    if (manifest := read_manifest(path)).id != id_:
        raise damaged(path, gettext("it is backup {id}, under another name", id=manifest.id))
    return _backup(path, manifest)


def latest(folder: MigrationFolder) -> Backup | None:
    """Return the newest backup; None where there is none. Raises VerificationError where its manifest is damaged."""
    ids = _ids(folder)
    return find(folder, ids[-1]) if ids else None


def store_copy(backup: Backup) -> Path | None:
    """Return the copy of the store; None where there was no store."""
    store = read_manifest(backup.folder).store
    return None if store is None else backup.folder / str(store.item.name)


def plan_file(backup: Backup) -> Path:
    """Return where its plan is."""
    return backup.folder / PLAN


def plan_is_whole(backup: Backup) -> bool:
    """Whether its plan is the one that it was made with. Raises OSError, and VerificationError for a damaged backup."""
    return file_digest(plan_file(backup)) == read_manifest(backup.folder).plan.sha256


def content(backup: Backup, path: Path) -> bytes | None:
    """Return what was in a file; None where there was none.

    Raises VerificationError where the backup is damaged, and LookupError for a file that it was not told of.
    """
    wanted = shown(_project(backup), path)
    for item in read_manifest(backup.folder).files:
        if item.path == wanted:
            if item.name is None:
                return None
            return _proven(backup.folder / item.name, item)
    raise LookupError(gettext("{folder}: was not told of {wanted}", folder=backup.folder, wanted=wanted))


@contextmanager
def restored(backup: Backup) -> Iterator[Mapping[Path, Path]]:
    """Restore everything into a temporary folder. Yields, for each file, where it was and where it is restored.

    What was absent is absent there too. Modification times are those of the originals. Raises VerificationError
    where the backup is damaged, and PreflightError where there is no room.
    """
    manifest = read_manifest(backup.folder)
    project = _project(backup)
    with tempfile.TemporaryDirectory(prefix="notifykit-") as temporary:
        places = {}
        for number, item in enumerate(manifest.items):
            if item is not manifest.plan:
                places[project / item.path] = _restored(backup.folder, item, Path(temporary) / f"{number:03d}")
        yield places


def _restored(folder: Path, item: Item, target: Path) -> Path:
    if item.name is None:
        return target
    source = folder / item.name
    try:
        if copy_new(source, target) != (item.sha256, item.size):
            raise damaged(source, gettext("its sha256 differs"))
        os.utime(target, ns=(item.mtime_ns, item.mtime_ns))
    except FileNotFoundError as error:
        raise damaged(source, gettext("it is missing")) from error
    except OSError as error:
        raise PreflightError(
            gettext("the backup cannot be restored there {mend}, or set TMPDIR", mend=mend(error)),
            where=error.filename or target,
        ) from error
    return target


def _proven(path: Path, item: Item) -> bytes:
    try:
        data = read_ordinary(path, None)
    except OSError as error:
        raise damaged(path, error.strerror or str(error)) from error
    if hashlib.sha256(data).hexdigest() != item.sha256:
        raise damaged(path, gettext("its sha256 differs"))
    return data


@contextmanager
def _made(folder: MigrationFolder, plan: Plan, now: float) -> Iterator[tuple[str, Path]]:
    """Yield an id and a folder to fill, which gets that name when it is full. Nothing is left of a failure."""
    making = folder.backups
    try:
        make_folder(folder.path)
        make_folder(folder.backups)
        _tidy(folder)
        id_ = _id(folder, plan, now)
        making = folder.backups / f"{_MAKING}{id_}"
        making.mkdir(mode=0o700)
        (making / FILES).mkdir(mode=0o700)
        yield id_, making
        sync_folder(making / FILES)
        sync_folder(making)
        making.rename(folder.backups / id_)
        sync_folder(folder.backups)
    except BaseException as error:
        _tidy(folder)
        if isinstance(error, OSError):
            raise PreflightError(
                gettext(
                    "the backup cannot be made {mend}; nothing was changed, and nothing is left of it", mend=mend(error)
                ),
                where=error.filename or making,
            ) from error
        raise


def _tidy(folder: MigrationFolder) -> None:
    """Remove what is left of backups that were not completed: only the holder of the lock makes one."""
    if folder.backups.is_dir():
        for path in folder.backups.iterdir():
            if path.name.startswith(_MAKING):
                shutil.rmtree(path, ignore_errors=True)


def _ids(folder: MigrationFolder) -> list[str]:
    if not folder.backups.is_dir():
        return []
    return sorted(path.name for path in folder.backups.iterdir() if path.is_dir() and path.name[0] != ".")


def _id(folder: MigrationFolder, plan: Plan, now: float) -> str:
    """Return a name that no backup has."""
    base = f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime(now))}-{plan.hash[:8]}"
    taken = _ids(folder)
    others = (f"{base}-{number:02d}" for number in itertools.count(2))
    return next(name for name in itertools.chain([base], others) if name not in taken)


def _backup(path: Path, manifest: Manifest) -> Backup:
    return Backup(id=manifest.id, folder=path, plan_hash=manifest.plan_hash, made_at=manifest.made_at)


def _project(backup: Backup) -> Path:
    """Return the project's folder: above that of the migration, and that of the backups."""
    return backup.folder.absolute().parents[2]


def _text(making: Path, text: Iterable[str]) -> Item:
    digest = hashlib.sha256()
    with new_file(making / PLAN) as file:
        for piece in text:
            data = piece.encode("utf-8", "surrogatepass")
            digest.update(data)
            file.write(data)
        size = file.tell()
        sync(file)
    return Item(path=PLAN, name=PLAN, sha256=digest.hexdigest(), size=size)


def _files(making: Path, project: Path, files: Sequence[Path]) -> Iterator[Item]:
    wanted = {shown(project, path): path for path in files}
    for number, (told, path) in enumerate(wanted.items(), 1):
        try:
            facts = (project / path).stat()
        except FileNotFoundError:
            yield Item(path=told, name=None)
            continue
        # 60 characters of any script are fewer bytes than a name may have.
        name = f"{FILES}/{number:03d}-{path.name[-60:]}"
        sha256, size = copy_new(project / path, making / name)
        yield _item(told, name, sha256, size, facts)


def _item(path: str, name: str, sha256: str, size: int, facts: os.stat_result) -> Item:
    mode = stat.S_IMODE(facts.st_mode)
    return Item(path=path, name=name, sha256=sha256, size=size, mode=mode, mtime_ns=facts.st_mtime_ns)


def _store(making: Path, project: Path, store: Path) -> StoreItem:
    """Copy the database as SQLite sees it: what stands in its log only would be lost in a copy of the file."""
    path = making / STORE
    facts = store.stat()
    write_new(path, b"")
    with untouched(store) as source:
        (mode,) = source.execute("PRAGMA journal_mode").fetchone()
        with closing(sqlite3.connect(path, isolation_level=None)) as copy:
            # A torn copy is never used, so it needs no journal of its own.
            copy.execute("PRAGMA journal_mode = OFF")
            copy.execute("PRAGMA synchronous = OFF")
            _copy(source, copy, path)
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as copy:
            copy.execute("PRAGMA journal_mode = DELETE")
            said, rows, digest = integrity(copy), count_rows(copy), content_digest(copy)
            (version,) = copy.execute("PRAGMA user_version").fetchone()
    except sqlite3.Error as error:
        raise VerificationError(
            gettext("its copy cannot be read back ({error}); is the database damaged?", error=error), where=store
        ) from error
    if said != "ok":
        raise VerificationError(
            gettext("integrity_check: {said}", said=said),
            mend=(
                gettext(
                    "nothing was changed. Mend the database first (`sqlite3 {store} .recover`), or "
                    "restore a backup of it",
                    store=store.name,
                )
            ),
            where=store,
        )
    sync_file(path)
    return StoreItem(
        item=_item(shown(project, store), STORE, file_digest(path), path.stat().st_size, facts),
        content_digest=digest,
        rows=rows,
        integrity=said,
        journal_mode=str(mode),
        user_version=int(version),
    )


def _copy(source: sqlite3.Connection, copy: sqlite3.Connection, path: Path) -> None:
    try:
        source.backup(copy)
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        if code == sqlite3.SQLITE_FULL:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path)) from error
        raise
