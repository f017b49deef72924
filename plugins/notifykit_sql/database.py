"""A database: where it is, how it is asked, and what is said where it does not answer.

SQLAlchemy is loaded by whoever asks, not by the options: every command that looks at a campaign imports these.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from notifykit.errors import CampaignError
from notifykit.options import OptionError, Secret
from notifykit.secrets import SecretMissingError, redact
from notifykit.wording.translation import gettext

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Engine
    from sqlalchemy.exc import SQLAlchemyError

AT_ONCE = 500
"""Rows that are fetched together."""

LOCKS = 5.0
"""Seconds that a write waits for rows that another program keeps locked; the next pass tries again."""

_DRIVERS = {
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
}
"""Of URLs that name none: those that the extra `sql` installs."""
_EXTRAS = {"psycopg": "postgres", "pymysql": "sql", "sqlalchemy": "sql"}
"""Which extra brings a module. Drivers of other databases are in none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """A file of SQLite, or a server. Exactly one of the two is said."""

    path: Path | None
    url: Secret | str | None
    timeout: float
    """Seconds to connect, and for one answer."""

    def url_now(self) -> URL:
        """Return the address with its driver. Raises CampaignError where it is none, or its secret is not set."""
        sqlalchemy = _sqlalchemy()
        if self.path is not None:
            # `mode=rw`: SQLite would make an empty database of a name that is not there.
            query = {"mode": "rw", "uri": "true"}
            file: URL = sqlalchemy.URL.create("sqlite", database=self.path.as_uri(), query=query)
            return file
        assert self.url is not None  # noqa: S101 - the options say one of the two
        try:
            url: URL = sqlalchemy.make_url(self.url if isinstance(self.url, str) else self.url.reveal())
        except SecretMissingError as error:
            raise CampaignError(error.what, mend=error.mend) from None
        except (ValueError, sqlalchemy.exc.ArgumentError):
            raise CampaignError(
                gettext("`url` is no address of a database"),
                mend=gettext("write it like postgresql://user@server/database"),
            ) from None
        return url.set(drivername=_DRIVERS.get(url.drivername, url.drivername))

    @property
    def shown(self) -> str:
        """For people: the file, or kind, server and name, without a login."""
        if self.path is not None:
            return str(self.path)
        url = self.url_now()
        port = f":{url.port}" if url.port else ""
        return f"{url.get_backend_name()}://{url.host or ''}{port}/{url.database or ''}"

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that changes nothing, within a transaction. Raises CampaignError."""
        with self._connected(gettext("see that `query` is right; the next pass asks again")) as connection:
            match connection.dialect.name:
                case "sqlite":
                    connection.exec_driver_sql("PRAGMA query_only = ON")
                case "postgresql":
                    connection.exec_driver_sql("SET TRANSACTION READ ONLY")
                    connection.exec_driver_sql(f"SET LOCAL statement_timeout = {math.ceil(self.timeout * 1000)}")
                case "mysql" | "mariadb":
                    connection.exec_driver_sql("SET SESSION TRANSACTION READ ONLY")
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection within a transaction, which is committed at the end of the block. Raises CampaignError."""
        mend = gettext("see that `table` and its columns are right and may be written; the next pass tries again")
        with self._connected(mend) as connection:
            match connection.dialect.name:
                case "postgresql":
                    connection.exec_driver_sql(f"SET LOCAL lock_timeout = {LOCKS * 1000:.0f}")
                    connection.exec_driver_sql(f"SET LOCAL statement_timeout = {math.ceil(self.timeout * 1000)}")
                case "mysql" | "mariadb":
                    connection.exec_driver_sql(f"SET SESSION innodb_lock_wait_timeout = {LOCKS:.0f}")
            yield connection
            connection.commit()

    @contextmanager
    def _connected(self, mend: str) -> Iterator[Connection]:
        sqlalchemy = _sqlalchemy()
        shown = self.shown
        connected = False
        try:
            engine = self._engine()
            with engine.connect() as connection:
                connected = True
                yield connection
        except sqlalchemy.exc.SQLAlchemyError as error:
            if not connected:
                mend = gettext(
                    "see that the server runs, and that `url` and its login are right; the next pass asks again"
                )
                if self.path is not None:
                    mend = gettext("correct `path`, or its permissions")
            raise CampaignError(_what(error), mend=mend, where=shown) from None

    def _engine(self) -> Engine:
        sqlalchemy = _sqlalchemy()
        url = self.url_now()
        seconds = max(1, math.ceil(self.timeout))
        arguments: dict[str, object] = {}
        match url.drivername:
            case "sqlite" | "sqlite+pysqlite":
                arguments = {"timeout": LOCKS}
            case "postgresql+psycopg":
                arguments = {
                    "connect_timeout": seconds,
                    "tcp_user_timeout": seconds * 1000,
                    "application_name": "notifykit",
                }
            case "mysql+pymysql" | "mariadb+pymysql":
                arguments = {"connect_timeout": seconds, "read_timeout": seconds, "write_timeout": seconds}
        try:
            engine: Engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool, connect_args=arguments)
        except sqlalchemy.exc.NoSuchModuleError:
            raise CampaignError(
                gettext("SQLAlchemy knows no kind of database called {name}", name=url.drivername),
                mend=gettext("write `url` like postgresql://…, mysql://… or sqlite:////…"),
            ) from None
        except ImportError as error:
            raise _lacks(error.name or url.drivername) from None
        return engine


def check_options(path: Path | None, url: Secret | str | None, timeout: float) -> None:
    """Raise OptionError where these lead to no database. A password is no plain text."""
    if path is not None and url is not None:
        raise OptionError("url", gettext("`path` is said, too"), mend=gettext("keep the one that is meant"))
    if not timeout > 0:
        raise OptionError("timeout", gettext("leaves no time at all"), mend=gettext("write it like 30s"))
    if isinstance(url, str):
        _check_plain(url)


def _check_plain(url: str) -> None:
    try:
        parts = urlsplit(url)
        password = parts.password
    except ValueError:
        parts, password = urlsplit(""), None
    if not parts.scheme:
        raise OptionError(
            "url",
            gettext("is no address of a database"),
            mend=gettext("write it like postgresql://user@server/database; of a file of SQLite, say `path` instead"),
        )
    if password:
        raise OptionError(
            "url",
            gettext("holds a password in plain text"),
            mend=gettext("write the whole url as {env: NAME} or {file: path}"),
        )
    if parts.scheme.startswith("sqlite"):
        raise OptionError(
            "url", gettext("is a file"), mend=gettext("say `path: FILE` instead, relative to notifykit.yaml")
        )


def _what(error: SQLAlchemyError) -> str:
    """Return what the driver says, in one line, without the statement and its values."""
    said = str(getattr(error, "orig", None) or error).strip() or type(error).__name__
    return redact(" ".join(said.splitlines()[0].split()))


def _lacks(module: str) -> CampaignError:
    mend = gettext("install it; the pages of SQLAlchemy say which distribution has the driver")
    if extra := _EXTRAS.get(module.partition(".")[0]):
        mend = gettext('run `pip install "notifykit-outbox[{extra}]"`', extra=extra)
    return CampaignError(gettext("the module {module} is not installed", module=module), mend=mend)


def _sqlalchemy() -> ModuleType:
    try:
        import sqlalchemy
        import sqlalchemy.exc
    except ImportError:
        raise _lacks("sqlalchemy") from None
    return sqlalchemy
