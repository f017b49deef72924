"""The CSV flag strategy: the outbox is the truth, and a flag column shows it to people.

Generating leaves the flag alone. It is written after every message of a record was accepted, many at a time.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Protocol, runtime_checkable

from notifykit.errors import CampaignError
from notifykit.legacy import Flag, FlagWords
from notifykit.model import Owed, Record, Table, Task
from notifykit.roles import Decision, Ledger, Strategy, StrategyContext, WriteBack
from notifykit.wording import Reason
from notifykit.wording.translation import gettext
from notifykit_contract.encoding import AUTO, codec_kept
from notifykit_contract.flags import FlagColumn, Flagged, flags_written, write_flags
from notifykit_contract.head import no_column
from notifykit_contract.wording import FILE_MISSING, FILE_UNKNOWN, ODD_FLAG, ROW_GONE, ROW_UNUSABLE, ROWS_DIFFER

_NOTIFY, _SKIP, _REPAIR, _DRIFT = Decision.NOTIFY, Decision.SKIP, Decision.REPAIR, Decision.DRIFT
_NEITHER = Decision.NEITHER
_UNWRITABLE = ',"'
_NO_ROW = {ROW_GONE.code, FILE_MISSING.code}
_NONE_TO_SET = {ROW_GONE.code, ODD_FLAG.code}
_OF_A_ROW = {ODD_FLAG.code, ROWS_DIFFER.code, ROW_UNUSABLE.code}
_KEPT = ("key", "flag", "unsent", "sent", "encoding")


@runtime_checkable
class _CsvFile(Protocol):
    @property
    def path(self) -> Path: ...
    @property
    def key(self) -> str: ...
    @property
    def encoding(self) -> str: ...
    @property
    def expected(self) -> frozenset[str]: ...
    @property
    def ignore(self) -> tuple[str, ...]: ...


@dataclass(kw_only=True)
class CsvFlag(Strategy):
    """Notifies where the flag says `unsent`, exactly, and writes `sent` there when the messages were accepted."""

    needs_whole_tasks: ClassVar[bool] = False

    flag: str = "是否发送通知"
    """The column that holds the flag."""
    unsent: str = "N"
    sent: str = "Y"
    created_by: str = "contract_notification"
    """What the metadata of each task says in `created_by`, for whoever reads the table."""

    def __post_init__(self) -> None:
        """Raise ValueError for words that no flag can be."""
        if self.unsent == self.sent:
            raise ValueError(gettext("`unsent` and `sent` are both {sent!r}; they must differ", sent=self.sent))
        for option, word in (("unsent", self.unsent), ("sent", self.sent)):
            if not word.isprintable() or any(letter in word for letter in _UNWRITABLE):
                raise ValueError(
                    gettext(
                        "`{option}` is {word!r}; a flag is plain text without commas, quotes and line breaks",
                        option=option,
                        word=word,
                    )
                )
        if not self.sent:
            raise ValueError(gettext("`sent` is empty; name the word that says that a message was sent"))
        self._table: Table | None = None
        self._flag_at = -1
        self._folder: Path | None = None
        self._file = Path()
        self._files: Callable[[], Sequence[Path]] | None = None
        self._names: dict[str, str] = {}
        self._metadata: dict[str, Any] = {}
        self._now = FlagColumn(key="", flag=self.flag, unsent=self.unsent, sent=self.sent)

    @property
    def own_columns(self) -> frozenset[str]:
        """The flag, and what the source says does not count."""
        return self._now.ignore | {self.flag}

    @property
    def writes(self) -> str:
        """The flag column of the source's file."""
        return self.flag

    def start(self, context: StrategyContext) -> None:
        """Learn which file it is. Raises CampaignError where it is no CSV file, or its encoding lacks the words."""
        source = context.source
        if not isinstance(source, _CsvFile):
            raise CampaignError(
                gettext(
                    "campaign {campaign}: its strategy writes a flag into a CSV file, and its source reads none",
                    campaign=context.campaign,
                ),
                mend=gettext("use a source of type `contract_csv` or `csv`, or another strategy, such as `once`"),
            )
        if source.encoding != AUTO:
            self._require_writable(source)
        self._table = None
        self._folder = context.folder
        self._file = source.path
        self._files = getattr(source, "files", None)
        self._now = FlagColumn(
            key=source.key,
            flag=self.flag,
            unsent=self.unsent,
            sent=self.sent,
            encoding=source.encoding,
            ignore=frozenset(source.ignore),
            expected=source.expected,
        )
        self._metadata = {
            "csv_file": _name(source.path, context.folder),
            "created_by": self.created_by,
            "csv": dict(zip(_KEPT, (source.key, self.flag, self.unsent, self.sent, source.encoding), strict=True)),
        }

    def _require_writable(self, source: _CsvFile) -> None:
        words = {"source.key": source.key, "flag": self.flag, "unsent": self.unsent, "sent": self.sent}
        for option, word in words.items():
            try:
                word.encode(source.encoding)
            except UnicodeEncodeError:
                raise CampaignError(
                    gettext(
                        "`{option}` is {word!r}, which cannot be written in {encoding}",
                        option=option,
                        word=word,
                        encoding=source.encoding,
                    ),
                    mend=gettext("choose another word, or save the file as UTF-8 and remove `encoding:`"),
                    where=source.path,
                ) from None

    def decide(self, record: Record, outbox: Ledger) -> Decision:
        """Compare the flag with what the outbox knows. Raises CampaignError where there is no flag column."""
        if record.table is not self._table:
            self._meet(record.table)
        flag = record.cells[self._flag_at]
        if flag == self.sent:
            return _DRIFT if outbox.waiting(record.key) else _SKIP
        if flag == self.unsent:
            return _REPAIR if outbox.delivered(record.key) else _NOTIFY
        return _NEITHER

    def metadata(self, record: Record) -> dict[str, Any]:
        """Return what the write-back needs, whatever the campaign says by then."""
        if self._files is None:
            return {"contract_id": record.key, **self._metadata}
        return {"contract_id": record.key, **self._metadata, "csv_file": self._name_of(record.table.origin)}

    def _name_of(self, origin: str) -> str:
        if origin not in self._names:
            self._names[origin] = _name(Path(origin), self._folder)
        return self._names[origin]

    def write_back(self, tasks: Sequence[Task | Owed]) -> WriteBack:
        """Flag the rows of these tasks, in one pass over each file.

        Where the campaign reads another file, column or word by now, or several files, the flag stands there, too: that
        is what `decide` goes by.
        """
        done: set[int] = set()
        refused: dict[int, Reason] = {}
        files: dict[tuple[str, FlagColumn], list[Task | Owed]] = defaultdict(list)
        alike: dict[tuple[str, int], list[Task | Owed]] = {}  # tasks of one batch share what they keep
        for task in tasks:
            name, kept = task.metadata.get("csv_file"), task.metadata.get("csv")
            if not isinstance(name, str):
                refused[task.id] = FILE_UNKNOWN(task=task.id)
                continue
            if (theirs := alike.get((name, id(kept)))) is None:
                theirs = alike[name, id(kept)] = files[name, self._column_then(kept, name)]
            theirs.append(task)
        for (name, column), theirs in files.items():
            keys = [task.key for task in theirs]
            flagged = write_flags((self._folder or Path()) / name, column, keys)
            self._flag_where_it_is_read(flagged, keys, name, replace(column, encoding=self._now.encoding))
            done.update(task.id for task in theirs if task.key in flagged.done)
            refused |= {task.id: flagged.refused[task.key] for task in theirs if task.key in flagged.refused}
        return WriteBack(done=frozenset(done), refused=refused)

    def _flag_where_it_is_read(self, flagged: Flagged, keys: Collection[str], name: str, column: FlagColumn) -> None:
        """Set the flags in the files and the column that the campaign reads now; what becomes of a row there counts.

        `name`, `column`: where they were set already.
        """
        now = {self._name_of(str(file)): file for file in self._files()} if self._files else self._only()
        is_read = column == self._now and name in now
        if is_read:
            del now[name]
        refused = {key for key, why in flagged.refused.items() if is_read and why.code not in _NO_ROW}
        for file in now.values():
            found = write_flags(file, self._now, keys)
            here = {key: why for key, why in found.refused.items() if self._is_of_a_row(why)}
            refused |= here.keys()
            flagged.refused |= here
            flagged.done = (flagged.done | found.done) - refused
        flagged.refused = {key: why for key, why in flagged.refused.items() if key not in flagged.done}

    def _only(self) -> dict[str, Path]:
        return {self._metadata["csv_file"]: self._file} if self._metadata else {}

    def _is_of_a_row(self, why: Reason) -> bool:
        """Whether a refusal says that the key has a row there. One of several files may be unusable as a whole."""
        return why.code not in _NO_ROW if self._files is None else why.code in _OF_A_ROW

    @property
    def flag_file(self) -> Path:
        """The CSV file; where there are several, what names them."""
        return self._file

    @property
    def flag_words(self) -> FlagWords:
        """The columns and words of the CSV file."""
        now = self._now
        return FlagWords(key=now.key, flag=now.flag, unsent=now.unsent, sent=now.sent, encoding=now.encoding)

    def flag_of(self, record: Record) -> Flag:
        """Return what the record's flag says. Raises CampaignError where there is no flag column."""
        if record.table is not self._table:
            self._meet(record.table)
        word = record.cells[self._flag_at]
        return Flag.SENT if word == self.sent else Flag.UNSENT if word == self.unsent else Flag.OTHER

    def with_flags(self, data: bytes, keys: Collection[str], flag: Flag) -> Iterable[bytes]:
        """Return the content with these flags set, in pieces. Raises CampaignError where it has no flag column."""
        return flags_written(data, self._file, self._column_for(flag), keys)

    def set_flags(self, keys: Collection[str], flag: Flag) -> Mapping[str, Reason]:
        """Set these flags in the file, and read them back. Returns what was refused.

        A row that is gone, and a flag that says neither word, have none that is to be set.
        """
        refused = write_flags(self._file, self._column_for(flag), keys).refused if keys else {}
        return {key: why for key, why in refused.items() if why.code not in _NONE_TO_SET}

    def _column_for(self, flag: Flag) -> FlagColumn:
        if flag is Flag.SENT:
            return self._now
        if flag is Flag.UNSENT:
            return replace(self._now, unsent=self.sent, sent=self.unsent)
        raise ValueError(gettext("a flag is set to SENT or UNSENT; what else it may say is not ours to write"))

    def _meet(self, table: Table) -> None:
        if self.flag not in table.columns:
            names = table.names or tuple(table.columns)
            raise CampaignError(no_column(self.flag, names, "strategy.flag"), where=table.origin)
        self._flag_at = table.columns[self.flag]
        self._table = table

    def _column_then(self, kept: object, name: str) -> FlagColumn:
        """Return the flag column as it was when the task was queued; as it is now for a task that does not say.

        An encoding that was left to the file then, and is said now, is that of the file that the campaign reads now.
        """
        if not isinstance(kept, Mapping):
            return self._now
        words = (*map(kept.get, _KEPT[:-1]), kept.get(_KEPT[-1], AUTO))
        if not all(isinstance(word, str) for word in words):
            return self._now
        key, flag, unsent, sent, encoding = map(str, words)
        codec = codec_kept(encoding)
        if codec == AUTO and name == self._metadata.get("csv_file"):
            codec = self._now.encoding
        return FlagColumn(
            key=key,
            flag=flag,
            unsent=unsent,
            sent=sent,
            encoding=codec,
            ignore=self._now.ignore,
            expected=self._now.expected,
        )


def _name(path: Path, folder: Path | None) -> str:
    """Return the path within the project, so that both may move; the whole path of a file elsewhere."""
    whole = Path(os.path.abspath(path))  # noqa: PTH100 - a link keeps its own name
    if folder is not None and whole.is_relative_to(inside := os.path.abspath(folder)):  # noqa: PTH100
        return whole.relative_to(inside).as_posix()
    return str(whole)
