"""The source `directory`: many CSV files as one, each flag in its own file."""

from __future__ import annotations

import glob
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from notifykit.errors import CampaignError
from notifykit.model import Problem, Record
from notifykit.wording.translation import gettext
from notifykit_contract.files import explain, read_whole
from notifykit_contract.source import CsvSource, Snapshot
from notifykit_contract.wording import WORDING


@dataclass(kw_only=True)
class CsvDirectory(CsvSource):
    """Reads all CSV files that a pattern names, such as `path: data/*.csv`, in the order of their names.

    Each file has a header of its own. One that cannot be used is told, and holds back none of the others.
    """

    def files(self) -> list[Path]:
        """Return the files that are there now. Raises CampaignError where their folder is not."""
        pattern = self.path / "*.csv" if self.path.is_dir() else self.path
        folder = next(parent for parent in pattern.parents if not glob.has_magic(str(parent)))
        if not folder.is_dir():
            raise CampaignError(
                gettext("there is no such folder"), mend=gettext("make it, or correct `path`"), where=folder
            )
        found = folder.glob(pattern.relative_to(folder).as_posix())
        return sorted(file for file in found if not (file.is_dir() or file.name.startswith(".")))

    def read(self) -> Directory:  # type: ignore[override]
        """Return the rows of all files as they stand now. Raises CampaignError where their folder is not there."""
        parts: list[Snapshot | Problem] = []
        before = 0
        for file in self.files():
            try:
                data = read_whole(file)
                parts.append(Snapshot(data, str(file), self.key, self.encoding, self.expected, before=before))
            except OSError as error:
                parts.append(_left_out(file, WORDING.said(explain(file, error))))
            except CampaignError as error:
                parts.append(_left_out(error.where or file, error.what, error.mend))
            else:
                before += data.count(b"\n") + 1
        return Directory(parts)


def _left_out(place: object, what: str, mend: str = "") -> Problem:
    return Problem(place=str(place), what=what, mend=mend or gettext("the other files are read without it"))


class Directory:
    """The bytes of many files; each iteration parses them anew and yields the same."""

    def __init__(self, parts: list[Snapshot | Problem]) -> None:
        self._parts = parts

    def __iter__(self) -> Iterator[Record | Problem]:
        """Yield what each file has, and why a file is left out."""
        for part in self._parts:
            if isinstance(part, Problem):
                yield part
                continue
            before = part.before
            for item in part:
                if item.__class__ is Record:
                    item.row += before
                yield item
