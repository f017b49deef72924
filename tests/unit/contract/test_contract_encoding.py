"""An encoding is proven by the file, or said by the campaign; it is never guessed."""

from __future__ import annotations

import encodings.aliases
import warnings
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from notifykit_contract.encoding import AUTO, LIKELY, codec_named, is_certainly_utf8
from notifykit_contract.flags import FlagColumn, write_flags
from notifykit_contract.head import read_head
from notifykit_contract.source import CsvSource, Snapshot
from notifykit_contract.strategy import CsvFlag

from notifykit.clock import SystemClock
from notifykit.errors import CampaignError
from notifykit.model import Problem, Record
from notifykit.options import OptionError
from notifykit.roles import StrategyContext
from notifykit.testing import sent_task

GERMAN = "id,name,f\n1,Müller,N\n2,Köhler,N\n3,Ann,N\n"
CHINESE = "id,name,f\n1,测试管家,N\n2,测试,N\n3,Ann,N\n"


def cells(data: bytes, encoding: str = AUTO, words: set[str] | None = None) -> list[str]:
    view = Snapshot(data, "x.csv", "id", encoding, words or set())
    return [item["name"] if isinstance(item, Record) else str(item) for item in view]


@pytest.mark.parametrize(
    ("text", "codec"), [(GERMAN, "cp1252"), (CHINESE, "gb18030"), (CHINESE, "gbk"), ("id,f\n1,Jiří\n", "cp1250")]
)
def test_bytes_that_are_not_utf8_stop_the_campaign_and_a_cell_is_shown(text: str, codec: str) -> None:
    with pytest.raises(CampaignError) as caught:
        Snapshot(text.encode(codec), "x.csv", "id")
    said = str(caught.value)
    assert said.startswith("x.csv:2: nothing proves which encoding it has; a cell in the column ")
    assert f'"{text.splitlines()[1].split(",")[1]}" (' in said
    assert "`encoding:`" in said


@pytest.mark.parametrize(("text", "codec"), [(GERMAN, "cp1252"), (CHINESE, "gb18030"), (CHINESE, "gbk")])
def test_what_the_campaign_says_counts(text: str, codec: str) -> None:
    assert cells(text.encode(codec), codec) == [line.split(",")[1] for line in text.splitlines()[1:]]


def test_a_cell_that_reads_the_same_under_two_names_is_shown_once() -> None:
    with pytest.raises(CampaignError) as caught:
        Snapshot(GERMAN.encode("cp1252"), "x.csv", "id")
    assert str(caught.value).count('"Müller"') == 1
    assert '"M黮ler" (gb18030)' in str(caught.value)


def test_a_word_of_the_campaign_in_the_header_proves_the_encoding() -> None:
    data = CHINESE.replace("f\n", "f,管家\n", 1).replace("N\n", "N,x\n").encode("gb18030")
    with pytest.raises(CampaignError, match="nothing proves"):
        cells(data)
    with pytest.raises(CampaignError, match="nothing proves"):
        cells(data, words={"name", "f", "管"})
    assert cells(data, words={"管家", "备注"}) == ["测试管家", "测试", "Ann"]


def test_one_bad_row_does_not_make_a_utf8_file_another() -> None:
    data = CHINESE.encode() + "4,测,N\n".encode("gb18030")
    *good, bad = cells(data)
    assert good == ["测试管家", "测试", "Ann"]
    assert "is not utf-8" in bad


def test_a_file_of_two_minds_is_none() -> None:
    with pytest.raises(CampaignError, match="nothing proves"):
        cells("id,name,f\n1,测试,N\n".encode() + "2,测试,N\n".encode("gb18030"))


@pytest.mark.parametrize("name", ["郑", "陆", "卢鲁"])
def test_a_single_name_that_is_utf8_by_accident_proves_nothing(name: str) -> None:
    data = f"id,name,f\n1,{name},N\n".encode("gb18030")
    assert data.decode()
    with pytest.raises(CampaignError, match=f'"{name}" \\(gb18030\\)'):
        cells(data)
    assert cells(data, "gb18030") == [name]
    assert cells(data, "utf-8") == [data.decode().split(",")[3]]


@pytest.mark.parametrize("text", ["Müller", "25 °C", "£5", "管", "Jörg und Käthe", "Иван"])
def test_few_letters_in_utf8_are_read_as_such(text: str) -> None:
    assert cells(f'id,name,f\n1,"{text}",N\n'.encode()) == [text]


def test_a_file_that_was_saved_as_utf8_since_is_not_read_by_the_old_name() -> None:
    for text, codec in ((GERMAN, "cp1252"), (CHINESE, "gb18030")):
        with pytest.raises(CampaignError, match=f"it is UTF-8 text, but the campaign says `encoding: {codec}`"):
            cells(text.encode(), codec)
    few = "id,name,f\n1,郑,N\n".encode("gb18030")
    assert not is_certainly_utf8(few, "gb18030")
    assert cells(few, "gb18030") == ["郑"]


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("auto", "auto"),
        ("UTF8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("windows-1252", "cp1252"),
        ("GBK", "gbk"),
        ("latin-1", "iso8859-1"),
        ("big5", "big5"),
        ("sjis", "shift_jis"),
    ],
)
def test_encodings_that_keep_ascii_may_be_named(name: str, codec: str) -> None:
    assert codec_named(name) == codec


@pytest.mark.parametrize(
    "name",
    [
        *("utf-16", "utf-32", "utf-7", "cp037", "hz", "iso2022_jp", "iso2022_kr", "unicode_escape"),
        *("raw_unicode_escape", "rot13", "base64", "idna", "punycode", "undefined", "no-such", "a\0b", ""),
    ],
)
def test_others_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"cannot be read byte by byte|there is no encoding"):
        codec_named(name)
    with pytest.raises(OptionError):
        CsvSource(path=Path("x.csv"), key="id", encoding=name)


def every_codec() -> list[str]:
    """Every codec of Python by which files may be read."""
    found = set()
    for name in {*encodings.aliases.aliases.values(), *LIKELY}:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found.add(codec_named(name))
        except ValueError:
            continue
    return sorted(found)


@given(st.sampled_from(every_codec()), st.text(max_size=8), st.data())
def test_no_character_of_an_encoding_contains_what_parts_cells(codec: str, text: str, data: st.DataObject) -> None:
    raw = text.encode(codec, "ignore")
    sign = data.draw(st.sampled_from(b',"\r\n'))
    assert raw.count(sign) == raw.decode(codec).count(chr(sign))


@pytest.mark.parametrize("codec", every_codec())
def test_flags_are_patched_byte_for_byte_in_every_encoding(tmp_path: Path, codec: str) -> None:
    letters = bytes(range(0x80, 0x100)).decode(codec, "ignore") or "x"
    data = f'id,name,f\r\n{letters[:3]}1,"a, {letters}",N\r\n2,{letters[-2:]},N\r\n'.encode(codec, "ignore")
    path = tmp_path / "x.csv"
    path.write_bytes(data)
    column = FlagColumn(key="id", flag="f", unsent="N", sent="YY", encoding=codec)
    keys = [item.key for item in Snapshot(data, "x.csv", "id", codec) if isinstance(item, Record)]
    assert len(keys) == 2
    flagged = write_flags(path, column, keys)
    assert (flagged.done, flagged.refused) == (set(keys), {})
    assert path.read_bytes() == data.replace(b",N\r\n", b",YY\r\n")


def test_a_character_with_two_spellings_in_bytes_is_found_by_either(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"id,f\n\xfa\x55,N\n")  # Python writes the same character as EE FA
    (record,) = Snapshot(path.read_bytes(), "x.csv", "id", "cp932")
    assert isinstance(record, Record)
    assert record.key.encode("cp932") != b"\xfa\x55"
    column = FlagColumn(key="id", flag="f", unsent="N", sent="Y", encoding="cp932")
    assert write_flags(path, column, [record.key]).done == {record.key}
    assert path.read_bytes() == b"id,f\n\xfa\x55,Y\n"


def test_what_is_ascii_alone_is_flagged_without_proof(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(GERMAN.encode("cp1252"))
    column = FlagColumn(key="id", flag="f", unsent="N", sent="Y")
    assert write_flags(path, column, ["1", "2"]).done == {"1", "2"}
    assert path.read_bytes() == GERMAN.replace("r,N", "r,Y").encode("cp1252")
    assert "nothing proves" in write_flags(path, column, ["3", "é"]).refused["3"].text


@pytest.mark.parametrize(("flag", "expected"), [("旗", set()), ("f", {"管家"})])
def test_what_the_campaign_uses_proves_the_encoding_where_flags_are_written(
    tmp_path: Path, flag: str, expected: set[str]
) -> None:
    path = tmp_path / "x.csv"
    data = f"id,管家,{flag}\n管,x,N\n".encode("gb18030")
    path.write_bytes(data)
    column = FlagColumn(key="id", flag=flag, unsent="N", sent="Y", expected=frozenset(expected))
    assert write_flags(path, column, ["管"]).done == {"管"}
    assert path.read_bytes() == data.replace(b",N", b",Y")


def test_an_encoding_that_is_named_later_counts_for_what_was_queued_before(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes("id,f\né1,N\n".encode())
    before, after = CsvFlag(flag="f"), CsvFlag(flag="f")
    source = CsvSource(path=path, key="id")
    before.start(StrategyContext(campaign="c", source=source, clock=SystemClock(), folder=tmp_path))
    (record,) = source.read()
    assert isinstance(record, Record)
    task = sent_task(record, before.metadata(record))
    path.write_bytes("id,f\né1,N\n".encode("cp1252"))
    assert "nothing proves" in str(before.write_back([task]).refused[task.id])
    named = CsvSource(path=path, key="id", encoding="cp1252")
    after.start(StrategyContext(campaign="c", source=named, clock=SystemClock(), folder=tmp_path))
    assert after.write_back([task]).done == {task.id}
    assert path.read_bytes() == "id,f\né1,Y\n".encode("cp1252")


def test_a_flag_that_the_encoding_lacks_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(GERMAN.encode("cp1252"))
    column = FlagColumn(key="id", flag="f", unsent="N", sent="是", encoding="cp1252")
    assert 'the flag "是" cannot be written in cp1252' in write_flags(path, column, ["1"]).refused["1"].text
    assert path.read_bytes() == GERMAN.encode("cp1252")


@given(st.text(st.sampled_from('aé管,\n"1\ufeff'), max_size=30), st.sampled_from(["utf-8", "gb18030", "utf-16"]))
def test_what_is_read_without_a_name_is_what_was_written(text: str, codec: str) -> None:
    try:
        head = read_head(f"管id,f\n{text}".encode(codec), "x.csv", "管id")
    except CampaignError:
        return
    assert head is not None
    assert head.codec == codec


def test_problems_name_the_encoding() -> None:
    (problem,) = Snapshot(b"id,f\n\x81,N\n", "x.csv", "id", "cp1252")
    assert isinstance(problem, Problem)
    assert "byte 0x81 at offset 5 is not cp1252" in str(problem)
