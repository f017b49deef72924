"""An outbox on a PostgreSQL server. What needs psycopg is imported when the server is asked."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, parse_qsl, quote, urlencode, urlsplit

from notifykit.clock import Clock, SystemClock
from notifykit.errors import StoreError
from notifykit.options import OptionError
from notifykit.wording.translation import gettext, gettext_noop

if TYPE_CHECKING:
    from notifykit.outbox.postgres.copying import PostgresCopyEnd
    from notifykit.outbox.postgres.store import PostgresOutbox

SCHEMA = "notifykit"
"""The schema of the tables, where the URL names none."""

_INSTALL = 'pip install "notifykit-outbox[postgres]"'
_MEND = gettext_noop("write `postgresql://account@host/database`, and put the password into `~/.pgpass` or PGPASSWORD")


@dataclass(frozen=True, slots=True)
class PostgresAddress:
    """See `notifykit.outbox.address.StoreAddress`.

    The URL is libpq's. Beside what that takes, `?schema=NAME` says in which schema the tables are.
    """

    url: str

    def __post_init__(self) -> None:
        """Raise OptionError for a URL that names no database, or no schema that can be called so."""
        try:
            parts = urlsplit(self.url)
            named = parts.path.strip("/")
            _ = parts.port
        except ValueError as error:
            raise OptionError("store", gettext("is no address: {error}", error=error), mend=gettext(_MEND)) from error
        if not named or "/" in named:
            raise OptionError("store", gettext("names no database"), mend=gettext(_MEND))
        if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", self.schema):
            raise OptionError(
                "store",
                gettext("the schema cannot be called {schema!r}", schema=self.schema),
                mend=gettext("write small letters and _"),
            )

    def __str__(self) -> str:
        parts = urlsplit(self.url)
        shown = parts._replace(netloc=f"{_account(parts)}{parts.netloc.rpartition('@')[2]}")
        return shown._replace(query=_query(parts, without=("password", "sslpassword"))).geturl()

    @property
    def file(self) -> None:
        """A server keeps it."""
        return None

    @property
    def schema(self) -> str:
        """The schema of the tables."""
        return dict(parse_qsl(urlsplit(self.url).query)).get("schema", SCHEMA)

    @property
    def conninfo(self) -> str:
        """The URL as libpq takes it."""
        parts = urlsplit(self.url)
        return parts._replace(query=_query(parts, without=("schema",))).geturl()

    def exists(self) -> bool:
        """Ask the server whether there is an outbox."""
        module = self._module("schema")
        database = self._module("database").Database(self.conninfo, SystemClock(), schema=self.schema, read_only=True)
        with closing(database) as db:
            return module.look(db) is not None

    def open(self, clock: Clock, *, create: bool = True, identity: str | None = None) -> PostgresOutbox:
        """Connect to the server."""
        return self._outbox().open(self.conninfo, clock, create=create, identity=identity, schema=self.schema)

    def look(self, clock: Clock, *, identity: str | None = None) -> PostgresOutbox:
        """Connect to the server to look."""
        return self._outbox().look(self.conninfo, clock, identity=identity, schema=self.schema)

    def copy_end(self, *, create: bool) -> PostgresCopyEnd:
        """Connect to the server as to one end of a copy."""
        outbox = self._outbox().open(self.conninfo, create=create, schema=self.schema, unused=True)
        end: PostgresCopyEnd = self._module("copying").PostgresCopyEnd(outbox)
        return end

    def unwritable(self) -> Iterator[str]:
        """Ask the server what the account may not do."""
        database = self._module("database").Database(self.conninfo, SystemClock(), schema=self.schema, read_only=True)
        with closing(database) as db:
            yield from self._module("schema").refused_rights(db)

    def grant(self, role: str, *, look: bool) -> Sequence[str]:
        """Give an account the rights that it needs, in one transaction; returns what was run. `look`: only to look.

        Raises StoreError, also where there is no such account, or no outbox.
        """
        granting = self._module("granting")
        with closing(self.open(SystemClock(), create=False)) as outbox, outbox.transaction():
            if not granting.is_role(outbox.db, role):
                mend = gettext('make it first: CREATE ROLE "{role}" LOGIN', role=role)
                raise StoreError(gettext('the server has no account "{role}"', role=role), mend=mend, where=self)
            statements: Sequence[str] = granting.statements(self.schema, role, look=look)
            for statement in statements:
                outbox.db.execute(statement)
        return statements

    def gone(self) -> StoreError:
        """Return the error that tells of a schema that was there."""
        return StoreError(
            gettext("the outbox of this project is gone: it was dropped, or `store:` names another database"),
            mend=gettext("restore it from a backup, or correct `store:`"),
            where=self,
        )

    def _outbox(self) -> type[PostgresOutbox]:
        found: type[PostgresOutbox] = self._module("store").PostgresOutbox
        return found

    def _module(self, name: str) -> ModuleType:
        try:
            return importlib.import_module(f"notifykit.outbox.postgres.{name}")
        except ModuleNotFoundError as error:
            if error.name != "psycopg":
                raise
            raise StoreError(gettext("needs the library psycopg"), mend=_INSTALL, where=self) from error


def _account(parts: SplitResult) -> str:
    return f"{parts.username}@" if parts.username else ""


def _query(parts: SplitResult, *, without: tuple[str, ...]) -> str:
    return urlencode(
        [(name, value) for name, value in parse_qsl(parts.query) if name not in without], safe="/,", quote_via=quote
    )
