"""A JSON value on each line: what is a record, and what is told with its line."""

from __future__ import annotations

from pathlib import Path

import pytest
from notifykit_technician.json_lines import JsonLines

from notifykit.errors import CampaignError
from notifykit.model import Problem, Record
from notifykit.testing import SourceContract


def lines(folder: Path, data: bytes, **options: object) -> JsonLines:
    (folder / "orders.jsonl").write_bytes(data)
    return JsonLines(path=folder / "orders.jsonl", **options)  # type: ignore[arg-type]


class TestJsonLines(SourceContract):
    def make_source(self, folder: Path) -> JsonLines:
        return lines(folder, b'{"id": 1, "to": "a"}\n\n{"id": null}\nnope\n{"id": "2", "to": "b"}\n{"id": "3", "t')

    def make_broken_source(self, folder: Path) -> JsonLines:
        return JsonLines(path=folder / "gone.jsonl")


def test_a_line_is_a_record_and_has_its_number(tmp_path: Path) -> None:
    source = lines(tmp_path, '\ufeff{"id": 1120250800000000123, "to": "乙"}\r\n\r\n{"to": 5, "id": "b"}'.encode())
    first, second = source.read()
    assert isinstance(first, Record)
    assert isinstance(second, Record)
    assert (first.key, first["to"], first.place) == ("1120250800000000123", "乙", f"{source.path}:1")
    assert (second.key, second["to"], second.place) == ("b", 5, f"{source.path}:3")


def test_arrays_have_the_columns_that_are_named(tmp_path: Path) -> None:
    (record,) = lines(tmp_path, b'["a", 1, "x"]\n', columns=["id", "_", "to"]).read()
    assert isinstance(record, Record)
    assert dict(record.items()) == {"id": "a", "to": "x"}


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (b"nope", "not valid JSON (Expecting value)"),
        (b'{"id": "a"} {"id": "b"}', "not valid JSON (Extra data)"),
        (b'{"id": "\xff"}', "the line is not UTF-8"),
        (b'"a"', "the row is a string"),
        (b'{"id": 1.5}', "'id' is 1.5, which may have lost digits"),
        (b'{"to": 1}', "there is no 'id'"),
        (b"[" * 100_000, "not valid JSON (RecursionError)"),
    ],
)
def test_a_bad_line_is_told_and_holds_back_nothing_else(tmp_path: Path, line: bytes, what: str) -> None:
    held, record = lines(tmp_path, line + b'\n{"id": "b"}\n').read()
    assert isinstance(held, Problem)
    assert isinstance(record, Record)
    assert (held.place, held.what) == (f"{tmp_path / 'orders.jsonl'}:1", what)


def test_a_last_line_that_breaks_off_is_probably_being_written(tmp_path: Path) -> None:
    _, held = lines(tmp_path, b'{"id": "a"}\n{"id": "b').read()
    assert isinstance(held, Problem)
    assert held.what == "the last line breaks off and has no line end"


def test_a_file_that_is_not_there_stops_the_campaign(tmp_path: Path) -> None:
    with pytest.raises(CampaignError, match="correct `path`, or its permissions"):
        JsonLines(path=tmp_path / "gone.jsonl").read()
