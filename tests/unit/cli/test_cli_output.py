"""Tables, JSON and lines that cannot command a terminal."""

from __future__ import annotations

import io
import json
import sys

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from rich.cells import cell_len

from notifykit.errors import NotifykitError
from notifykit.secrets import Secret
from notifykit.terminal import tables
from notifykit.terminal.console import count, out, print_json, some, visible, warn, warn_of
from notifykit.terminal.folding import folded
from notifykit.terminal.tables import Key, Right, print_table
from notifykit.wording.translation import speak


def test_columns_line_up_where_characters_are_wide(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["key", "to", Right("n")], [("1", "北京签约喜报群", "5"), ("22", "甲", "12")])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["key", "to", "n"]
    ends = {cell_len(line) for line in lines}
    assert len(ends) == 1, lines


def test_a_column_that_nothing_fills_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["a", "why"], [("1", ""), ("2", "")])
    assert capsys.readouterr().out == "a\n1\n2\n"


def test_what_looks_like_markup_is_text(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["key"], [("[bold]x[/bold] :smile:",)])
    assert "[bold]x[/bold] :smile:" in capsys.readouterr().out


def test_a_row_stays_one_line_in_a_pipe(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    print_table(["a", "b"], [("x" * 100, "y" * 100)])
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_long_cells_are_folded_and_nothing_is_cut(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    print_table(["a", "b"], [("x" * 60, "y" * 60)])
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 80
    assert (out.count("x"), out.count("y")) == (60, 60)


def test_short_cells_and_keys_are_folded_last(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    print_table(["status", Key("key"), "a", "b", "c"], [("completed", "1" * 19, *["群" * 10] * 3)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split()[:2] == ["completed", "1" * 19]
    assert max(map(cell_len, lines)) <= 80


LINE = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), max_size=20)
WIDE = 200
"""Columns: three such lines fit, each of whose characters may take two."""


@given(st.lists(st.tuples(LINE, LINE, LINE), min_size=1, max_size=5))
def test_a_table_that_fits_is_as_it_would_be_if_it_were_folded(rows: list[tuple[str, ...]]) -> None:
    assume(all(any(column) for column in zip(*rows, strict=True)))
    headings = ("status", Right("n"), Key("合同"))
    assert tables._lines(headings, rows, WIDE) == folded(headings, rows, WIDE)


def test_what_needs_no_table_of_widths_is_as_wide_as_that_says() -> None:
    narrow = [chr(code) for code in (*range(0x300), *range(0x2010, 0x2028)) if chr(code).isprintable()]
    assert [char for char in narrow if cell_len(char) != 1] == []


@pytest.mark.parametrize("nasty", ["\x1b[2J", "\x07", "\u202e", "\udc80", "a\rb", "a\tb"])
def test_nothing_is_a_command_to_the_terminal(nasty: str) -> None:
    assert visible(nasty).isprintable()
    assert visible("签约 [x]") == "签约 [x]"


FORGED = "K1\nerror: all is lost\r\x1b[2J\x9b31m\u202e\u2066\u2028\x07\ud800"
SHOWN = r"K1\nerror: all is lost\r\x1b[2J\x9b31m\u202e\u2066\u2028\x07\ud800"


def test_data_forges_no_line_and_commands_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    out("key", FORGED)
    warn("key", FORGED)
    warn_of("error", NotifykitError(f"no row has the key {FORGED}", mend="see"))
    warn_of("error", NotifykitError(f"task 1 ({FORGED}) is sent", more=["nothing was changed"]))
    print_table(("key",), [(FORGED,)])
    said = capsys.readouterr()
    assert said.out == f"key\n{SHOWN}\nkey\n{SHOWN}\n"
    assert said.err == (
        f"key\n{SHOWN}\nerror: no row has the key {SHOWN}; see\nerror: task 1 ({SHOWN}) is sent\nnothing was changed\n"
    )


@pytest.mark.parametrize("one_line", [True, False])
def test_json_means_the_same_and_commands_no_terminal(capsys: pytest.CaptureFixture[str], one_line: bool) -> None:
    data = {FORGED: [FORGED, "签　约", "🎉\U000e0001", 7, None, True]}
    print_json(data, one_line=one_line)
    said = capsys.readouterr().out
    assert json.loads(said) == data
    assert said.replace("\n", "").isprintable()
    assert "签" in said


def test_no_way_out_shows_a_credential(capsys: pytest.CaptureFixture[str]) -> None:
    Secret("https://robot.example/hook/T0KEN-abcdef/rows")
    text = "https://robot.example/hook/T0KEN-abcdef/rows"
    out(text)
    warn(text)
    print_table(("place",), [(text,)])
    print_json({text: [text, {"a": (text,)}], "n": 17})
    said = capsys.readouterr()
    assert "T0KEN" not in said.out + said.err
    assert said.err == "***\n"
    assert json.loads(said.out.partition("{")[1] + said.out.partition("{")[2]) == {
        "***": ["***", {"a": ["***"]}],
        "n": 17,
    }


def test_json_is_readable_where_the_stream_can_show_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for encoding, shown in (("utf-8", "签"), ("ascii", "\\u7b7e")):
        raw = io.BytesIO()
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding, write_through=True))
        print_json({"a": "签"}, one_line=True)
        sys.stdout.flush()
        assert raw.getvalue().decode(encoding) == f'{{"a": "{shown}"}}\n'


def test_json_on_several_lines(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"a": [1]})
    out = capsys.readouterr().out
    assert len(out.splitlines()) > 1
    assert json.loads(out) == {"a": [1]}


def test_some_and_count_in_chinese() -> None:
    speak("zh")
    assert (count(1, "message"), count(1200, "message")) == ("1 条消息", "1,200 条消息")
    assert some(list("abc"), 2) == "a、b，另有 1 项"
    assert count(2, "unheard word") == "2 unheard words"


def test_some_and_count() -> None:
    assert some(["a", "b", "c"], at_most=2) == "a, b, and 1 more"
    assert some(["a"]) == "a"
    assert (count(1, "key"), count(2000, "key")) == ("1 key", "2,000 keys")
