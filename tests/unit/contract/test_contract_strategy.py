"""What the flag strategy decides, keeps with a task, and writes back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from notifykit_contract.source import CsvSource
from notifykit_contract.strategy import CsvFlag

from notifykit.errors import CampaignError
from notifykit.model import Record, Table, Task
from notifykit.roles import Decision, StrategyContext, WriteBack
from notifykit.testing import FakeClock, FakeLedger, StrategyContract, sent_task

KEY, FLAG = "合同ID(_id)", "是否发送通知"


def started(strategy: CsvFlag, source: CsvSource, folder: Path | None = None) -> CsvFlag:
    strategy.start(StrategyContext(campaign="bj", source=source, clock=FakeClock(), folder=folder))
    return strategy


def task(number: int, metadata: dict[str, Any], key: str = "1") -> Task:
    return sent_task(Record(key, [], Table("x", {}), 2), json.loads(json.dumps(metadata)), id_=number)


def decision(flag: str, ledger: FakeLedger, strategy: CsvFlag | None = None) -> Decision:
    record = Record("1", ["1", flag], Table("x.csv", {KEY: 0, FLAG: 1}), 2)
    return (strategy or CsvFlag()).decide(record, ledger)


@pytest.mark.parametrize(
    ("flag", "ledger", "expected"),
    [
        ("N", FakeLedger(), Decision.NOTIFY),
        ("N", FakeLedger(waiting={"1"}), Decision.NOTIFY),
        ("N", FakeLedger(delivered={"1"}), Decision.REPAIR),
        ("Y", FakeLedger(), Decision.SKIP),
        ("Y", FakeLedger(delivered={"1"}), Decision.SKIP),
        ("Y", FakeLedger(waiting={"1"}), Decision.DRIFT),
        ("n", FakeLedger(), Decision.NEITHER),
        (" N", FakeLedger(), Decision.NEITHER),
        ("N ", FakeLedger(), Decision.NEITHER),
        ("", FakeLedger(), Decision.NEITHER),
        ("否", FakeLedger(waiting={"1"}, delivered={"1"}), Decision.NEITHER),
    ],
)
def test_only_exactly_the_unsent_word_starts_a_notification(flag: str, ledger: FakeLedger, expected: Decision) -> None:
    assert decision(flag, ledger) is expected


def test_the_words_are_options() -> None:
    strategy = CsvFlag(flag=FLAG, unsent="0", sent="1")
    assert decision("0", FakeLedger(), strategy) is Decision.NOTIFY
    assert decision("1", FakeLedger(), strategy) is Decision.SKIP
    assert decision("N", FakeLedger(), strategy) is Decision.NEITHER


def test_columns_may_move_from_one_file_to_the_next() -> None:
    strategy = CsvFlag()
    assert strategy.decide(Record("1", ["N", "Y"], Table("a", {FLAG: 0}), 2), FakeLedger()) is Decision.NOTIFY
    assert strategy.decide(Record("1", ["N", "Y"], Table("b", {FLAG: 1}), 2), FakeLedger()) is Decision.SKIP


def test_a_missing_flag_column_stops_the_campaign() -> None:
    record = Record("1", ["1"], Table("x.csv", {"是否发送通知 ": 0}), 2)
    with pytest.raises(
        CampaignError, match=r'x\.csv: there is no column "是否发送通知".*did you mean.*`strategy.flag`'
    ):
        CsvFlag().decide(record, FakeLedger())


def test_a_flag_column_that_is_there_twice_stops_the_campaign_too(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("id,f,f\n1,N,N\n", encoding="utf-8")
    (record,) = CsvSource(path=tmp_path / "x.csv", key="id").read()
    assert isinstance(record, Record)
    with pytest.raises(CampaignError, match=r'x\.csv: the column "f" is there 2 times; rename all but one'):
        CsvFlag(flag="f", unsent="N", sent="Y").decide(record, FakeLedger())


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"unsent": "Y"}, "`unsent` and `sent` are both 'Y'; they must differ"),
        ({"sent": ""}, "`sent` is empty; name the word"),
        ({"sent": "a,b"}, "`sent` is 'a,b'; a flag is plain text"),
        ({"unsent": '"N"'}, "`unsent` is '\"N\"'; a flag is plain text"),
        ({"sent": "Y\n"}, "`sent` is 'Y\\n'; a flag is plain text"),
    ],
)
def test_words_that_no_flag_can_be_are_refused(options: dict[str, str], text: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is compared below
        CsvFlag(**options)
    assert text in str(caught.value)


def test_another_source_is_refused() -> None:
    class Queries:
        def read(self) -> list[Record]:
            return []

    with pytest.raises(
        CampaignError, match=r"campaign bj: .* its source reads none; use a source of type `contract_csv`"
    ):
        CsvFlag().start(StrategyContext(campaign="bj", source=Queries(), clock=FakeClock()))


def test_what_does_not_count_is_the_flag_and_what_the_source_ignores() -> None:
    strategy = CsvFlag()
    assert strategy.own_columns == {FLAG}
    started(strategy, CsvSource(path=Path("x.csv"), key=KEY, ignore=("登记时间",)))
    assert strategy.own_columns == {FLAG, "登记时间"}


def test_the_metadata_has_the_published_keys_and_what_a_later_write_back_needs(tmp_path: Path) -> None:
    source = CsvSource(path=tmp_path / "state" / "bj.csv", key=KEY)
    record = Record("3000", [], Table("x", {}), 2)
    inside = started(CsvFlag(), source, tmp_path).metadata(record)
    assert inside == {
        "contract_id": "3000",
        "csv_file": "state/bj.csv",
        "created_by": "contract_notification",
        "csv": {"key": KEY, "flag": FLAG, "unsent": "N", "sent": "Y", "encoding": "auto"},
    }
    assert json.loads(json.dumps(inside)) == inside
    outside = started(CsvFlag(created_by="orders"), source, tmp_path / "project").metadata(record)
    assert (outside["csv_file"], outside["created_by"]) == (str(source.path), "orders")
    assert started(CsvFlag(), source).metadata(record)["csv_file"] == str(source.path)


def test_a_result_goes_to_the_file_that_the_record_came_from(tmp_path: Path) -> None:
    """The campaign has moved on to next month's file, with another column and other words."""
    (tmp_path / "aug.csv").write_bytes(b"id,flag\n1,N\n2,N\n")
    (tmp_path / "sep.csv").write_bytes(b"nr,told\n1,0\n")
    august = started(CsvFlag(flag="flag"), CsvSource(path=tmp_path / "aug.csv", key="id"), tmp_path)
    tasks = [task(10 + int(key), august.metadata(Record(key, [], Table("x", {}), 2)), key) for key in ("1", "2")]
    september = started(
        CsvFlag(flag="told", unsent="0", sent="1"), CsvSource(path=tmp_path / "sep.csv", key="nr"), tmp_path
    )
    tasks.append(task(20, september.metadata(Record("1", [], Table("x", {}), 2))))
    assert september.write_back(tasks) == WriteBack(done=frozenset({11, 12, 20}))
    assert (tmp_path / "aug.csv").read_bytes() == b"id,flag\n1,Y\n2,Y\n"
    assert (tmp_path / "sep.csv").read_bytes() == b"nr,told\n1,1\n"


@pytest.mark.parametrize(
    ("then", "now", "rows", "flagged"),
    [
        (CsvFlag(flag="flag"), CsvFlag(flag="told"), b"id,flag,told\n1,N,N\n", b"id,flag,told\n1,Y,Y\n"),
        (CsvFlag(flag="flag"), CsvFlag(flag="flag", unsent="0", sent="1"), b"id,flag\n1,0\n", b"id,flag\n1,1\n"),
        (CsvFlag(flag="gone"), CsvFlag(flag="told"), b"id,told\n1,N\n", b"id,told\n1,Y\n"),
    ],
    ids=["another column", "other words", "the column is gone"],
)
def test_a_flag_stands_where_the_campaign_reads_it_now(
    tmp_path: Path, then: CsvFlag, now: CsvFlag, rows: bytes, flagged: bytes
) -> None:
    """It goes by that cell: a flag in the old place alone would be owed again in every pass."""
    source = CsvSource(path=tmp_path / "x.csv", key="id")
    (tmp_path / "x.csv").write_bytes(rows)
    metadata = started(then, source, tmp_path).metadata(Record("1", [], Table("x", {}), 2))
    assert started(now, source, tmp_path).write_back([task(1, metadata, "1")]).done == {1}
    assert (tmp_path / "x.csv").read_bytes() == flagged


@pytest.mark.parametrize(("word", "done"), [("N", True), ("Y", True), ("later", False)])
def test_a_row_that_moved_to_another_file_is_flagged_there(tmp_path: Path, word: str, done: bool) -> None:
    old = CsvSource(path=tmp_path / "aug.csv", key="id")
    metadata = started(CsvFlag(flag="flag"), old, tmp_path).metadata(Record("1", [], Table("x", {}), 2))
    moved = started(CsvFlag(flag="flag"), CsvSource(path=tmp_path / "all.csv", key="id"), tmp_path)
    (tmp_path / "all.csv").write_text(f"id,flag\n1,{word}\n")
    result = moved.write_back([task(1, metadata, "1")])
    assert (result.done == {1}, 1 in result.refused) == (done, not done)
    assert (tmp_path / "all.csv").read_text() == f"id,flag\n1,{'Y' if done else word}\n"
    (tmp_path / "all.csv").write_text("id,flag\n2,N\n")
    assert "aug.csv: there is no such file" in str(moved.write_back([task(1, metadata, "1")]).refused[1])


def test_a_project_may_be_moved_with_tasks_on_the_wire(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    (old / "x.csv").write_bytes(b"id,flag\n1,N\n")
    metadata = started(CsvFlag(flag="flag"), CsvSource(path=old / "x.csv", key="id"), old).metadata(
        Record("1", [], Table("x", {}), 2)
    )
    old.rename(new)
    moved = started(CsvFlag(flag="flag"), CsvSource(path=new / "x.csv", key="id"), new)
    assert moved.write_back([task(1, metadata)]).done == {1}
    assert (new / "x.csv").read_bytes() == b"id,flag\n1,Y\n"
    assert not old.exists()


def test_both_messages_of_a_contract_are_done_with_its_flag(contract_file: Callable[..., Path]) -> None:
    path = contract_file([("1", "N"), ("2", "X")])
    strategy = started(CsvFlag(), CsvSource(path=path, key=KEY))
    tasks = [
        task(number, strategy.metadata(Record(key, [], Table("x", {}), 2)), key)
        for number, key in ((1, "1"), (2, "1"), (3, "2"), (4, "2"))
    ]
    result = strategy.write_back(tasks)
    assert result.done == {1, 2}
    assert set(result.refused) == {3, 4}
    assert "the flag says 'X'" in str(result.refused[3])


@pytest.mark.parametrize("kept", [None, {}, "nonsense", {"key": 1, "flag": 2}, {"encoding": ["x"]}])
def test_tasks_of_the_published_plan_are_written_back_by_the_campaign_as_it_is(
    contract_file: Callable[..., Path], kept: object
) -> None:
    path = contract_file([("1", "N")])
    strategy = started(CsvFlag(), CsvSource(path=path, key=KEY))
    metadata: dict[str, Any] = {"contract_id": "1", "csv_file": str(path), "created_by": "contract_notification"}
    if kept is not None:
        metadata["csv"] = kept
    assert strategy.write_back([task(1, metadata, key="1")]).done == {1}


def test_the_encoding_is_kept_where_the_campaign_said_it(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes("id,flag\n管,N\n".encode("gb18030") + "家,N\n".encode())
    source = CsvSource(path=path, key="id", encoding="gb18030")
    metadata = started(CsvFlag(flag="flag"), source).metadata(Record("管", [], Table("x", {}), 2))
    later = started(CsvFlag(flag="flag"), CsvSource(path=path, key="id"))
    assert later.write_back([task(1, metadata, "管")]).done == {1}


def test_an_unknown_encoding_in_old_metadata_is_found_out_anew(contract_file: Callable[..., Path]) -> None:
    path = contract_file([("1", "N")], encoding="gb18030")
    strategy = started(CsvFlag(), CsvSource(path=path, key=KEY))
    metadata = strategy.metadata(Record("1", [], Table("x", {}), 2))
    metadata["csv"] = metadata["csv"] | {"encoding": "big6"}
    assert strategy.write_back([task(1, metadata)]).done == {1}


def test_a_task_that_names_no_file_is_refused() -> None:
    strategy = started(CsvFlag(), CsvSource(path=Path("x.csv"), key=KEY))
    result = strategy.write_back([task(7, {"contract_id": "1"})])
    assert "task 7 does not say in which CSV file it is to be flagged; flag it by hand" in str(result.refused[7])


class TestCsvFlag(StrategyContract):
    """The strategy keeps the promises of every strategy."""

    def make_source(self, folder: Path) -> CsvSource:
        (folder / "x.csv").write_bytes("\ufeffid,flag,旗\r\n1,N,a\r\n2,N,b\r\n2,N,b\r\n".encode())
        return CsvSource(path=folder / "x.csv", key="id")

    def make_strategy(self, folder: Path) -> CsvFlag:
        return CsvFlag(flag="flag")


class TestCsvFlagOfOtherLength(TestCsvFlag):
    """So does one that has to replace the file."""

    def make_strategy(self, folder: Path) -> CsvFlag:
        return CsvFlag(flag="flag", sent="sent")
