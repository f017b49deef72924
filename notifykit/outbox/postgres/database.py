"""One connection to the server: how it is opened and opened again, and how transactions are made.

Nothing is kept in the session, so a pooler between may give each transaction another one: tables are named with their
schema, and what is to hold for a transaction is said within it. Statements are prepared only where none is between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import cache
from typing import Any

import psycopg
from psycopg import pq

from notifykit.clock import Clock
from notifykit.errors import StoreError
from notifykit.model import Claim
from notifykit.outbox.postgres.failures import connect_error, shown, store_error
from notifykit.outbox.postgres.handed_out import HandedOut
from notifykit.outbox.postgres.server_time import ServerTime
from notifykit.wording.translation import gettext

BUSY_SECONDS = 30
"""How long a statement waits for others' locks before it gives up."""

IDLE_SECONDS = 60
"""How long a transaction may stand still, as that of a process that was stopped, before the server ends it."""

CONNECT_SECONDS = 10

# `begin`: each statement sees what was committed before it. An exchange finds a few rows by their keys, which a planner
# that takes reading here and there for expensive would look for by reading all. Tables are joined as they are written:
# to look for another order takes longer than the exchange. Where lanes are long the planner expects thousands of rows,
# of which one is read, and to compile for them takes half a second at each exchange.
_BEGIN = f"""
BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = '{BUSY_SECONDS}s';
SET LOCAL idle_in_transaction_session_timeout = '{IDLE_SECONDS}s';
SET LOCAL random_page_cost = 1.1; SET LOCAL join_collapse_limit = 1; SET LOCAL jit = off
"""

# `by_keys`: whatever a table has now, it may soon have a million rows.
_BY_KEYS = """
SELECT set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true),
       set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),
       set_config('plan_cache_mode', 'force_generic_plan', true)
"""

# `_connect`: which of the server's processes answers.
_PROCESS = "SELECT pg_backend_pid()"

PREPARED_AFTER = 2
"""How often a statement is run before the server keeps its plan."""

PLAN_SECONDS = 5.0
"""How long plans are kept: what is right for an empty store may be wrong for the one that it has become."""

# `begin`: of a store that is only looked at.
_BEGIN_READING = "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY"

# `ask_the_time`: the server's clock, and since when it runs.
_TIME = """
SELECT extract(epoch FROM clock_timestamp())::double precision,
       extract(epoch FROM pg_postmaster_start_time())::double precision
"""


class Transaction:
    """The explicit transactions of one connection. Entered again while open, it joins what is open.

    Once a statement has failed, whatever the caller makes of that, nothing of it is kept.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self.depth = 0
        self.failure: StoreError | None = None

    def __enter__(self) -> None:
        if not self.depth:
            self.failure = None
            self._db.begin()
        self.depth += 1

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self.depth > 1:
            self.depth -= 1
            return
        try:
            if kind is None and self.failure is None:
                self._db.do_what_was_put_off()
        except BaseException:
            self.depth -= 1
            self._db.roll_back()
            raise
        self.depth -= 1
        if kind is None and self.failure is None:
            self._db.commit()
            return
        self._db.roll_back()
        if kind is None and self.failure is not None:
            raise self.failure


class Database:
    """A connection that is made again where it was lost. Used by one thread at a time."""

    def __init__(self, address: str, clock: Clock, *, schema: str, read_only: bool = False) -> None:
        """Raises StoreError: no server, no such database, no right to use it."""
        self._address = address
        self.schema = schema
        self.where = shown(address)
        self.time = ServerTime(clock)
        self.handed = HandedOut()
        self.reconcile: Callable[[], None] = _nothing
        """Called after the connection was made again, before anything else is done with it."""
        self._put_off: dict[Callable[[Sequence[Claim]], None], list[Claim]] = {}
        self._sent: list[tuple[psycopg.Cursor[tuple[Any, ...]], str, Any]] = []
        """Statements that go out with the next one."""
        self._by_keys = False
        self._clock = clock
        self._planned = clock.monotonic()
        self._plans = 0
        """How often plans were made anew: a part of their statements, by which the server tells them apart."""
        self._reconciled = True
        self.read_only = read_only
        self._closed = False
        self.keys_pruned = float("-inf")
        """When counts of limit keys that are over were dropped, by the server's clock."""
        self._transaction = Transaction(self)
        self._connect()

    def _connect(self) -> None:
        try:
            self._connection = psycopg.connect(
                self._address,
                autocommit=True,
                prepare_threshold=None,
                connect_timeout=CONNECT_SECONDS,
                client_encoding="UTF8",
                application_name="notifykit",
            )
            self._cursor = self._connection.cursor()
            # A pooler gives the client a number of its own, and each transaction perhaps another process.
            if self._cursor.execute(_PROCESS).fetchone() == (self._connection.info.backend_pid,):
                self._connection.prepare_threshold = PREPARED_AFTER
            self.time.measure(self.ask_the_time)
        except psycopg.Error as error:
            raise connect_error(self.where, error) from error

    def ask_the_time(self) -> tuple[float, float]:
        """Return what the server's clock says, and when the server was started: UTC seconds. Raises psycopg.Error."""
        found = self._cursor.execute(_TIME).fetchone()
        assert found is not None  # noqa: S101 - there is always one row
        return found

    def measure_time(self) -> None:
        """Measure anew by how much the machine's clock is off."""
        try:
            self.time.measure(self.ask_the_time)
        except psycopg.Error as error:
            raise self.explained(error) from error

    def now(self) -> float:
        """Return the server's time, in UTC seconds, without asking for it."""
        return self.time.now()

    def close(self) -> None:
        """Close the connection for good."""
        self._closed = True
        self._connection.close()

    # transactions -----------------------------------------------------------------------------------------

    def transaction(self) -> Transaction:
        """One transaction; inner blocks join the outer one."""
        return self._transaction

    def begin(self) -> None:
        """Begin a transaction, over another connection where this one was lost: nothing was done yet."""
        self._by_keys = False
        self._again_if_lost(_BEGIN_READING if self.read_only else _BEGIN)

    def by_keys(self) -> None:
        """Have the transaction find rows by keys alone from now on, by plans that are kept from one to the next.

        To plan the statements of an exchange takes longer than to run them.
        """
        if self._by_keys:
            return
        now = self._clock.monotonic()
        if now - self._planned > PLAN_SECONDS:
            self._planned = now
            self._plans += 1
        self._by_keys = True
        self.send(_BY_KEYS)

    def put_off(self, step: Callable[[Sequence[Claim]], None], claim: Claim) -> None:
        """Have something done with a claim at the end of the transaction: once, with all claims for which it is."""
        self._put_off.setdefault(step, []).append(claim)

    def do_what_was_put_off(self) -> None:
        """Do that."""
        steps, self._put_off = self._put_off, {}
        for step, claims in steps.items():
            step(claims)

    def commit(self) -> None:
        """Make the transaction durable."""
        self._flush()
        try:
            self._cursor.execute("COMMIT", prepare=False)
        except psycopg.Error as error:
            self.handed.undone()
            if self._lost:
                what = gettext("the connection was lost during a commit, and whether that was done is not known")
                mend = gettext("run the same command again: what was done is not done twice")
                raise StoreError(what, mend=mend, where=self.where, passing=True) from error
            raise self.explained(error) from error
        self.handed.committed()

    def roll_back(self) -> None:
        """Undo the transaction. A connection that was lost has done so."""
        self._put_off, self._sent = {}, []
        self.handed.undone()
        with suppress(psycopg.Error):
            self._cursor.execute("ROLLBACK", prepare=False)

    # statements -------------------------------------------------------------------------------------------

    def execute(self, sql: str, values: Any = None) -> int:
        """Run one statement within a transaction. Returns how many rows it changed."""
        assert self._transaction.depth  # noqa: S101 - whoever writes has begun one
        return self._run(sql, values).rowcount

    def send(self, sql: str, values: Any = None) -> psycopg.Cursor[tuple[Any, ...]]:
        """Run a statement within a transaction before the next one, and send both to the server together.

        Its rows can be fetched when that one was run; where it fails, that one raises.
        """
        assert self._transaction.depth  # noqa: S101 - whoever writes has begun one
        cursor = self._connection.cursor()
        self._sent.append((cursor, sql, values))
        return cursor

    def one(self, sql: str, values: Any = None) -> Any:
        """Return the first row, or None."""
        return self._run(sql, values).fetchone()

    def all(self, sql: str, values: Any = None) -> list[Any]:
        """Return all rows."""
        return self._run(sql, values).fetchall()

    def copy_out(self, sql: str, types: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query as they come, within a transaction. `types`: of its columns."""
        self._flush()
        try:
            with self._cursor.copy(_statement(f"COPY ({sql}) TO STDOUT (FORMAT binary)", self.schema)) as copy:
                copy.set_types(types)
                yield from copy.rows()
        except psycopg.Error as error:
            raise self.explained(error) from error

    def copy_in(self, table: str, types: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Add rows to a table, named with its columns, within a transaction. `types`: of these."""
        self._flush()
        try:
            with self._cursor.copy(_statement(f"COPY {table} FROM STDIN (FORMAT binary)", self.schema)) as copy:
                copy.set_types(types)
                for row in rows:
                    copy.write_row(row)
        except psycopg.Error as error:
            raise self.explained(error) from error

    def _run(self, sql: str, values: Any) -> psycopg.Cursor[tuple[Any, ...]]:
        if not self._transaction.depth:
            return self._again_if_lost(sql, values)
        if self._sent:
            self._sent.append((self._cursor, sql, values))
            self._flush()
            return self._cursor
        try:
            return self._execute(self._cursor, sql, values)
        except psycopg.Error as error:
            raise self.explained(error) from error

    def _execute(
        self, cursor: psycopg.Cursor[tuple[Any, ...]], sql: str, values: Any
    ) -> psycopg.Cursor[tuple[Any, ...]]:
        statement = _statement(sql, self.schema)
        if self._by_keys:
            return cursor.execute(b"%b\n-- %d" % (statement, self._plans), values)
        return cursor.execute(statement, values, prepare=False)

    def _flush(self) -> None:
        """Run what was sent."""
        sent, self._sent = self._sent, []
        if not sent:
            return
        try:
            with self._connection.pipeline():
                for cursor, sql, values in sent:
                    self._execute(cursor, sql, values)
        except psycopg.Error as error:
            raise self.explained(error) from error

    def _again_if_lost(self, sql: str, values: Any = None) -> psycopg.Cursor[tuple[Any, ...]]:
        """Run what changes nothing, once more where the connection turns out to be lost."""
        self._require_connection()
        statement = _statement(sql, self.schema)
        try:
            try:
                return self._cursor.execute(statement, values, prepare=False)
            except psycopg.Error:
                if not self._lost:
                    raise
            self._reconciled = False
            self._require_connection()
            return self._cursor.execute(statement, values, prepare=False)
        except psycopg.Error as error:
            raise self.explained(error) from error

    # connections that are lost ----------------------------------------------------------------------------

    @property
    def _lost(self) -> bool:
        return self._connection.closed or self._connection.pgconn.status != pq.ConnStatus.OK

    def _require_connection(self) -> None:
        if self._closed:
            raise StoreError(gettext("was closed"), where=self.where)
        if self._lost:
            self._reconciled = False
            self._connection.close()
            self._connect()
        if not self._reconciled:
            self._reconciled = True  # it works with this connection
            try:
                self.reconcile()
            except BaseException:
                self._reconciled = False
                raise

    def explained(self, error: psycopg.Error) -> StoreError:
        """Tell what an error means. A transaction that is open is not kept."""
        explained = store_error(self.where, error, lost=self._lost)
        self._transaction.failure = explained
        return explained


def _nothing() -> None:
    pass


@cache
def _statement(sql: str, schema: str) -> bytes:
    """Return a statement with the name of the schema, which is written as `outbox.` in all of them."""
    return sql.replace("outbox.", f'"{schema}".').encode()
