"""The strategy `sql_flag`: the outbox is the truth, and a column of a table shows it to people and programs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, ClassVar, Protocol, runtime_checkable

from notifykit.errors import CampaignError
from notifykit.model import Record, Table, Task
from notifykit.options import OptionError, ProjectPath, Seconds, Secret
from notifykit.roles import Decision, Ledger, Strategy, StrategyContext, WriteBack
from notifykit.wording import Reason
from notifykit.wording.nearest import hint
from notifykit.wording.translation import gettext
from notifykit_sql import wording
from notifykit_sql.database import Database, check_options
from notifykit_sql.flagging import FlagColumn, Flagged, Sent, require_columns, says, write_flags


@runtime_checkable
class _SqlSource(Protocol):
    @property
    def database(self) -> Database: ...
    @property
    def key(self) -> str: ...


@dataclass(kw_only=True)
class SqlFlag(Strategy):
    """Notifies where a column says `unsent`, and writes `sent` there when the messages were accepted."""

    needs_outcomes: ClassVar[bool] = True

    table: str
    """The table, or `schema.table`."""
    flag: str
    """The column that holds the flag; `query` of the source gives it, too."""
    unsent: str | None = "N"
    """The word that asks for a notification; `null` where an empty field does."""
    sent: str = "Y"
    key: str = ""
    """The column of the table that holds the business key. Default: as `key` of the source."""
    sent_at: str = ""
    """A column for the time at which the last message was accepted."""
    vendor_id: str = ""
    """A column for what the service calls the message."""
    path: ProjectPath | None = None
    """A file of SQLite. Default: the database of the source."""
    url: Secret | str | None = None
    """A server. Default: the database of the source."""
    timeout: Seconds = 30.0
    """For connecting, and for one answer of the server."""

    def __post_init__(self) -> None:
        """Raise OptionError for words that no flag can be."""
        check_options(self.path, self.url, self.timeout)
        if self.unsent == self.sent:
            raise OptionError("sent", gettext("is the same word as `unsent`"), mend=gettext("they must differ"))
        self._says_sent, self._says_unsent = says(self.sent), says(self.unsent)
        if self._says_sent & self._says_unsent:
            raise OptionError("sent", gettext("is the same value as `unsent`"), mend=gettext("they must differ"))
        self._table: Table | None = None
        self._flag_at = -1
        self._database = Database(path=self.path, url=self.url, timeout=self.timeout)
        self._now = self._column(self.key)

    def _column(self, key: str) -> FlagColumn:
        return FlagColumn(
            table=self.table,
            key=key,
            flag=self.flag,
            unsent=self.unsent,
            sent=self.sent,
            sent_at=self.sent_at,
            vendor_id=self.vendor_id,
        )

    @property
    def own_columns(self) -> frozenset[str]:
        """What it writes."""
        return frozenset({self.flag, self.sent_at, self.vendor_id} - {""})

    @property
    def writes(self) -> str:
        """The flag column."""
        return self.flag

    def start(self, context: StrategyContext) -> None:
        """Learn which database it is. Raises CampaignError where nothing says it, or its key."""
        self._table = None
        source = context.source
        if self.path is None and self.url is None:
            if not isinstance(source, _SqlSource):
                raise CampaignError(
                    gettext(
                        "campaign {campaign}: its strategy writes a flag into a database, and nothing says which",
                        campaign=context.campaign,
                    ),
                    mend=gettext("say `path` or `url` of the strategy, or use a source of type `sql`"),
                )
            self._database = source.database
        key = self.key or getattr(source, "key", "")
        if not key:
            raise CampaignError(
                gettext("campaign {campaign}: nothing says in which column the keys are", campaign=context.campaign),
                mend=gettext("say `key` of the strategy"),
            )
        self._now = self._column(key)

    def begin(self) -> None:
        """See that the table can be written later. Raises CampaignError where it, or a column of it, is not there."""
        require_columns(self._database, self._now)

    def decide(self, record: Record, outbox: Ledger) -> Decision:
        """Compare the flag with what the outbox knows. Raises CampaignError where the source does not give it."""
        if record.table is not self._table:
            self._meet(record.table)
        flag = record.cells[self._flag_at]
        if isinstance(flag, str):
            flag = flag.rstrip(" ")  # which CHAR(n) adds
        if _is_one_of(flag, self._says_sent):
            return Decision.DRIFT if outbox.waiting(record.key) else Decision.SKIP
        if _is_one_of(flag, self._says_unsent):
            return Decision.REPAIR if outbox.delivered(record.key) else Decision.NOTIFY
        return Decision.NEITHER

    def metadata(self, record: Record) -> dict[str, Any]:  # noqa: ARG002
        """Return what the write-back needs, whatever the campaign says by then."""
        return {"sql_flag": asdict(self._now)}

    def write_back(self, tasks: Sequence[Task]) -> WriteBack:
        """Flag the rows of these tasks; where the campaign names another table by now, the row there, too."""
        of_column: dict[FlagColumn, dict[str, list[Task]]] = defaultdict(lambda: defaultdict(list))
        for task in tasks:
            of_column[self._then(task.metadata.get("sql_flag"))][task.key].append(task)
        done: set[int] = set()
        refused: dict[int, Reason] = {}
        for column, of_key in of_column.items():
            wanted = {key: _sent(of_one) for key, of_one in of_key.items()}
            flagged = write_flags(self._database, column, wanted)
            if column != self._now:
                _prefer(flagged, write_flags(self._database, self._now, wanted))
            for key, of_one in of_key.items():
                if key in flagged.done:
                    done.update(task.id for task in of_one)
                else:
                    refused |= dict.fromkeys((task.id for task in of_one), flagged.refused[key])
        return WriteBack(done=frozenset(done), refused=refused)

    def _meet(self, table: Table) -> None:
        if self.flag not in table.columns:
            names = table.names or tuple(table.columns)
            raise CampaignError(
                gettext(
                    "`flag` is {flag!r}, and the source gives no such column{near}",
                    flag=self.flag,
                    near=hint(self.flag, names),
                ),
                mend=gettext("name it in `query` of the source, or correct `flag` of the strategy"),
                where=table.origin,
            )
        self._flag_at = table.columns[self.flag]
        self._table = table

    def _then(self, kept: object) -> FlagColumn:
        """Return where the flag was when the task was queued; where it is now for a task that does not say."""
        names = {field.name for field in fields(FlagColumn)}
        if not isinstance(kept, Mapping) or kept.keys() != names:
            return self._now
        texts = {name: kept[name] for name in names - {"unsent"}}
        unsent = kept["unsent"]
        if not all(isinstance(text, str) for text in texts.values()) or not isinstance(unsent, str | None):
            return self._now
        return replace(self._now, unsent=unsent, **texts)


def _is_one_of(cell: object, values: frozenset[object]) -> bool:
    try:
        return cell in values
    except TypeError:  # a list or an object, of which no word is one
        return False


def _sent(tasks: Sequence[Task]) -> Sent:
    """Return what the last accepted of a key's messages says."""
    last = max(tasks, key=lambda task: (task.sent_at or 0.0, task.id))
    return Sent(at=last.sent_at, vendor_id=last.outcome.vendor_id if last.outcome is not None else None)


def _prefer(flagged: Flagged, now: Flagged) -> None:
    """Let what became of a row where it is read now count; of a row that is not there, what became of it then."""
    gone = {key for key, why in now.refused.items() if why.code == wording.ROW_GONE.code}
    flagged.refused = {key: why for key, why in flagged.refused.items() if key in gone} | {
        key: why for key, why in now.refused.items() if key not in gone
    }
    flagged.done = {key for key in flagged.done if key in gone} | now.done
