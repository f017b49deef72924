"""What a migration and its rollback do to flags."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from notifykit_contract.source import CsvSource
from notifykit_contract.strategy import CsvFlag

from notifykit.errors import CampaignError
from notifykit.legacy import Flag, KeepsFlags
from notifykit.model import Record, Table
from notifykit.roles import StrategyContext
from notifykit.testing import FakeClock

KEY = "合同ID(_id)"


def started(path: Path, key: str = KEY, **options: str) -> CsvFlag:
    strategy = CsvFlag(**options)
    source = CsvSource(path=path, key=key)
    strategy.start(StrategyContext(campaign="bj", source=source, clock=FakeClock(), folder=path.parent))
    return strategy


def test_the_strategy_keeps_flags_before_it_is_started_too() -> None:
    assert isinstance(CsvFlag(), KeepsFlags)


@pytest.mark.parametrize(
    ("word", "expected"), [("N", Flag.UNSENT), ("Y", Flag.SENT), ("n", Flag.OTHER), ("", Flag.OTHER)]
)
def test_a_flag_says_unsent_or_sent_or_something_else(word: str, expected: Flag) -> None:
    record = Record("1", ["1", word], Table("x.csv", {KEY: 0, "是否发送通知": 1}), 2)
    assert CsvFlag().flag_of(record) is expected


def test_a_record_without_the_column_has_no_flag() -> None:
    with pytest.raises(CampaignError, match='there is no column "是否发送通知"'):
        CsvFlag().flag_of(Record("1", ["1"], Table("x.csv", {KEY: 0}), 2))


def test_flags_are_set_and_set_back_and_no_other_byte_changes(contract_file: Callable[..., Path]) -> None:
    path = contract_file([("1", "N"), ("2", "Y"), ("3", "N"), ("4", "?")])
    before = path.read_bytes()
    keeper = started(path)
    assert keeper.flag_file == path
    sent = b"".join(keeper.with_flags(before, ["1", "2", "3"], Flag.SENT))
    assert sent == contract_file([("1", "Y"), ("2", "Y"), ("3", "Y"), ("4", "?")]).read_bytes()
    path.write_bytes(before)
    assert keeper.set_flags(["1", "2", "3"], Flag.SENT) == {}
    assert path.read_bytes() == sent
    assert keeper.set_flags(["1", "3"], Flag.UNSENT) == {}
    assert path.read_bytes() == before == b"".join(keeper.with_flags(sent, ["1", "3"], Flag.UNSENT))


def test_words_of_another_length_are_set_back_too(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"id,flag\r\n1,\r\n2,\r\n")
    keeper = started(path, key="id", flag="flag", unsent="", sent="done")
    assert keeper.set_flags(["2"], Flag.SENT) == {}
    assert path.read_bytes() == b"id,flag\r\n1,\r\n2,done\r\n"
    assert keeper.set_flags(["2"], Flag.UNSENT) == {}
    assert path.read_bytes() == b"id,flag\r\n1,\r\n2,\r\n"


def test_what_is_refused_is_told_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"id,flag,name\r\n1,Y,a\r\n1,Y,b\r\n2,Y,c\r\n")
    keeper = started(path, key="id", flag="flag", unsent="N", sent="Y")
    (refused,) = keeper.set_flags(["1", "2"], Flag.UNSENT).items()
    assert refused[0] == "1"
    assert "the rows of this key differ (lines 2 and 3)" in str(refused[1])
    assert path.read_bytes() == b"id,flag,name\r\n1,Y,a\r\n1,Y,b\r\n2,N,c\r\n"


def test_a_row_that_is_gone_and_a_flag_of_another_word_have_none_to_set(contract_file: Callable[..., Path]) -> None:
    path = contract_file([("1", "?"), ("2", "Y")])
    before = path.read_bytes()
    keeper = started(path)
    assert keeper.set_flags(["1", "9"], Flag.UNSENT) == {}
    assert path.read_bytes() == before == b"".join(keeper.with_flags(before, ["1", "9"], Flag.UNSENT))


def test_nothing_is_asked_and_nothing_is_touched(tmp_path: Path) -> None:
    keeper = started(tmp_path / "gone.csv")
    assert keeper.set_flags([], Flag.SENT) == {}
    assert b"".join(keeper.with_flags(b"", ["1"], Flag.SENT)) == b""
    assert not list(tmp_path.iterdir())


def test_no_other_word_can_be_set(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="set to SENT or UNSENT"):
        started(tmp_path / "x.csv").with_flags(b"x", ["1"], Flag.OTHER)


def test_content_without_the_flag_column_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CampaignError, match=r'x\.csv:1: there is no column "flag"'):
        started(tmp_path / "x.csv", key="id", flag="flag").with_flags(b"id\n1\n", ["1"], Flag.SENT)


@given(
    rows=st.lists(st.tuples(st.sampled_from("123"), st.sampled_from(["N", "Y", "x", '"N"']), st.sampled_from("ab"))),
    keys=st.sets(st.sampled_from("1234")),
    flag=st.sampled_from([Flag.SENT, Flag.UNSENT]),
)
def test_the_pure_form_says_what_the_file_becomes(
    tmp_path_factory: pytest.TempPathFactory, rows: Collection[tuple[str, ...]], keys: set[str], flag: Flag
) -> None:
    path = tmp_path_factory.getbasetemp() / "pure.csv"
    data = b"id,flag,other\n" + "".join(",".join(row) + "\n" for row in rows).encode()
    path.write_bytes(data)
    keeper = started(path, key="id", flag="flag")
    keeper.set_flags(keys, flag)
    assert path.read_bytes() == b"".join(keeper.with_flags(data, keys, flag))
