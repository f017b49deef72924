"""Whether a backup is still what it was when it was made: each file, and what the database in it holds."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from notifykit.durable.ordinary import refuse_others
from notifykit.errors import StoreError
from notifykit.wording import Reason
from notifykit.wording.translation import gettext
from notifykit_migration.backup.manifest import NAME, SUM, Item, Manifest, StoreItem, read_manifest
from notifykit_migration.errors import VerificationError
from notifykit_migration.files.reading import content_digest, file_digest, untouched
from notifykit_migration.model import Check, CheckResult
from notifykit_migration.wording import checks as named

FILES = "files"
"""The folder within a backup that has the files."""

_HASH = re.compile(rb'(?<!\\)"hash"\s*:\s*"([0-9a-f]*)"')
"""How a plan says its hash. Within a text the quotes have backslashes."""

RETIRED = "retired"
"""The folder within a backup that takes the old files when they are retired: each is one that the backup has."""


def check(folder: Path) -> list[Check]:
    """Look at all of a backup, and change nothing. Never raises for damage: that is what the checks tell."""
    try:
        manifest = read_manifest(folder)
    except VerificationError as error:
        return [Check(what=named.BACKUP_MANIFEST(), result=CheckResult.FAILED, evidence=str(error))]
    return [
        _check(
            named.BACKUP_MANIFEST(),
            _identity(folder, manifest),
            gettext("{number} files, checksum as written", number=len(manifest.items)),
        ),
        _check(named.BACKUP_FILES(), _files(folder, manifest), _amount(manifest)),
        _check(named.BACKUP_PLAN(), _plan(folder, manifest), gettext("plan {hash}", hash=manifest.plan_hash[:12])),
        *_database(folder, manifest),
    ]


def count_rows(connection: sqlite3.Connection) -> dict[str, int]:
    """Return how many rows each table has."""
    names = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name"
    ).fetchall()
    return {
        name: connection.execute('SELECT count(*) FROM "{}"'.format(name.replace('"', '""'))).fetchone()[0]
        for (name,) in names
    }


def integrity(connection: sqlite3.Connection) -> str:
    """Return what SQLite's own check says: `ok`, or what is wrong."""
    return "; ".join(str(row[0]) for row in connection.execute("PRAGMA integrity_check(10)"))


def _check(what: Reason, wrong: list[str], evidence: str) -> Check:
    if wrong:
        result = CheckResult.FAILED
        return Check(what=what, result=result, evidence=gettext("; ").join(wrong[:3]), details=tuple(wrong))
    return Check(what=what, result=CheckResult.PASSED, evidence=evidence)


def _identity(folder: Path, manifest: Manifest) -> list[str]:
    if folder.resolve().name == manifest.id:
        return []
    return [
        gettext(
            "{folder}: this is backup {id}, under another name; give it its own back", folder=folder, id=manifest.id
        )
    ]


def _amount(manifest: Manifest) -> str:
    there = [item for item in manifest.items if item.name is not None]
    size = sum(item.size for item in there)
    absent = len(manifest.items) - len(there)
    return gettext(
        "{number} files with {size:,} bytes, each with its sha256; {absent} that were absent",
        number=len(there),
        size=size,
        absent=absent,
    )


def _files(folder: Path, manifest: Manifest) -> list[str]:
    expected = {item.name: item for item in manifest.items if item.name is not None}
    wrong = [f"{folder / name}: {why}" for name, item in expected.items() if (why := _wrong(folder / name, item))]
    known = {NAME, SUM, FILES, *expected}
    digests = {item.sha256 for item in manifest.files}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if name in known or name == RETIRED:
            continue
        if path.parent.name == RETIRED and path.is_file():
            if file_digest(path) not in digests:
                wrong.append(
                    gettext("{path}: is not the file that was retired: it is none that the backup has", path=path)
                )
        else:
            wrong.append(gettext("{path}: does not belong to the backup; take it away", path=path))
    return wrong


def _wrong(path: Path, item: Item) -> str:
    """Return what is wrong with a file; nothing where it is whole."""
    try:
        size = path.stat().st_size
        if size != item.size:
            return gettext("has {size:,} bytes instead of {expected:,}", size=size, expected=item.size)
        return "" if file_digest(path) == item.sha256 else gettext("is not what it was: its sha256 differs")
    except FileNotFoundError:
        return gettext("is missing")
    except OSError as error:
        return gettext("cannot be read ({strerror})", strerror=error.strerror)


def _plan(folder: Path, manifest: Manifest) -> list[str]:
    path = folder / str(manifest.plan.name)
    found = None
    with suppress(OSError):
        refuse_others(path)
        with path.open("rb") as file:  # line by line: it is large
            found = next((match[1].decode() for line in file if (match := _HASH.search(line))), None)
    if found is None:
        return [gettext("{path}: is no plan", path=path)]
    if found != manifest.plan_hash:
        return [
            gettext(
                "{path}: is plan {found}, and not {plan_hash}", path=path, found=found, plan_hash=manifest.plan_hash
            )
        ]
    return []


def _database(folder: Path, manifest: Manifest) -> Iterator[Check]:
    store = manifest.store
    if store is None:
        yield Check(what=named.BACKUP_DATABASE(), result=CheckResult.SKIPPED, evidence=gettext("there was none"))
        return
    path = folder / str(store.item.name)
    try:
        with untouched(path) as connection:
            said, rows = integrity(connection), count_rows(connection)
            digest = content_digest(connection)
            (version,) = connection.execute("PRAGMA user_version").fetchone()
    except StoreError as error:
        yield Check(what=named.BACKUP_DATABASE(), result=CheckResult.FAILED, evidence=str(error))
        return
    yield _check(named.BACKUP_DATABASE(), [f"{path}: {said}"] if said != "ok" else [], gettext("integrity_check: ok"))
    yield _check(named.BACKUP_ROWS(), _rows(path, store, rows), _amounts(rows))
    wrong = []
    if (digest, version) != (store.content_digest, store.user_version):
        wrong.append(gettext("{path}: schema, rows or sequences are not what they were", path=path))
    yield _check(named.BACKUP_CONTENT(), wrong, gettext("schema, rows and sequences: {digest}", digest=digest[:12]))


def _rows(path: Path, store: StoreItem, rows: dict[str, int]) -> list[str]:
    return [
        gettext(
            "{path}: {table}: {number} rows instead of {expected}",
            path=path,
            table=table,
            number=rows.get(table, gettext("no table")),
            expected=store.rows.get(table, gettext("no table")),
        )
        for table in sorted({*rows, *store.rows})
        if rows.get(table) != store.rows.get(table)
    ]


def _amounts(rows: dict[str, int]) -> str:
    return ", ".join(f"{table}: {count}" for table, count in rows.items()) or gettext("no table")
