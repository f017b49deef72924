"""The source `sql`: the rows of a query."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from notifykit.campaign.spool import Spool
from notifykit.errors import CampaignError
from notifykit.model import Problem, Record, Table
from notifykit.options import OptionError, ProjectPath, Seconds, Secret
from notifykit.wording.nearest import hint
from notifykit.wording.translation import gettext
from notifykit_sql.cursor import Highest, Incremental
from notifykit_sql.database import AT_ONCE, Database, check_options
from notifykit_sql.keys import KeyFaultError, key_text
from notifykit_sql.late import LateCells, late_columns

if TYPE_CHECKING:
    from sqlalchemy import Connection, CursorResult, Row, TextClause

    from notifykit.roles import SourceContext

_cells = itemgetter(slice(None))
"""The tuple within a row of SQLAlchemy, which `tuple` would copy."""


@dataclass(kw_only=True)
class SqlSource:
    """Reads what a query gives, each row a record: of SQLite, PostgreSQL, MySQL, or what else SQLAlchemy knows."""

    query: str
    """One statement that reads. It is run in a transaction that may change nothing."""
    key: str
    """The column of the result that holds the business key."""
    path: ProjectPath | None = None
    """A file of SQLite."""
    url: Secret | str | None = None
    """A server: `postgresql://…`, `mysql://…`. `{env: NAME}` or `{file: path}` where it holds a password."""
    timeout: Seconds = 30.0
    """For connecting, and for one answer of the server."""
    incremental: Incremental | None = None
    """Read only what is new: `query` says `>= :cursor` of this column."""
    cursor: Callable[[], Mapping[str, Any]] | None = field(default=None, init=False, repr=False, compare=False)
    """Says how far the last reading came; None where all is read each time."""

    def __post_init__(self) -> None:
        """Raise OptionError where it cannot be asked."""
        if self.path is None and self.url is None:
            raise OptionError(
                "path", gettext("says no database"), mend=gettext("say `url`, or `path` of a file of SQLite")
            )
        check_options(self.path, self.url, self.timeout)
        if not self.query.strip():
            raise OptionError("query", gettext("is empty"), mend=gettext("write it like SELECT id, email FROM orders"))
        self._context: SourceContext | None = None
        self._highest: Highest | None = None
        if self.incremental is not None:
            self.cursor = self._how_far

    def open(self, context: SourceContext) -> None:
        """Take what says how far earlier passes came."""
        self._context = context

    def _how_far(self) -> Mapping[str, Any]:
        found = self._highest.state() if self._highest is not None else None
        return found or self._state or {}

    @property
    def _state(self) -> Mapping[str, Any] | None:
        return self._context.state if self._context is not None else None

    @property
    def database(self) -> Database:
        """Where it is."""
        return Database(path=self.path, url=self.url, timeout=self.timeout)

    def read(self) -> Rows:
        """Run the query and return its rows. Raises CampaignError where there is no whole answer."""
        database = self.database
        self._highest = None
        with database.reading() as connection:
            statement, values = self._statement(database.shown)
            late = None if values else late_columns(connection, statement, database.shown)
            with _run(connection, statement, values, database.shown) as result:
                names = tuple(result.keys())
                key_at = _column(names, self.key, "key", database.shown)
                highest = None
                if self.incremental is not None:
                    at = _column(names, self.incremental.column, "incremental.column", database.shown)
                    highest = Highest(at, self.incremental.column, database.shown)
                parts: Iterable[Sequence[Row[Any]]] = result.partitions(AT_ONCE)
                rows = map(_cells, chain.from_iterable(parts if late is None else map(late.checked, parts)))
                spool = Spool(rows if highest is None else highest.of(rows))
        self._highest = highest
        return Rows(spool, names, key_at, database.shown, late.readers if late is not None else None)

    def _statement(self, shown: str) -> tuple[TextClause, Mapping[str, object]]:
        from sqlalchemy import text

        statement = text(self.query)
        known = {"cursor"} if self.incremental is not None else set[str]()
        named = set(statement.compile().params)
        if unknown := sorted(named - known):
            mend = gettext("write `\\:` for a colon that is none")
            if unknown[0] == "cursor":
                mend = gettext("say `incremental`: the column, and where to start")
            raise CampaignError(
                gettext("`query` has a parameter :{name}, and nothing gives it", name=unknown[0]),
                mend=mend,
                where=shown,
            )
        values: dict[str, object] = {}
        if self.incremental is not None:
            if not named:
                raise CampaignError(
                    gettext("`query` does not ask from :cursor on"),
                    mend=gettext("write `WHERE {column} >= :cursor` into it", column=self.incremental.column),
                    where=shown,
                )
            values["cursor"] = self.incremental.since(self._state)
        return statement, values


class Rows:
    """The rows as they were at one moment; each iteration yields the same."""

    def __init__(
        self,
        spool: Spool,
        names: Sequence[str],
        key_at: int,
        origin: str,
        readers: Sequence[Callable[[str], Any] | None] | None,
    ) -> None:
        columns = {name: at for at, name in enumerate(names) if names.count(name) == 1}
        self._spool = spool
        self._table = Table(origin, columns, tuple(names))
        self._key_at = key_at
        self._readers = readers

    def __iter__(self) -> Iterator[Record | Problem]:
        """Yield a record for each row that has a key, and a problem for each other one."""
        table, at, readers = self._table, self._key_at, self._readers
        for row, cells in enumerate(self._spool, start=1):
            if readers is not None:
                cells = LateCells(cells, readers)
            key = cells[at]
            if key.__class__ is not str or not key or key.isspace():
                try:
                    key = key_text(key)
                except KeyFaultError as fault:
                    yield Problem(place=f"{table.origin}:{row}", what=fault.what, mend=fault.mend)
                    continue
            yield Record(key, cells, table, row)


def _column(names: Sequence[str], name: str, option: str, shown: str) -> int:
    if (times := names.count(name)) == 1:
        return names.index(name)
    if times:
        what = gettext(
            "`{option}` is {name!r}, and `query` gives {times} columns of that name",
            option=option,
            name=name,
            times=times,
        )
        raise CampaignError(what, mend=gettext("rename all but one with AS"), where=shown)
    raise CampaignError(
        gettext(
            "`{option}` is {name!r}, and `query` gives no such column{near}",
            option=option,
            name=name,
            near=hint(name, names),
        ),
        mend=gettext("name it in `query`, or correct `{option}`", option=option),
        where=shown,
    )


def _run(connection: Connection, statement: TextClause, values: Mapping[str, object], shown: str) -> CursorResult[Any]:
    options = {"stream_results": True, "yield_per": AT_ONCE}
    result = connection.execute(statement, values, execution_options=options)
    if not result.returns_rows:
        raise CampaignError(
            gettext("`query` gives no rows"), mend=gettext("write a statement that reads: SELECT …"), where=shown
        )
    return result
