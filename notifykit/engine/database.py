"""The engine's tables: where they are, and how they are made.

They are in a schema of their own, whose name follows from the tables' definition and from the outbox. So another
version of procrastinate, and another project in the same database, has a schema of its own beside it: nothing is ever
upgraded, and old and new workers may run at the same time. Jobs are bells: those that nobody hears any more are lost
without harm, and a schema without workers is dropped.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import psycopg
from procrastinate import App, PsycopgConnector
from procrastinate.schema import SchemaManager
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.sql import SQL, Identifier

from notifykit.campaign.campaign import Settings
from notifykit.engine import EngineError
from notifykit.outbox.postgres.address import PostgresAddress
from notifykit.wording.translation import gettext, gettext_noop

_PREFIX = "notifykit_engine_"
_JOBS = "1"
"""Of our own jobs: to be raised where their names or arguments change."""
_LOCK = 7_310_575_173_290_001
"""The advisory lock under which schemas are made and dropped."""
_DIRECTLY = gettext_noop("name the server itself, which no pooler stands before, in `engine: address`")
_DEFAULTS = {
    "application_name": "notifykit worker",
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
}


@dataclass(frozen=True, slots=True)
class EngineDatabase:
    """Where the engine's tables are."""

    conninfo: str
    """For libpq; with no password, unless the address had one."""
    schema: str

    @classmethod
    def of(cls, settings: Settings, identity: str) -> EngineDatabase:
        """Return that of the project whose outbox has this identity. Raises EngineError where none is named."""
        address, store = settings.engine.address, settings.store
        if address is None and isinstance(store, PostgresAddress):
            address = store.conninfo
        if address is None:
            raise EngineError(
                gettext("the engine needs a PostgreSQL database, and the outbox is in none"),
                mend=gettext(
                    "`notifykit run` does the work on one machine; for several, `notifykit store copy` to a server"
                ),
                where=settings.store,
            )
        try:
            said = conninfo_to_dict(address)
        except psycopg.Error as error:
            raise EngineError(
                gettext("`engine: address` is no address of PostgreSQL ({error})", error=error), where=settings.file
            ) from error
        text = SchemaManager.get_schema() + _JOBS + identity
        schema = _PREFIX + hashlib.sha256(text.encode()).hexdigest()[:12]
        options = f"{said.get('options') or ''} -c search_path={schema}".strip()
        named = {name: str(value) for name, value in {**_DEFAULTS, **said}.items() if value is not None}
        whole = {**named, "options": options}
        return cls(make_conninfo(**whole), schema)

    def app(self) -> App:
        """Return an application that is not open yet, and has no jobs."""
        connector = PsycopgConnector(conninfo=self.conninfo, min_size=1, max_size=4, timeout=3.0)
        return App(connector=connector)

    async def prepare(self) -> None:
        """Make the tables where there are none, and drop those that nobody uses.

        Raises psycopg.Error, and EngineError where a pooler stands before the server.
        """
        async with await psycopg.AsyncConnection.connect(self.conninfo) as db:
            await self._require_own_session(db)
            await db.execute("SET LOCAL lock_timeout = '10s'")
            await db.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            if not await _holds_jobs(db, self.schema):
                await db.execute(SQL("CREATE SCHEMA IF NOT EXISTS {}").format(Identifier(self.schema)))
                await db.execute(SchemaManager.get_schema())
            for name in await self._others(db):
                if await _holds_jobs(db, name) and await _has_workers(db, name):
                    continue
                await db.execute(SQL("DROP SCHEMA {} CASCADE").format(Identifier(name)))

    async def _require_own_session(self, db: psycopg.AsyncConnection[tuple[object, ...]]) -> None:
        """Raise EngineError where what a connection was opened with does not hold in it: tables would be elsewhere."""
        found = await (await db.execute("SHOW search_path")).fetchone()
        if found != (self.schema,):
            raise EngineError(gettext("the engine's database is reached through a pooler"), mend=gettext(_DIRECTLY))

    async def _others(self, db: psycopg.AsyncConnection[tuple[object, ...]]) -> list[str]:
        found = await db.execute(
            "SELECT nspname FROM pg_namespace"
            " WHERE starts_with(nspname, %s) AND nspname <> %s AND pg_get_userbyid(nspowner) = current_user",
            [_PREFIX, self.schema],
        )
        return [str(name) for (name,) in await found.fetchall()]


async def _holds_jobs(db: psycopg.AsyncConnection[tuple[object, ...]], schema: str) -> bool:
    found = await db.execute("SELECT to_regclass(%s) IS NOT NULL", [f"{schema}.procrastinate_jobs"])
    return await found.fetchone() == (True,)


async def _has_workers(db: psycopg.AsyncConnection[tuple[object, ...]], schema: str) -> bool:
    """Whether a worker gave a sign of life within the last hour."""
    query = SQL("SELECT 1 FROM {}.procrastinate_workers WHERE last_heartbeat > now() - interval '1 hour' LIMIT 1")
    found = await db.execute(query.format(Identifier(schema)))
    return await found.fetchone() is not None


def told(error: BaseException) -> EngineError:
    """Return what to say of a database that cannot be used."""
    cause: BaseException = error
    while cause.__cause__ is not None and not isinstance(cause, psycopg.Error):
        cause = cause.__cause__
    what = " ".join(str(cause).split()) or type(cause).__name__
    mend = gettext("mend its address (`engine: address`, or `store:`), PGPASSWORD or ~/.pgpass, or start the server")
    if isinstance(cause, psycopg.errors.InsufficientPrivilege):
        mend = gettext("let the role make schemas: GRANT CREATE ON DATABASE … TO …; and let all workers use one role")
    elif "unsupported startup parameter" in what:  # as pgbouncer says
        mend = gettext(_DIRECTLY)
    return EngineError(gettext("the engine's database cannot be used: {what}", what=what), mend=mend)
