"""Stands in for the functions that read and write the CSV files of campaigns."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from filelock import FileLock, Timeout
from notifykit_contract.files import TRIES, explain, read_whole
from notifykit_contract.flags import PATIENCE, lock_file
from notifykit_contract.swap import CannotReplaceError, swap

from notifykit.durable import sync, sync_folder
from notifykit.errors import CampaignError
from notifykit.wording.translation import gettext
from notifykit_compat.contract_files import ContractFile, real
from notifykit_compat.errors import ShimError
from notifykit_compat.merge import Place, merged, places, rows_as_new
from notifykit_compat.runtime import Runtime

Original = Callable[..., Any]
Rows = Sequence[Mapping[str, Any]]


class Sheets:
    """The CSV functions of `file_utils`. Files that belong to no contract campaign are none of ours."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._read = threading.local()

    def get_all_records_from_csv(self, _caller: FrameType, original: Original, filename: str) -> Any:
        """Read as before, and remember which rows this thread saw."""
        rows = original(filename)
        file = self._file(filename)
        if file is not None and isinstance(rows, list):
            key = file.words.key
            seen = places(str(row.get(key, "")) for row in rows if isinstance(row, Mapping))
            self._seen[file.csv_file] = seen
        return rows

    def write_performance_data(
        self, _caller: FrameType, original: Original, filename: str, rows: Rows, headers: Sequence[str]
    ) -> Any:
        """Append the rows in one piece, while nobody writes flags."""
        file = self._file(filename)
        if file is None:
            return original(filename, rows, headers)
        with self._alone(file):
            made = self._made(original, file, rows, headers)
            with file.csv_file.open("ab", buffering=0) as opened:
                if made and _is_cut(file.csv_file):
                    made = b"\r\n" + made
                opened.write(made)
                sync(opened)
            sync_folder(file.csv_file.parent)
        return None

    def write_performance_data_to_csv(
        self, _caller: FrameType, original: Original, filename: str, rows: Rows, fields: Sequence[str]
    ) -> Any:
        """Take over what the program changed, but for flags: they follow the outbox."""
        file = self._file(filename)
        if file is None:
            return original(filename, rows, fields)
        with self._runtime.current() as outbox:
            delivered = outbox.ledger(file.campaign.name).delivered
        with self._alone(file):
            try:
                self._rewrite(file, rows, fields, delivered)
            except (CampaignError, CannotReplaceError) as error:
                raise ShimError(str(error)) from error
            except OSError as error:
                raise ShimError(str(explain(file.csv_file, error))) from error
        return None

    def _rewrite(self, file: ContractFile, rows: Rows, fields: Sequence[str], delivered: Callable[[str], bool]) -> None:
        path = file.csv_file
        if not path.exists():
            path.touch()
        for _ in range(TRIES):
            data = read_whole(path)
            read = self._seen.get(path, frozenset())
            content = merged(data, str(path), file.words, rows, fields, read=read, delivered=delivered)
            if content == data:
                return
            swap(path, data, content)
            with path.open("rb") as opened:
                if opened.read(len(content)) == content:
                    return
        raise CampaignError(
            gettext("another program rewrote it {number} times meanwhile", number=TRIES),
            mend=gettext("the next run tries again"),
            where=path,
        )

    def _made(self, original: Original, file: ContractFile, rows: Rows, headers: Sequence[str]) -> bytes:
        """Let the program's own function append, to a file of its own, and return what it appended."""
        with self._runtime.current() as outbox:
            honest = rows_as_new(rows, file.words, outbox.ledger(file.campaign.name).delivered)
        with tempfile.TemporaryDirectory(prefix="notifykit-") as folder:
            stand_in = Path(folder) / file.csv_file.name
            before = b"" if not file.csv_file.exists() or not file.csv_file.stat().st_size else b"\n"
            stand_in.write_bytes(before)  # it writes a header where the file is empty
            with self._runtime.inside():
                original(str(stand_in), honest, headers)
            return stand_in.read_bytes()[len(before) :]

    @property
    def _seen(self) -> dict[Path, frozenset[Place]]:
        if not hasattr(self._read, "rows"):
            self._read.rows = {}
        seen: dict[Path, frozenset[Place]] = self._read.rows
        return seen

    def _file(self, filename: str) -> ContractFile | None:
        return None if self._runtime.is_inside else self._runtime.files.by_csv.get(real(filename))

    @contextmanager
    def _alone(self, file: ContractFile) -> Iterator[None]:
        """Keep those away who write flags."""
        path = file.csv_file
        if not path.parent.is_dir():
            raise ShimError(
                gettext("there is no folder {folder}", folder=path.parent), mend=gettext("make it"), where=path
            )
        try:
            with FileLock(lock_file(path), timeout=PATIENCE):
                yield
        except Timeout:
            raise ShimError(
                gettext("another process has been writing it for {seconds:g} s", seconds=PATIENCE),
                mend=gettext("the next run tries again"),
                where=path,
            ) from None


def _is_cut(path: Path) -> bool:
    """Whether the file's last line has no end: a program was killed while it appended."""
    with path.open("rb") as file:
        if not file.seek(0, os.SEEK_END):
            return False
        file.seek(-1, os.SEEK_END)
        return file.read(1) not in (b"\n", b"\r")
