"""Writing flags: what changes, what does not, and what is refused."""

from __future__ import annotations

import csv
import io
import os
import stat
import sys
import threading
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import given
from hypothesis import strategies as st
from notifykit_contract import flags, patch, swap
from notifykit_contract.flags import FlagColumn, Flagged, lock_file, write_flags
from notifykit_contract.wording import OTHER_WRITER, REWRITTEN
from system import SUPERUSER

KEY, FLAG = "合同ID(_id)", "是否发送通知"
CONTRACT = FlagColumn(key=KEY, flag=FLAG, unsent="N", sent="Y")
SHORT = FlagColumn(key="id", flag="flag", unsent="N", sent="Y")
LONG = FlagColumn(key="id", flag="flag", unsent="N", sent="已发送")
BOTH = pytest.mark.parametrize("column", [SHORT, LONG], ids=["in place", "replaced"])


def write(folder: Path, data: bytes) -> Path:
    path = folder / "orders.csv"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "gb18030"])
@pytest.mark.parametrize("width", [27, 29])
@pytest.mark.parametrize("line_end", ["\r\n", "\n"])
def test_only_the_flags_of_these_contracts_change(
    contract_file: Callable[..., Path], encoding: str, width: int, line_end: str
) -> None:
    rows = [(str(number), "N") for number in range(1000, 1020)]
    path = contract_file(rows, encoding=encoding, width=width, line_end=line_end)
    wanted = {"1003", "1005", "1019"}
    assert write_flags(path, CONTRACT, wanted) == Flagged(done=wanted)
    expected = [(key, "Y" if key in wanted else flag) for key, flag in rows]
    written = path.read_bytes()
    assert written == contract_file(expected, encoding=encoding, width=width, line_end=line_end).read_bytes()


@pytest.mark.parametrize("column", [SHORT, LONG, FlagColumn(key="id", flag="flag", unsent="", sent="Y")])
def test_quotes_around_a_flag_stay(tmp_path: Path, column: FlagColumn) -> None:
    unsent = column.unsent.encode()
    data = b'\xef\xbb\xbfid,"flag"\n1,"%b"\n"2",%b\n3,"%b"' % (unsent, unsent, unsent)
    path = write(tmp_path, data)
    assert write_flags(path, column, ["1", "2", "3"]).done == {"1", "2", "3"}
    assert path.read_bytes() == data[:13] + b'1,"%b"\n"2",%b\n3,"%b"' % ((column.sent.encode(),) * 3)


@BOTH
def test_all_rows_of_a_key_are_flagged(tmp_path: Path, column: FlagColumn) -> None:
    path = write(tmp_path, b"id,flag,x\n1,N,a\n2,N,b\n1,N,a\n1,%b,a\n" % column.sent.encode())
    assert write_flags(path, column, ["1"]) == Flagged(done={"1"})
    sent = column.sent
    assert path.read_bytes().decode() == f"id,flag,x\n1,{sent},a\n2,N,b\n1,{sent},a\n1,{sent},a\n"


@BOTH
def test_rows_of_several_keys_may_take_turns(tmp_path: Path, column: FlagColumn) -> None:
    path = write(tmp_path, b"id,flag\n1,N\n2,N\n1,N\n2,N\n3,N\n")
    assert write_flags(path, column, ["1", "2", "3"]) == Flagged(done={"1", "2", "3"})
    assert path.read_bytes().decode() == "id,flag\n" + "".join(f"{key},{column.sent}\n" for key in "12123")


@BOTH
def test_what_is_flagged_already_is_done_and_nothing_is_written(tmp_path: Path, column: FlagColumn) -> None:
    path = write(tmp_path, b"id,flag\n1,%b\n" % column.sent.encode())
    before = path.stat()
    assert write_flags(path, column, ["1"]) == Flagged(done={"1"})
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


@pytest.mark.parametrize("key", ['a"b', "a\\b", "管家", "a,b", " a ", "100%", "a\nb", "🙂", "'"])
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_key_may_be_any_text(tmp_path: Path, key: str, encoding: str) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([["id", "flag"], [key, "N"], ["other", "N"]])
    path = write(tmp_path, text.getvalue().encode(encoding))
    column = FlagColumn(key="id", flag="flag", unsent="N", sent="Y", encoding=encoding)
    assert write_flags(path, column, [key]) == Flagged(done={key})
    rows = list(csv.reader(io.StringIO(path.read_bytes().decode(encoding), newline="")))
    assert rows == [["id", "flag"], [key, "Y"], ["other", "N"]]


def test_a_key_that_no_file_can_hold_has_vanished(tmp_path: Path) -> None:
    path = write(tmp_path, b"id,flag\n1,N\n")
    reason = write_flags(path, SHORT, ["\udcff"]).refused["\udcff"]
    assert reason.text.encode().decode().endswith("no row has the key '\\udcff' any more; put the row back")


CELLS = st.text(
    st.sampled_from([",", '"', "\n", "x", "管", "N", "Y", "是", "否", " ", "\u2028", "|", "\\"]), max_size=4
)
ROWS = st.lists(
    st.tuples(st.integers(0, 8), CELLS, st.sampled_from(["N", "N", "Y", "否", "x", ""]), CELLS), max_size=12
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("csv")


@given(
    rows=ROWS,
    wanted=st.sets(st.integers(0, 8).map(str)),
    words=st.sampled_from([("N", "Y"), ("N", "已发送"), ("否", "是"), ("否", "Y"), ("", "Y")]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "gb18030"]),
    line_end=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    last_line_ends=st.booleans(),
)
def test_whatever_the_file_only_flag_cells_of_wanted_rows_change(
    folder: Path,
    rows: list[tuple[int, str, str, str]],
    wanted: set[str],
    words: tuple[str, str],
    encoding: str,
    line_end: str,
    quoting: int,
    last_line_ends: bool,
) -> None:
    unsent, sent = words
    header = ["合同", "x", "旗", "y"]

    def text_of(rows: list[tuple[int, str, str, str]]) -> bytes:
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator=line_end, quoting=quoting).writerows([header, *rows])  # type: ignore[arg-type]
        return text.getvalue().removesuffix("" if last_line_ends else line_end).encode(encoding)

    path = write(folder, text_of(rows))
    column = FlagColumn(key="合同", flag="旗", unsent=unsent, sent=sent)
    flagged = write_flags(path, column, wanted)
    assert flagged.done | flagged.refused.keys() == wanted
    assert not flagged.done & flagged.refused.keys()
    by_key: dict[str, list[tuple[int, str, str, str]]] = {}
    for row in rows:
        by_key.setdefault(str(row[0]), []).append(row)
    for key in wanted:
        mine = by_key.get(key, [])
        alike = len({(x, y) for _, x, _, y in mine}) == 1
        right = {flag for _, _, flag, _ in mine} <= {unsent, sent}
        all_sent = {flag for _, _, flag, _ in mine} == {sent}
        assert (key in flagged.done) == (bool(mine) and right and (alike or all_sent)), (key, mine, flagged)
    expected = [(k, x, sent if str(k) in flagged.done else flag, y) for k, x, flag, y in rows]
    assert path.read_bytes() == text_of(expected)
    assert {item.name for item in folder.iterdir()} == {".orders.csv.notifykit.lock", "orders.csv"}


@BOTH
@pytest.mark.parametrize(
    ("data", "keys", "reason"),
    [
        (b"id,flag\n1,N\n", ["9"], "orders.csv: no row has the key '9' any more; put the row back"),
        (b"", ["1"], "orders.csv: it is empty; put the rows back that it had"),
        (b"ID,flag\n1,N\n", ["1"], 'orders.csv:1: there is no column "id"; did you mean "ID"?'),
        (b"id,Flag\n1,N\n", ["1"], 'orders.csv:1: there is no column "flag"; did you mean "Flag"?'),
        (b"id,flag,flag\n1,N,N\n", ["1"], 'the column "flag" is there 2 times; rename all but one'),
        (b"id,flag\n1,n\n", ["1"], "orders.csv:2: the flag says 'n', which is neither 'N' nor"),
        (b"id,flag\n\n1, N\n", ["1"], "orders.csv:3: the flag says ' N', which is neither"),
        (b"id,flag\n1,\n", ["1"], "the flag says '', which is neither"),
        (b"id,flag,x\n2,N,b\n1,N,a\n1,N,b\n", ["1"], "orders.csv:3: the rows of this key differ (lines 3 and 4)"),
        (
            "id,flag,x\n1,N\n2,N,b\n3,N\n管,\n".encode(),
            ["1"],
            "orders.csv:2: 2 cells where the header has 3; complete the row",
        ),
        (b"i\0d,flag\n", ["1"], "the header holds zero bytes"),
    ],
)
def test_a_refusal_names_place_and_mend_and_changes_nothing(
    tmp_path: Path, column: FlagColumn, data: bytes, keys: list[str], reason: str
) -> None:
    path = write(tmp_path, data)
    flagged = write_flags(path, column, keys)
    assert not flagged.done
    assert list(flagged.refused) == keys
    assert reason in flagged.refused[keys[0]].text
    assert path.read_bytes() == data


@BOTH
def test_a_refused_key_holds_no_other_back(tmp_path: Path, column: FlagColumn) -> None:
    path = write(tmp_path, b"id,flag\n1,?\n2,N\n3,N\n")
    flagged = write_flags(path, column, ["1", "2", "9"])
    assert flagged.done == {"2"}
    assert set(flagged.refused) == {"1", "9"}
    assert path.read_bytes().decode() == f"id,flag\n1,?\n2,{column.sent}\n3,N\n"


def test_rows_may_differ_where_that_does_not_count(tmp_path: Path) -> None:
    path = write(tmp_path, b"id,flag,when\n1,N,a\n1,N,b\n")
    column = FlagColumn(key="id", flag="flag", unsent="N", sent="Y", ignore=frozenset({"when"}))
    assert write_flags(path, column, ["1"]).done == {"1"}
    assert path.read_bytes() == b"id,flag,when\n1,Y,a\n1,Y,b\n"


def test_lone_carriage_returns_hide_no_row(tmp_path: Path) -> None:
    path = write(tmp_path, b"id,flag,x\n1,N,a\r2,N,b\n3,N,c\n")
    assert write_flags(path, SHORT, ["2"]).done == {"2"}
    assert path.read_bytes() == b"id,flag,x\n1,N,a\r2,Y,b\n3,N,c\n"


def test_a_row_is_found_below_a_torn_one(tmp_path: Path) -> None:
    path = write(tmp_path, b'id,x,flag\n1,"torn\n2,b,N\n3,"c",N\n')
    assert write_flags(path, SHORT, ["2", "3"]).done == {"2", "3"}
    assert path.read_bytes() == b'id,x,flag\n1,"torn\n2,b,Y\n3,"c",Y\n'


def test_flags_close_together_and_far_apart_are_all_written(tmp_path: Path) -> None:
    """Stretches of the file that are compared at once overlap with those before."""
    rows = [b"%d,N,%b\n" % (number, b"x" * (number % 900)) for number in range(3000)]
    path = write(tmp_path, b"id,flag,x\n" + b"".join(rows))
    keys = {str(number) for number in range(3000) if number % 7 != 3}
    assert write_flags(path, SHORT, keys) == Flagged(done=keys)
    assert path.read_bytes().count(b",Y,") == len(keys)


@BOTH
def test_a_missing_file_is_refused_and_nothing_is_made_in_its_place(tmp_path: Path, column: FlagColumn) -> None:
    flagged = write_flags(tmp_path / "none" / "gone.csv", column, ["1"])
    assert "gone.csv: there is no such file; put it back" in flagged.refused["1"].text
    assert list(tmp_path.iterdir()) == []


@BOTH
def test_a_folder_and_a_link_to_itself_are_refused(tmp_path: Path, column: FlagColumn) -> None:
    (tmp_path / "folder.csv").mkdir()
    assert "it is a folder or a device" in write_flags(tmp_path / "folder.csv", column, ["1"]).refused["1"].text
    (tmp_path / "loop.csv").symlink_to("loop.csv")
    assert "symbolic links" in write_flags(tmp_path / "loop.csv", column, ["1"]).refused["1"].text


@BOTH
def test_a_link_stays_a_link(tmp_path: Path, column: FlagColumn) -> None:
    (tmp_path / "real").mkdir()
    real = write(tmp_path / "real", b"id,flag\n1,N\n")
    link = tmp_path / "link.csv"
    link.symlink_to(real)
    assert write_flags(link, column, ["1"]).done == {"1"}
    assert link.is_symlink()
    assert real.read_text() == f"id,flag\n1,{column.sent}\n"


@BOTH
def test_mode_and_owner_stay(tmp_path: Path, column: FlagColumn) -> None:
    path = write(tmp_path, b"id,flag\n1,N\n")
    path.chmod(0o640)
    if sys.platform != "win32" and SUPERUSER:
        os.chown(path, 4321, 1234)
    os.utime(path, ns=(10**18, 10**18))  # long ago: the clock may stand still
    before = path.stat()
    assert write_flags(path, column, ["1"]).done == {"1"}
    after = path.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert stat.S_IMODE(lock_file(path).stat().st_mode) == 0o640
    assert after.st_mtime_ns > before.st_mtime_ns


def test_a_file_of_two_names_is_not_replaced(tmp_path: Path) -> None:
    path = write(tmp_path, b"id,flag\n1,N\n")
    (tmp_path / "other.csv").hardlink_to(path)
    assert "it has 2 names (hard links)" in write_flags(path, LONG, ["1"]).refused["1"].text
    assert write_flags(path, SHORT, ["1"]).done == {"1"}
    assert (tmp_path / "other.csv").read_bytes() == b"id,flag\n1,Y\n"


def test_a_file_that_is_open_for_writing_is_not_replaced(tmp_path: Path) -> None:
    path = write(tmp_path, b"id,flag\n1,N\n")
    with path.open("ab"):
        flagged = write_flags(path, LONG, ["1"])
        assert "another program has it open for writing; close it there" in flagged.refused["1"].text
        assert path.read_bytes() == b"id,flag\n1,N\n"
        assert write_flags(path, SHORT, ["1"]).done == {"1"}


def test_what_a_killed_process_left_behind_is_cleared_away(tmp_path: Path) -> None:
    path = write(tmp_path, b"id,flag\n1,N\n")
    (tmp_path / ".orders.csv.notifykit.tmp").write_bytes(b"half a co")
    assert write_flags(path, LONG, ["1"]).done == {"1"}
    assert path.read_text() == "id,flag\n1,已发送\n"
    assert {item.name for item in tmp_path.iterdir()} == {"orders.csv", ".orders.csv.notifykit.lock"}


@BOTH
def test_only_one_process_writes_at_a_time(tmp_path: Path, column: FlagColumn) -> None:
    path = write(tmp_path, b"id,flag\n1,N\n")
    with FileLock(lock_file(path)):
        flagged = write_flags(path, column, ["1"], patience=0.05)
        assert flagged.refused["1"] == OTHER_WRITER(file=str(path), seconds=0.05)
        assert path.read_bytes() == b"id,flag\n1,N\n"


@BOTH
def test_two_writers_at_once_flag_everything_once(tmp_path: Path, column: FlagColumn) -> None:
    path = write(tmp_path, b"id,flag\n" + b"".join(b"%d,N\n" % number for number in range(400)))
    results: list[Flagged] = []

    def work(keys: set[str]) -> None:
        results.append(write_flags(path, column, keys))

    parts = [{str(number) for number in range(start, 400, 4)} for start in range(4)]
    threads = [threading.Thread(target=work, args=(part,)) for part in parts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(len, (result.done for result in results))) == [100] * 4
    assert path.read_text() == "id,flag\n" + "".join(f"{number},{column.sent}\n" for number in range(400))


class Rewriter:
    """Rewrites the file, as the old notifier does, each time it is about to be written."""

    def __init__(self, path: Path, contents: list[bytes]) -> None:
        self.path = path
        self.contents = contents

    def __call__(self) -> None:
        if self.contents:
            self.path.write_bytes(self.contents.pop(0))


@pytest.fixture(params=["in place", "replaced"])
def rewritten(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[Rewriter], FlagColumn]:
    """Lets another program rewrite the file in the moment between reading and writing it."""

    def arm(rewriter: Rewriter) -> FlagColumn:
        module, name = (patch, "patch") if request.param == "in place" else (swap, "swap")
        real = getattr(module, name)

        def rewrite_first(*args: object) -> None:
            rewriter()
            real(*args)

        monkeypatch.setattr(flags, name, rewrite_first)
        return SHORT if request.param == "in place" else LONG

    return arm


def test_a_file_that_is_rewritten_meanwhile_is_read_again(
    tmp_path: Path, rewritten: Callable[[Rewriter], FlagColumn]
) -> None:
    path = write(tmp_path, b"id,flag\n1,N\n2,N\n")
    column = rewritten(Rewriter(path, [b"id,flag\n77,NNNNN\n1,N\n2,N\n", b"id,flag\n2,N\n1,N\n3,N\n"]))
    assert write_flags(path, column, ["1", "2"]) == Flagged(done={"1", "2"})
    assert path.read_text() == f"id,flag\n2,{column.sent}\n1,{column.sent}\n3,N\n"


def test_a_file_that_is_being_rewritten_is_left_alone(
    tmp_path: Path, rewritten: Callable[[Rewriter], FlagColumn]
) -> None:
    path = write(tmp_path, b"id,flag,x\n1,N,a\n2,N,b\n")
    column = rewritten(Rewriter(path, [b"id,flag,x\n1,N", b""]))
    assert "the last line breaks off after 2 of 3 cells" in write_flags(path, column, ["1"]).refused["1"].text
    assert path.read_bytes() == b"id,flag,x\n1,N"
    path.write_bytes(b"id,flag,x\n1,N,a\n2,N,b\n")
    assert "it is empty" in write_flags(path, column, ["1"]).refused["1"].text
    assert path.read_bytes() == b""


@pytest.mark.parametrize("open_elsewhere", [False, True])
def test_rows_that_look_alike_and_change_places_are_told_apart(tmp_path: Path, open_elsewhere: bool) -> None:
    """Though the key stands far from the flag, and the rows around them are the same."""
    rows = [b"%d,%b,N\n" % (number, b"x" * 3000) for number in (1, 2, 3, 4)]
    read, now = (b"id,x,flag\n" + b"".join(rows[at] for at in order) for order in ((0, 1, 2, 3), (0, 3, 2, 1)))
    path = write(tmp_path, now)
    row = read.index(rows[1])
    with path.open("rb") if open_elsewhere else nullcontext():
        patch.patch(path, read, [(row + 3003, row + 3004, 3, row)], b"Y")
    assert path.read_bytes() == now
    with path.open("rb") if open_elsewhere else nullcontext():
        patch.patch(path, now, [(row + 3003, row + 3004, 3, row)], b"Y")
    assert path.read_bytes() == now.replace(rows[3], rows[3].replace(b"N", b"Y"))


def test_a_file_that_never_comes_to_rest_is_left_to_the_next_pass(
    tmp_path: Path, rewritten: Callable[[Rewriter], FlagColumn]
) -> None:
    path = write(tmp_path, b"id,flag\n1,N\n")
    contents = [b"id,flag\n%b1,N\n" % (b"0,N\n" * number) for number in range(1, 9)]
    column = rewritten(Rewriter(path, list(contents)))
    flagged = write_flags(path, column, ["1"])
    assert flagged.refused["1"] == REWRITTEN(file=str(path), times=5)
    assert path.read_bytes() in contents


def test_a_row_appended_meanwhile_stays(tmp_path: Path, rewritten: Callable[[Rewriter], FlagColumn]) -> None:
    path = write(tmp_path, b"id,flag\n1,N\n")
    column = rewritten(Rewriter(path, [b"id,flag\n1,N\n2,N\n"]))
    assert write_flags(path, column, ["1"]) == Flagged(done={"1"})
    assert path.read_text() == f"id,flag\n1,{column.sent}\n2,N\n"


WIDE = FlagColumn(key="id", flag="flag", unsent="否", sent="是")


def test_a_flag_that_a_kill_cut_in_two_is_completed(tmp_path: Path) -> None:
    """Only where the kernel can cut it, at a page; elsewhere such bytes are somebody's, and stay."""
    torn = "是".encode()[:1] + "否".encode()[1:]
    start = b"id,x,flag\n1,"
    at_page = start + b"x" * (4095 - len(start) - 1) + b"," + torn + b"\n"
    assert at_page.index(torn) == 4095
    path = write(tmp_path, at_page)
    assert write_flags(path, WIDE, ["1"]).done == {"1"}
    assert path.read_bytes().endswith(",是\n".encode())
    path.write_bytes(at_page.replace(b"xx", b"x", 1))
    assert "which is neither '否' nor '是'" in write_flags(path, WIDE, ["1"]).refused["1"].text


@given(st.binary(max_size=60), st.lists(st.integers(0, 60), max_size=12, unique=True), st.integers(1, 20))
def test_content_comes_in_pieces_that_make_up_the_whole(data: bytes, ends: list[int], piece: int) -> None:
    cuts = sorted(min(end, len(data)) for end in ends)
    places = [(start, end, 0, 0) for start, end in zip(cuts[::2], cuts[1::2], strict=False)]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(flags, "PIECE", piece)
        pieces = list(flags.spliced(data, places, b"sent"))
    whole = data
    for start, end, *_ in reversed(places):
        whole = whole[:start] + b"sent" + whole[end:]
    assert b"".join(pieces) == whole
    longest = max((end - start for start, end, *_ in places), default=0)
    assert all(len(part) <= 2 * piece + longest + len(b"sent") * (len(places) + 1) for part in pieces)
