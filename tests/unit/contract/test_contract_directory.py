"""One campaign over many files: each row from its file, each flag into its file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from notifykit_contract.directory import CsvDirectory
from notifykit_contract.strategy import CsvFlag

from notifykit.errors import CampaignError
from notifykit.model import Problem, Record, Task
from notifykit.roles import StrategyContext
from notifykit.testing import FakeClock, SourceContract, StrategyContract, sent_task


def put(folder: Path, **files: str) -> Path:
    (folder / "data").mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / "data" / f"{name}.csv").write_text(text, encoding="utf-8", newline="")
    return folder / "data"


def source_of(folder: Path) -> CsvDirectory:
    return CsvDirectory(path=folder / "data" / "*.csv", key="id")


def started(source: CsvDirectory, folder: Path) -> CsvFlag:
    strategy = CsvFlag(flag="flag")
    strategy.start(StrategyContext(campaign="orders", source=source, clock=FakeClock(), folder=folder))
    return strategy


def owed(strategy: CsvFlag, source: CsvDirectory, *keys: str) -> list[Task]:
    records = {item.key: item for item in source.read() if isinstance(item, Record)}
    found: list[tuple[Record, Any]] = [
        (records[key], json.loads(json.dumps(strategy.metadata(records[key])))) for key in keys
    ]
    return [sent_task(record, kept, id_=number) for number, (record, kept) in enumerate(found, 1)]


class TestCsvDirectory(SourceContract):
    def make_source(self, folder: Path) -> CsvDirectory:
        put(folder, a="id,flag\n1,N\n,N\n", b="flag,id\nN,2\n", c="nothing\n")
        return source_of(folder)

    def make_broken_source(self, folder: Path) -> CsvDirectory:
        return CsvDirectory(path=folder / "gone" / "*.csv", key="id")


class TestFlagsOfADirectory(StrategyContract):
    def make_source(self, folder: Path) -> CsvDirectory:
        put(folder, a="id,flag\n1,N\n", b="flag,id\nN,2\n")
        return source_of(folder)

    def make_strategy(self, folder: Path) -> CsvFlag:
        return CsvFlag(flag="flag")

    def test_its_flag_words_are_those_of_its_flags(self, tmp_path: Path) -> None:
        """Of one file: what an old program kept is about one, so several are refused by the migration."""
        words = started(self.make_source(tmp_path), tmp_path).flag_words
        assert (words.key, words.flag, words.unsent, words.sent) == ("id", "flag", "N", "Y")


def test_rows_come_from_all_files_with_their_places(tmp_path: Path) -> None:
    folder = put(tmp_path, b="id,flag\n3,N\n", a="id,to,flag\n1,x,N\n2,y,N\n", _hidden="id\n9\n")
    (folder / "_hidden.csv").rename(folder / ".hidden.csv")
    (folder / "d.csv").mkdir()
    found = [item for item in source_of(tmp_path).read() if isinstance(item, Record)]
    assert [(record.key, record.place) for record in found] == [
        ("1", f"{folder / 'a.csv'}:2"),
        ("2", f"{folder / 'a.csv'}:3"),
        ("3", f"{folder / 'b.csv'}:2"),
    ]
    assert len({record.row for record in found}) == 3
    assert [dict(record.items()) for record in found][2] == {"id": "3", "flag": "N"}


def test_a_folder_stands_for_the_csv_files_in_it(tmp_path: Path) -> None:
    folder = put(tmp_path, a="id\n1\n")
    assert [item.key for item in CsvDirectory(path=folder, key="id").read()] == ["1"]


def test_a_file_that_cannot_be_used_holds_back_no_other(tmp_path: Path) -> None:
    folder = put(tmp_path, a="idd,flag\n1,N\n", b="id,flag\n2,N\n")
    held, record = source_of(tmp_path).read()
    assert isinstance(held, Problem)
    assert held.place == f"{folder / 'a.csv'}:1"
    assert 'there is no column "id"' in held.what
    assert record.key == "2"


def test_no_file_is_no_record_and_no_folder_is_an_error(tmp_path: Path) -> None:
    put(tmp_path)
    assert list(source_of(tmp_path).read()) == []
    with pytest.raises(CampaignError, match="there is no such folder; make it, or correct `path`"):
        CsvDirectory(path=tmp_path / "gone" / "*.csv", key="id").read()


def test_each_flag_goes_into_its_own_file(tmp_path: Path) -> None:
    folder = put(tmp_path, a="id,flag\n1,N\n2,N\n", b="flag,id\nN,3\n")
    source = source_of(tmp_path)
    strategy = started(source, tmp_path)
    tasks = owed(strategy, source, "1", "3")
    assert [task.metadata["csv_file"] for task in tasks] == ["data/a.csv", "data/b.csv"]
    assert strategy.write_back(tasks).done == {1, 2}
    assert (folder / "a.csv").read_text() == "id,flag\n1,Y\n2,N\n"
    assert (folder / "b.csv").read_text() == "flag,id\nY,3\n"


def test_a_key_in_two_files_is_flagged_in_both(tmp_path: Path) -> None:
    folder = put(tmp_path, a="id,flag\n1,N\n", b="id,flag\n1,N\n", c="broken\n")
    source = source_of(tmp_path)
    strategy = started(source, tmp_path)
    assert strategy.write_back(owed(strategy, source, "1")).done == {1}
    assert [(folder / name).read_text() for name in ("a.csv", "b.csv")] == ["id,flag\n1,Y\n"] * 2


def test_an_odd_flag_in_one_of_the_files_is_refused(tmp_path: Path) -> None:
    folder = put(tmp_path, a="id,flag\n1,N\n2,?\n", b="id,flag\n1,?\n2,N\n")
    source = source_of(tmp_path)
    strategy = started(source, tmp_path)
    result = strategy.write_back(owed(strategy, source, "1", "2"))
    assert result.done == frozenset()
    assert {why.code for why in result.refused.values()} == {"csv_odd_flag"}  # type: ignore[union-attr]
    assert (folder / "b.csv").read_text() == "id,flag\n1,?\n2,Y\n"


def test_a_row_that_moved_to_another_file_is_found_there(tmp_path: Path) -> None:
    folder = put(tmp_path, a="id,flag\n1,N\n")
    source = source_of(tmp_path)
    strategy = started(source, tmp_path)
    tasks = owed(strategy, source, "1")
    (folder / "a.csv").rename(folder / "archived.csv")
    assert strategy.write_back(tasks).done == {1}
    assert (folder / "archived.csv").read_text() == "id,flag\n1,Y\n"
