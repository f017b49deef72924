"""Whether a database has an outbox, of which version, and how it comes to be of this one.

The tables are in a schema of their own. Its one row of `about` says how many steps have made it; each step is an SQL
file in `steps/`, in the order of their names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from notifykit.errors import StoreError, told
from notifykit.outbox.copying import CopyState
from notifykit.outbox.postgres import advisory
from notifykit.outbox.postgres.database import Database
from notifykit.wording.translation import gettext, gettext_noop, joined

ANOTHER_MEND = gettext_noop("correct `store:`; where this one is meant, run `notifykit store accept`")

OLDEST = 150_000
"""The oldest server's version: PostgreSQL 15."""

# `prepare`: what the server is.
_SERVER = "SELECT current_setting('server_version_num')::integer, current_setting('server_encoding')"

# `look`: whether there is an outbox, or something else that is called as a part of one.
_THERE = """
SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = pg_class.oid AND attname = 'identity')
  FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
 WHERE nspname = %s AND relname = 'about'
"""

# `_require_free`: which of these names are taken.
_TAKEN = """
SELECT relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
 WHERE nspname = %s AND relname = ANY (%s) ORDER BY relname
"""

# `owner`: whose the tables are, and whether this account is that, or may act as it.
_OWNER = """
SELECT pg_get_userbyid(relowner), pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = 'outbox.about'::regclass
"""

# `look`: which one, and of which version.
_ABOUT = "SELECT identity, version FROM outbox.about"

# `prepare`: make the schema, where the account may.
_SCHEMA = 'CREATE SCHEMA IF NOT EXISTS "{name}"'

# `prepare`: it is of this version now.
_SET_VERSION = "UPDATE outbox.about SET version = %s"

# `copy_state`: whether it was moved, or is a copy that is not complete.
_COPY = "SELECT state, other, copy, at FROM outbox.copy"

# `refused_rights`: whether the schema can be made, or is there and tables can be made in it.
_MAY_MAKE = """
SELECT CASE WHEN to_regnamespace(%(schema)s) IS NULL THEN has_database_privilege(current_database(), 'CREATE')
            ELSE has_schema_privilege(%(schema)s, 'CREATE') END
"""

# `refused_rights`: the tables that this account may not write.
_REFUSED = """
SELECT tablename FROM pg_tables
 WHERE schemaname = %s AND tablename <> 'about'
   AND NOT (SELECT bool_and(has_table_privilege(format('%%I.%%I', schemaname, tablename), needed))
              FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS needed)
 ORDER BY tablename
"""

_COMMENT = re.compile(r"^--.*\n", re.MULTILINE)
_TABLE = re.compile(r"CREATE TABLE outbox\.(\w+)")


class About(NamedTuple):
    """What an outbox says of itself."""

    identity: str
    version: int


@cache
def steps() -> tuple[str, ...]:
    """Return the statements of all steps, the oldest first."""
    files = sorted(Path(__file__).with_name("steps").glob("*.sql"))
    return tuple(_COMMENT.sub("", file.read_text(encoding="utf-8")) for file in files)


def look(db: Database) -> About | None:
    """Return what the outbox says of itself; None where there is none. Raises StoreError for what is no outbox."""
    there = db.one(_THERE, (db.schema,))
    if there is None:
        return None
    if not there[0]:
        raise _another_program(db, ["about"])
    found = db.one(_ABOUT)
    return None if found is None else About._make(found)


def require(db: Database, about: About | None, identity: str | None) -> None:
    """Raise StoreError where an outbox is another one than that, or of a newer version. `identity` None: any."""
    if about is not None and about.version > len(steps()):
        raise StoreError(
            gettext(
                "written by a newer notifykit (its schema is of version {version}, this one knows {number})",
                version=about.version,
                number=len(steps()),
            ),
            mend=gettext("update notifykit with `pip install --upgrade notifykit-outbox`"),
            where=db.where,
        )
    if identity is not None and (about is None or about.identity != identity):
        raise StoreError(
            gettext("is not the outbox that this project has worked with"), mend=gettext(ANOTHER_MEND), where=db.where
        )


def require_current(db: Database, *, identity: str | None) -> About:
    """Return what an outbox of this version is. Raises StoreError as `prepare` does, and for one of an earlier one."""
    about = look(db)
    require(db, about, identity)
    if about is None:
        raise no_outbox(db)
    if about.version < len(steps()):
        mend = gettext("run `notifykit generate`, which upgrades it")
        raise StoreError(gettext("written by an earlier notifykit"), mend=mend, where=db.where)
    return about


def owner(db: Database) -> tuple[str, bool]:
    """Return whose the tables of an outbox are, and whether this account is that, or may act as it."""
    found: tuple[str, bool] = db.one(_OWNER)
    return found


def _require_free(db: Database) -> None:
    """Raise StoreError where a table of another program has the name of one that is to be made."""
    names = [name for step in steps() for name in _TABLE.findall(step)]
    if taken := [name for (name,) in db.all(_TAKEN, (db.schema, names))]:
        raise _another_program(db, taken)


def _require_owner(db: Database) -> None:
    """Raise StoreError where this account may not bring an outbox to this version."""
    name, may = owner(db)
    if not may:
        mend = gettext('run `notifykit generate` as "{owner}", which owns the tables and upgrades them', owner=name)
        raise StoreError(gettext("written by an earlier notifykit"), mend=mend, where=db.where)


def _another_program(db: Database, taken: Sequence[str]) -> StoreError:
    what = gettext(
        "the schema {schema} holds tables of another program: {taken}",
        schema=db.schema,
        taken=joined(gettext(", "), taken),
    )
    return StoreError(what, mend=gettext("name another one in `store:`, by `?schema=NAME`"), where=db.where)


def prepare(db: Database, *, create: bool, identity: str | None) -> About:
    """Bring the outbox to this version, in one transaction; returns what it is.

    Raises StoreError, before anything is changed, for a server that is too old, for another outbox than `identity`, for
    one of a newer version, for one of an earlier version that another account owns, for tables of another program, and
    where there is none and `create` is off.
    """
    about = look(db)
    require(db, about, identity)
    if about is not None and about.version == len(steps()):
        return about
    if about is None and not create:
        raise no_outbox(db)
    _require_server(db)
    with db.transaction():
        advisory.hold(db, "schema", [""])
        about = look(db)  # perhaps somebody else was faster
        require(db, about, identity)
        if about is None:
            _require_free(db)
            db.execute(_SCHEMA.format(name=db.schema))
        else:
            _require_owner(db)
        for step in steps()[0 if about is None else about.version :]:
            db.execute(step)
        db.execute(_SET_VERSION, (len(steps()),))
        made = look(db)
    assert made is not None  # noqa: S101 - it was made just now
    return made


def copy_state(db: Database) -> CopyState | None:
    """Return why nobody works with an outbox of this version; None where it is in use."""
    found = db.one(_COPY)
    return None if found is None else CopyState(*found)


def require_in_use(db: Database) -> None:
    """Raise StoreError where an outbox was moved away, or is a copy that is not complete."""
    if (state := copy_state(db)) is not None:
        raise state.error(db.where)


def refused_rights(db: Database) -> Iterator[str]:
    """Yield what this account may not do: with the tables, or where they are to be made."""
    about = look(db)
    if about is None and not db.one(_MAY_MAKE, {"schema": db.schema})[0]:
        yield told(
            gettext("the schema {schema} cannot be made there", schema=db.schema),
            mend=gettext("ask who runs the server to grant CREATE"),
            where=db.where,
        )
    try:
        if about is None:
            _require_server(db)
            _require_free(db)
        elif about.version < len(steps()):
            _require_owner(db)
    except StoreError as error:
        yield str(error)
    if about is None:
        return
    refused = [name for (name,) in db.all(_REFUSED, (db.schema,))]
    if refused:
        yield told(
            gettext("cannot be written: {refused}", refused=joined(gettext(", "), refused)),
            mend=gettext("have the owner of the tables run `notifykit store grant`"),
            where=db.where,
        )


def no_outbox(db: Database) -> StoreError:
    """Say that there is none."""
    return StoreError(
        gettext("there is no outbox yet"),
        mend=gettext("`notifykit generate` or `notifykit run` makes one"),
        where=db.where,
    )


def _require_server(db: Database) -> None:
    version, encoding = db.one(_SERVER)
    if version < OLDEST:
        raise StoreError(
            gettext("the server is PostgreSQL {version}", version=version // 10_000),
            mend=gettext("use PostgreSQL 15 or newer"),
            where=db.where,
        )
    if encoding != "UTF8":
        mend = gettext("make one with `createdb --encoding UTF8 --template template0`")
        raise StoreError(
            gettext("the database keeps texts in {encoding}, not in UTF8", encoding=encoding), mend=mend, where=db.where
        )
