"""The files that messages carry, in the PostgreSQL outbox: each content once, and which tasks carry it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from notifykit.outbox.postgres import advisory
from notifykit.outbox.postgres.database import Database

if TYPE_CHECKING:
    from notifykit.messages.attachments import Attachment

# `attach`: those of some hashes under which nothing is kept yet.
_UNKNOWN = """
SELECT sha256 FROM unnest(%s::text[]) AS given (sha256)
 WHERE NOT EXISTS (SELECT 1 FROM outbox.contents WHERE contents.sha256 = given.sha256)
"""

_CONTENTS = "outbox.contents (sha256, size, data)"
_OF_CONTENTS = ("text", "int8", "bytea")

_ATTACHED = "outbox.attached (task_id, sha256)"
_OF_ATTACHED = ("int8", "text")

# `attach_like`: new rounds carry what the rounds before them do.
_ATTACH_LIKE = """
INSERT INTO outbox.attached (task_id, sha256)
SELECT new.id, sha256 FROM unnest(%(new)s::bigint[], %(old)s::bigint[]) AS new (id, old)
  JOIN outbox.attached ON attached.task_id = new.old
"""

# `of_tasks`: the hashes of what tasks carry.
_OF_TASKS = "SELECT DISTINCT sha256 FROM outbox.attached WHERE task_id = ANY (%s::bigint[]) ORDER BY sha256"

# `detach`: tasks carry nothing any more.
_DETACH = "DELETE FROM outbox.attached WHERE task_id = ANY (%s::bigint[])"

# `drop_unused`: contents that no task carries.
_DROP_UNUSED = """
DELETE FROM outbox.contents
 WHERE sha256 = ANY (%s::text[])
   AND NOT EXISTS (SELECT 1 FROM outbox.attached WHERE attached.sha256 = contents.sha256)
"""

# `read`: what is kept under a hash.
_READ = "SELECT data FROM outbox.contents WHERE sha256 = %s"

# `rows_of`: likewise, as an archive keeps it.
_ROW = "SELECT sha256, size, data FROM outbox.contents WHERE sha256 = %s"


def hold(db: Database) -> None:
    """Let nobody else keep or remove contents until the transaction ends: what one carries, another may be dropping."""
    advisory.hold(db, "contents", [""])


def attach(db: Database, carried: Mapping[int, Sequence[Attachment]]) -> None:
    """Keep what tasks carry from now on, by their ids."""
    hold(db)
    by_hash = {one.sha256: one for attachments in carried.values() for one in attachments}
    unknown = [by_hash[sha256] for (sha256,) in db.all(_UNKNOWN, (sorted(by_hash),))]
    db.copy_in(_CONTENTS, _OF_CONTENTS, ((one.sha256, one.size, one.read()) for one in unknown))
    pairs = sorted({(id_, one.sha256) for id_, attachments in carried.items() for one in attachments})
    db.copy_in(_ATTACHED, _OF_ATTACHED, pairs)


def attach_like(db: Database, new: Sequence[int], old: Sequence[int]) -> None:
    """Let new rounds of messages carry what the rounds before them do."""
    db.execute(_ATTACH_LIKE, {"new": list(new), "old": list(old)})


def of_tasks(db: Database, ids: Collection[int]) -> list[str]:
    """Return the hashes of what tasks carry."""
    return [sha256 for (sha256,) in db.all(_OF_TASKS, (list(ids),))]


def rows_of(db: Database, hashes: Collection[str]) -> Iterator[tuple[str, int, bytes]]:
    """Yield what is kept under hashes, with its size, one after the other."""
    for sha256 in hashes:
        yield from db.all(_ROW, (sha256,))


def detach(db: Database, ids: Collection[int]) -> list[str]:
    """Let tasks carry nothing any more; returns the hashes of what they carried, which stays held."""
    carried = of_tasks(db, ids)
    if carried:
        hold(db)
        db.execute(_DETACH, (list(ids),))
    return carried


def drop_unused(db: Database, hashes: Collection[str]) -> None:
    """Remove those of these contents that no task carries. They are held."""
    if hashes:
        db.execute(_DROP_UNUSED, (list(hashes),))


def read(db: Database, sha256: str) -> bytes:
    """Return what is kept under a hash. Raises LookupError where nothing is."""
    found = db.one(_READ, (sha256,))
    if found is None:
        raise LookupError(sha256)
    return bytes(found[0])
