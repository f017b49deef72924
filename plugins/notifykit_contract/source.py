"""The CSV source: a file's rows as records."""

from __future__ import annotations

import csv
import io
from bisect import bisect_left
from collections.abc import Collection, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from notifykit.errors import CampaignError
from notifykit.model import Problem, Record, Table
from notifykit.options import OptionError, ProjectPath
from notifykit_contract import problems
from notifykit_contract.encoding import AUTO, GB18030, codec_named, utf8_lines
from notifykit_contract.files import explain, read_whole
from notifykit_contract.head import Head, read_head
from notifykit_contract.rows import Row, cell_bytes, row_at, skip_lines
from notifykit_contract.wording import WORDING


@dataclass(kw_only=True)
class CsvSource:
    """Reads a CSV file: commas, double quotes, a header in its first row."""

    path: ProjectPath
    key: str
    """The column that holds the business key."""
    encoding: str = AUTO
    """`auto`: what the file proves, UTF-8 or GB18030; otherwise its name, such as `cp1252`. `notifykit docs csv` says
    more."""
    ignore: tuple[str, ...] = ()
    """Columns that do not count where two rows of one key are compared."""
    expected: frozenset[str] = field(default=frozenset(), init=False, repr=False, compare=False)
    """Columns that the campaign uses."""

    def __post_init__(self) -> None:
        """Raise OptionError for an encoding that no file can be read by."""
        try:
            self.encoding = codec_named(self.encoding)
        except ValueError as error:
            raise OptionError("encoding", str(error)) from None

    def expects(self, columns: Collection[str]) -> None:
        """Take the names that the campaign uses: found in the header, they may prove its encoding."""
        self.expected = frozenset(columns)

    @property
    def reads(self) -> Path:
        """The file."""
        return self.path

    def read(self) -> Snapshot:
        """Return the rows as they stand now. Raises CampaignError where the file tells nothing."""
        try:
            data = read_whole(self.path)
        except OSError as error:
            raise CampaignError(WORDING.said(explain(self.path, error))) from error
        return Snapshot(data, str(self.path), self.key, self.encoding, self.expected)


class Snapshot:
    """The bytes of one moment; each iteration parses them anew and yields the same."""

    def __init__(
        self,
        data: bytes,
        origin: str,
        key: str,
        encoding: str = AUTO,
        words: Collection[str] = (),
        *,
        before: int = 0,
    ) -> None:
        """Read the head. `before`: lines of other files of the same source that come before. Raises CampaignError."""
        self._data = data
        self._origin = origin
        self._head = read_head(data, origin, key, encoding, words=words)
        self._unended = data[-1:] not in (b"\n", b"\r")
        head = self._head
        self.before = before
        self._table = Table(origin, head.columns, head.names, before) if head else Table(origin, {})
        self._foreign = utf8_lines(data, head.body) if head and head.found and head.codec == GB18030 else []
        self._doubts = sorted({*_lines_with_zeros(data), *self._foreign})
        """Offsets of lines that `csv.reader` would take without complaint and should not."""
        if head and self._unended and head.key_at == len(head.names) - 1:
            self._doubts.append(max(head.body, data.rfind(b"\n") + 1))

    def __iter__(self) -> Iterator[Record | Problem]:
        """Yield a record for each good row and a problem for each other one, in order.

        `csv.reader` does the work, and each row here costs a few comparisons on top. Where it raises, or the shape of a
        row is wrong, `_with_care` takes over for the rows around that place.
        """
        head = self._head
        if head is None:
            return
        origin, table, width, key_at = self._origin, self._table, len(head.names), head.key_at
        at, row = head.body, head.line
        while at < len(self._data):
            index = bisect_left(self._doubts, at)
            stop = self._doubts[index] if index < len(self._doubts) else len(self._data)
            reader = csv.reader(self._lines(at, stop, head.codec), strict=True)
            first = row
            try:
                for cells in reader:
                    if len(cells) != width:
                        if cells:
                            break
                    elif (key := cells[key_at]) and not key.isspace():
                        yield Record(key, cells, table, row)
                    elif any(cells):
                        yield problems.no_key(f"{origin}:{row}")
                    row = first + reader.line_num
                else:
                    if stop == len(self._data):
                        return
            except (csv.Error, UnicodeDecodeError):
                pass  # found again, and named, by _with_care
            at = skip_lines(self._data, at, row - first)
            at, row = yield from self._with_care(head, at, row)

    def _lines(self, start: int, stop: int, codec: str) -> Iterable[str]:
        stream = io.BytesIO(self._data)  # shares the bytes, where a slice would copy them
        stream.seek(start)
        if stop < len(self._data):
            stream = io.BytesIO(stream.read(stop - start))
        return io.TextIOWrapper(stream, codec, newline="\n")

    def _with_care(self, head: Head, at: int, line: int) -> Generator[Record | Problem, None, tuple[int, int]]:
        """Yield row by row, to the end of the first good row behind a bad one. Returns where that is: offset and
        line."""
        trouble = False
        while at < len(self._data):
            row = row_at(self._data, at, len(head.names))
            item = self._judge(head, row, line)
            if item is not None:
                yield item
            at, line = row.next, line + (self._data.count(b"\n", row.start, row.next) or 1)
            if isinstance(item, Problem):
                trouble = True
            elif trouble and self._data[at - 1 : at] == b"\n":
                break
        return at, line

    def _judge(self, head: Head, row: Row, line: int) -> Record | Problem | None:
        """Make a row of bytes a record, or say why not; None for a row without anything in it."""
        data, width, place = self._data, len(head.names), f"{self._origin}:{line}"
        key = self._key(head, row)
        if row.start <= (zero := data.find(b"\0", row.start, row.next)):
            return problems.zero_bytes(place, zero, key)
        try:
            data[row.start : row.end].decode(head.codec)
        except UnicodeDecodeError as error:
            if self._is_torn(row):
                return problems.torn(place, row, width, key)
            offset = row.start + error.start
            return problems.undecodable(place, head.codec, data[offset], offset, key)
        if row.fault:
            if self._is_torn(row) and len(row.cells) < width:
                return problems.torn(place, row, width, key)
            return problems.shape_problem(place, row, width, key)
        index = bisect_left(self._foreign, row.start)
        if index < len(self._foreign) and self._foreign[index] < row.next:
            return problems.foreign(place, key)
        cells = [cell_bytes(data, span).decode(head.codec) for span in row.cells]
        if not any(cells):
            return None
        if self._is_torn(row) and head.key_at == width - 1:
            return problems.torn(place, row, width, None)
        if not cells[head.key_at].strip():
            return problems.no_key(place)
        return Record(cells[head.key_at], cells, self._table, line)

    def _is_torn(self, row: Row) -> bool:
        return self._unended and row.next == len(self._data)

    def _key(self, head: Head, row: Row) -> str | None:
        """Return the key of a bad row, where a comma shows that it is whole."""
        if head.key_at >= len(row.cells) - 1:
            return None
        try:
            key = cell_bytes(self._data, row.cells[head.key_at]).decode(head.codec)
        except UnicodeDecodeError:
            return None
        return key or None


def _lines_with_zeros(data: bytes) -> Iterator[int]:
    at = data.find(b"\0")
    while at >= 0:
        yield data.rfind(b"\n", 0, at) + 1
        line_end = data.find(b"\n", at)
        at = data.find(b"\0", line_end) if line_end >= 0 else -1
