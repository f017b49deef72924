"""An outbox on a PostgreSQL server. What needs psycopg is imported when the server is asked."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING
from urllib.parse import unquote

from notifykit.clock import Clock, SystemClock
from notifykit.errors import StoreError
from notifykit.options import OptionError
from notifykit.wording.translation import gettext, gettext_noop

if TYPE_CHECKING:
    from notifykit.outbox.postgres.copying import PostgresCopyEnd
    from notifykit.outbox.postgres.store import PostgresOutbox

SCHEMA = "notifykit"
"""The schema of the tables, where the URL names none."""

_URL = re.compile(
    r"(?P<scheme>[^:]*://)(?P<account>[^/?]*@)?(?P<hosts>[^/?]*)/?(?P<database>[^?]*)(\?(?P<query>.*))?", re.DOTALL
)
"""As libpq reads it: several hosts, or none, which is the socket of this machine."""

_HOST = re.compile(r"(\[[^]]*\]|[^:]*)(:[0-9]*)?")
_SECRET = ("password", "sslpassword", "scram_client_key", "scram_server_key", "oauth_client_secret")

_INSTALL = 'pip install "notifykit-outbox[postgres]"'
_MEND = gettext_noop("write `postgresql://account@host/database`, and put the password into `~/.pgpass` or PGPASSWORD")
_CODED = gettext_noop("write @ / ? in it as %40 %2F %3F")


@dataclass(frozen=True, slots=True)
class PostgresAddress:
    """See `notifykit.outbox.address.StoreAddress`.

    The URL is libpq's. Beside what that takes, `?schema=NAME` says in which schema the tables are.
    """

    url: str

    def __post_init__(self) -> None:
        """Raise OptionError for a URL that names no database, or no schema that can be called so."""
        parts = self._parts
        wrong = next((host for host in parts["hosts"].split(",") if not _HOST.fullmatch(host)), None)
        if "@" in parts["account"][:-1] or (wrong and "@" in self.url and not parts["account"]):
            raise OptionError("store", gettext("has a password that ends too early"), mend=gettext(_CODED))
        if wrong:
            what = gettext("is no address: {host!r} is no host with a port", host=wrong)
            raise OptionError("store", what, mend=gettext(_MEND))
        named = parts["database"] or self._said("dbname") or self._said("service")
        if not named or "/" in named:
            raise OptionError("store", gettext("names no database"), mend=gettext(_MEND))
        if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", self.schema):
            raise OptionError(
                "store",
                gettext("the schema cannot be called {schema!r}", schema=self.schema),
                mend=gettext("write small letters and _"),
            )

    def __str__(self) -> str:
        return self._without(*_SECRET, account=re.sub(":.*@", "@", self._parts["account"] or "", flags=re.DOTALL))

    @property
    def file(self) -> None:
        """A server keeps it."""
        return None

    @property
    def schema(self) -> str:
        """The schema of the tables."""
        return self._said("schema") or SCHEMA

    @property
    def conninfo(self) -> str:
        """The URL as libpq takes it."""
        return self._without("schema")

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

        Raises StoreError, also where there is no such account, no outbox, or one whose tables are another account's.
        """
        granting = self._module("granting")
        with closing(self.open(SystemClock(), create=False)) as outbox, outbox.transaction():
            if not granting.is_role(outbox.db, role):
                mend = gettext('make it first: CREATE ROLE "{role}" LOGIN', role=role)
                raise StoreError(gettext('the server has no account "{role}"', role=role), mend=mend, where=self)
            owner, may = self._module("schema").owner(outbox.db)
            if not may:  # the server would grant nothing, and say so by a warning alone
                mend = gettext("run this as that account")
                raise StoreError(gettext('the tables are those of "{owner}"', owner=owner), mend=mend, where=self)
            statements: Sequence[str] = granting.statements(self.schema, owner, role, look=look)
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

    @property
    def _parts(self) -> Mapping[str, str]:
        found = _URL.fullmatch(self.url)
        assert found is not None  # noqa: S101 - what has a scheme is one
        return found.groupdict(default="")

    def _said(self, name: str) -> str:
        """Return what is said for a parameter last; nothing where it is not there."""
        return next((unquote(value) for known, value in reversed(self._parameters) if known == name), "")

    @property
    def _parameters(self) -> Sequence[tuple[str, str]]:
        """The names of the parameters, and their values as they are written."""
        pairs = (pair.partition("=") for pair in self._parts["query"].split("&") if pair)
        return [(unquote(name), value) for name, _, value in pairs]

    def _without(self, *names: str, account: str | None = None) -> str:
        """Return the URL without some parameters. `account`: with this one."""
        parts = self._parts
        query = "&".join(f"{name}={value}" for name, value in self._parameters if name not in names)
        begin = f"{parts['scheme'].lower()}{parts['account'] if account is None else account}{parts['hosts']}"
        return f"{begin}/{parts['database']}{query and '?'}{query}"

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
