"""The source `json_lines`: a file with a JSON value on each line."""

from __future__ import annotations

import json
from codecs import BOM_UTF8
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from notifykit.durable.ordinary import read_ordinary
from notifykit.errors import CampaignError
from notifykit.model import Problem, Record
from notifykit.options import ProjectPath
from notifykit.wording.translation import gettext
from notifykit_technician.row_options import RowShape
from notifykit_technician.rows import read_rows


@dataclass(kw_only=True)
class JsonLines(RowShape):
    """Reads a file of JSON lines (NDJSON), each an object, or an array whose positions `columns` names."""

    path: ProjectPath

    @property
    def reads(self) -> Path:
        """The file."""
        return self.path

    def read(self) -> Lines:
        """Return the lines as they stand now. Raises CampaignError where the file cannot be read."""
        try:
            data = read_ordinary(self.path, None)
        except OSError as error:
            raise CampaignError(
                f"{error.strerror}", mend=gettext("correct `path`, or its permissions"), where=self.path
            ) from error
        return Lines(data.removeprefix(BOM_UTF8), str(self.path), self)


class Lines:
    """The bytes of one moment; each iteration parses them anew and yields the same."""

    def __init__(self, data: bytes, origin: str, shape: RowShape) -> None:
        self._data = data
        self._origin = origin
        self._shape = shape

    def __iter__(self) -> Iterator[Record | Problem]:
        """Yield a record for each good line and a problem for each other one. Blank lines are passed over."""
        layout, at = self._shape.layout(self._origin), 0
        number = 0
        while at < len(self._data):
            number += 1
            end = self._data.find(b"\n", at)
            line = self._data[at:] if end < 0 else self._data[at:end]
            at = len(self._data) if end < 0 else end + 1
            if not line.strip():
                continue
            try:
                value = json.loads(line.decode())
            except (ValueError, RecursionError) as error:
                yield self._unreadable(number, error, ended=end >= 0)
                continue
            yield from read_rows((value,), layout, line, number)

    def _unreadable(self, number: int, error: Exception, *, ended: bool) -> Problem:
        what = gettext("not valid JSON ({msg})", msg=getattr(error, "msg", type(error).__name__))
        mend = gettext("mend the line")
        if isinstance(error, UnicodeDecodeError):
            what, mend = gettext("the line is not UTF-8"), gettext("save the file as UTF-8")
        elif not ended:
            what = gettext("the last line breaks off and has no line end")
            mend = gettext("it is probably being written and the next pass sees it whole; if not, complete it")
        return Problem(place=f"{self._origin}:{number}", what=what, mend=mend)
