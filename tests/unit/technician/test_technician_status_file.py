"""The status file keeps the legacy format byte for byte, keeps what others wrote, and is never torn."""

from __future__ import annotations

import errno
import io
import json
import os
import stat
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import given
from hypothesis import strategies as st
from notifykit_technician.status_file import StatusFile, render
from processes import somebody_waits_for, wait_until
from system import SUPERUSER, needs_superuser

from notifykit import durable
from notifykit.errors import CampaignError

resource = pytest.importorskip("resource")

WORD = "通知成功"
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
ENTRIES = st.dictionaries(TEXT, JSON, max_size=6)


def as_the_legacy_program_writes(entries: dict[str, object], newline: str) -> bytes:
    written = io.BytesIO()
    with io.TextIOWrapper(written, encoding="utf-8", newline=newline) as file:
        json.dump(entries, file, ensure_ascii=False, indent=4)
        file.flush()
        return written.getvalue()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "technician_status_record.json"


@given(ENTRIES, st.sampled_from(["\n", "\r\n"]))
def test_the_format_is_json_dumps_byte_for_byte(entries: dict[str, object], newline: str) -> None:
    assert render(entries, newline) == as_the_legacy_program_writes(entries, newline)


@given(ENTRIES, st.lists(TEXT, min_size=1, max_size=4), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_recording_is_what_the_legacy_program_would_have_written(
    entries: dict[str, object], keys: list[str], newline: str, overwrite: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "status.json"
        before = as_the_legacy_program_writes(entries, newline)
        path.write_bytes(before)
        expected = {**entries, **{key: WORD for key in keys if overwrite or key not in entries}}
        StatusFile(path).record(keys, WORD, overwrite=overwrite)
        newline = newline if b"\n" in before else os.linesep
        assert path.read_bytes() == as_the_legacy_program_writes(expected, newline)


def test_a_missing_file_is_no_entries_and_is_created(path: Path) -> None:
    assert StatusFile(path).read() == {}
    assert StatusFile(path).record(["变更1"], WORD, overwrite=False) == {"变更1": WORD}
    assert path.read_bytes() == '{\n    "变更1": "通知成功"\n}'.replace("\n", os.linesep).encode()


def test_line_ends_are_kept(path: Path) -> None:
    path.write_bytes(b'{\r\n    "a": "x"\r\n}')
    StatusFile(path).record(["b"], "x", overwrite=False)
    assert path.read_bytes() == b'{\r\n    "a": "x",\r\n    "b": "x"\r\n}'


def test_hand_edited_layout_becomes_the_legacy_one_and_loses_nothing(path: Path) -> None:
    path.write_bytes('\ufeff{"a":1.50e3,"b":12345678901234567890, "a":[1, null]}\n'.encode())
    StatusFile(path).record(["c"], WORD, overwrite=False)
    expected: dict[str, object] = {"a": [1, None], "b": 12345678901234567890, "c": WORD}
    assert path.read_bytes() == as_the_legacy_program_writes(expected, "\n")


def test_half_a_character_in_a_foreign_entry_survives(path: Path) -> None:
    path.write_bytes(b'{"a\\ud800": "x"}\n')
    StatusFile(path).record(["b"], WORD, overwrite=False)
    assert json.loads(path.read_bytes()) == {"a\ud800": "x", "b": WORD}


def test_nothing_is_written_where_nothing_changes(path: Path) -> None:
    path.write_bytes(b'{"a": "by hand"}')
    before = path.stat()
    StatusFile(path).record(["a"], WORD, overwrite=False)
    StatusFile(path).record([], WORD, overwrite=True)
    StatusFile(path).record(["a"], "by hand", overwrite=True)
    after = path.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert path.read_bytes() == b'{"a": "by hand"}'


def test_overwriting_keeps_the_place_of_the_key(path: Path) -> None:
    path.write_bytes(b'{"a": "failed", "b": "x"}\n')
    assert list(StatusFile(path).record(["a"], WORD, overwrite=True).items()) == [("a", WORD), ("b", "x")]


def test_nothing_but_the_file_and_its_lock_is_left(path: Path) -> None:
    StatusFile(path).record(["a"], WORD, overwrite=False)
    assert {entry.name for entry in path.parent.iterdir()} <= {path.name, f"{path.name}.lock"}


def test_the_whole_file_is_durable_before_it_replaces_the_old_one_and_the_folder_after(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[object] = []
    fsync, replace = os.fsync, Path.replace

    def note_fsync(descriptor: int) -> None:
        found = os.fstat(descriptor)
        synced.append("folder" if stat.S_ISDIR(found.st_mode) else found.st_size)
        fsync(descriptor)

    def note_replace(self: Path, target: Path) -> Path:
        synced.append("replaced")
        return replace(self, target)

    def note_exchange(one: Path, other: Path) -> bool:
        synced.append("replaced")
        return exchange(one, other)

    path.write_bytes(b"{}")
    exchange = durable.exchange
    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(durable, "exchange", note_exchange)
    StatusFile(path).record(["a"], WORD, overwrite=False)
    size = path.stat().st_size
    assert synced == [size, "replaced", "folder"]
    synced.clear()
    monkeypatch.setattr(durable, "exchange", lambda *_: False)
    monkeypatch.setattr(Path, "replace", note_replace)
    StatusFile(path).record(["b"], WORD, overwrite=False)
    assert synced == [path.stat().st_size, "replaced", "folder"]


@pytest.mark.skipif(sys.platform != "linux", reason="names are exchanged on Linux only")
@pytest.mark.parametrize("how", ["saves", "is about to write"])
def test_what_another_program_writes_at_the_last_moment_stays(
    path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    path.write_bytes(b'{"old": "x"}')
    exchange = durable.exchange

    def write() -> None:
        path.write_bytes(b'{"old": "x", "theirs": "x"}')

    other = threading.Thread(target=write)

    def exchange_among_others(one: Path, target: Path) -> bool:
        if not other.ident:
            other.start()
            wait_until(lambda: somebody_waits_for(path), every=0.01)
        return exchange(one, target)

    def save_and_exchange(one: Path, target: Path) -> bool:
        fresh = path.with_name("theirs")
        fresh.write_bytes(b'{"old": "x", "theirs": "x"}')
        fresh.replace(path)
        monkeypatch.setattr(durable, "exchange", exchange)
        return exchange(one, target)

    monkeypatch.setattr(durable, "exchange", save_and_exchange if how == "saves" else exchange_among_others)
    StatusFile(path).record(["ours"], "x", overwrite=False)
    if other.ident:
        other.join()
    assert json.loads(path.read_bytes()) == {"old": "x", "theirs": "x", "ours": "x"}


def test_a_file_that_comes_when_there_was_none_is_not_replaced(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = Path.hardlink_to

    def come_first(self: Path, target: Path) -> None:
        path.write_bytes(b'{"theirs": "x"}')
        monkeypatch.setattr(Path, "hardlink_to", link)
        link(self, target)

    monkeypatch.setattr(Path, "hardlink_to", come_first)
    StatusFile(path).record(["ours"], "x", overwrite=False)
    assert json.loads(path.read_bytes()) == {"theirs": "x", "ours": "x"}


def test_where_there_are_no_links_a_new_file_is_made_all_the_same(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_self: Path, _target: Path) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    StatusFile(path).record(["ours"], "x", overwrite=False)
    assert json.loads(path.read_bytes()) == {"ours": "x"}


def test_mode_is_kept(path: Path) -> None:
    path.write_bytes(b"{}")
    path.chmod(0o640)
    StatusFile(path).record(["a"], WORD, overwrite=False)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@needs_superuser
def test_owner_is_kept_so_that_the_legacy_program_can_still_write(path: Path) -> None:
    path.write_bytes(b"{}")
    if sys.platform == "win32":
        pytest.skip("Windows has no owners of this kind")
    os.chown(path, 12345, 23456)
    StatusFile(path).record(["a"], WORD, overwrite=False)
    assert (path.stat().st_uid, path.stat().st_gid) == (12345, 23456)


def test_a_link_stays_a_link(path: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    real = tmp_path / "elsewhere" / "real.json"
    real.write_bytes(b"{}")
    path.symlink_to(real)
    StatusFile(path).record(["a"], WORD, overwrite=False)
    assert path.is_symlink()
    assert json.loads(real.read_bytes()) == {"a": WORD}


def test_what_a_killed_writer_left_is_no_obstacle(path: Path) -> None:
    path.with_name(path.name + ".new").write_bytes(b'{"torn')
    StatusFile(path).record(["a"], WORD, overwrite=False)
    assert json.loads(path.read_bytes()) == {"a": WORD}
    assert not path.with_name(path.name + ".new").exists()


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", ":1:1: empty, which is not JSON; if it is being written, the next pass reads it; else restore it"),
        ('{\n    "变更1": "通知'.encode(), ":2:12: not valid JSON (Unterminated string starting at); if it is"),
        (b"[1]", ":1:1: an array, not an object of key to word; restore it from a copy"),
        (b"null", ":1:1: null, not an object of key to word"),
    ],
)
def test_a_torn_file_is_an_error_with_its_place_and_stays_as_it_is(path: Path, data: bytes, text: str) -> None:
    path.write_bytes(data)
    with pytest.raises(CampaignError) as reading:
        StatusFile(path).read()
    with pytest.raises(CampaignError) as writing:
        StatusFile(path).record(["a"], WORD, overwrite=False)
    assert str(reading.value) == str(writing.value)
    assert str(reading.value).startswith(f"{path}{text}")
    assert path.read_bytes() == data


def test_a_folder_in_its_place_is_an_error(path: Path) -> None:
    path.mkdir()
    with pytest.raises(CampaignError, match=r"\.json: it is a folder; correct `status_file`"):
        StatusFile(path).read()


def test_a_pipe_in_its_place_is_not_waited_for(path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("Windows has no pipes among its files")
    os.mkfifo(path)
    with pytest.raises(CampaignError, match=r"\.json: it is a pipe or a device; correct `status_file`"):
        StatusFile(path).read()


def test_a_full_disk_leaves_the_old_file(path: Path) -> None:
    path.write_bytes(b'{"a": "x"}\n')
    with files_of_at_most(4096), pytest.raises(CampaignError, match=r"cannot be replaced \(File too large\); free"):
        StatusFile(path).record([f"change-{n}" for n in range(1000)], WORD, overwrite=False)
    assert path.read_bytes() == b'{"a": "x"}\n'
    assert not path.with_name(path.name + ".new").exists()


def test_a_lock_held_by_somebody_else_is_an_error_that_names_it(path: Path) -> None:
    with FileLock(f"{path}.lock"), pytest.raises(CampaignError, match=r"has held .*\.json\.lock for 0\.05 s; look"):
        StatusFile(path, patience=0.05).record(["a"], WORD, overwrite=False)
    assert not path.exists()


def test_a_folder_that_cannot_be_written_is_said_beforehand(tmp_path: Path) -> None:
    (tmp_path / "file").touch(mode=0o777)
    for folder in (tmp_path / "nowhere", tmp_path / "file"):
        with pytest.raises(CampaignError) as refused:
            StatusFile(folder / "status.json").require_replaceable()
        mend = "create it, let this user write there, or correct `status_file`"
        assert str(refused.value) == f"{folder}/status.json: cannot write in the folder {folder}; {mend}"
    StatusFile(tmp_path / "status.json").require_replaceable()


def test_a_read_only_folder_is_said_beforehand() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o555)
        try:
            with unprivileged(), pytest.raises(CampaignError, match=f"cannot write in the folder {folder}; create it"):
                StatusFile(Path(folder) / "status.json").require_replaceable()
        finally:
            Path(folder).chmod(0o700)


def test_what_another_program_writes_before_the_replacement_is_kept(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.write_bytes(b'{"a": "x"}\n')
    fsync = os.fsync
    foreign = iter([b'{"a": "x", "legacy": "y"}\n'])

    def fsync_while_the_legacy_program_writes(descriptor: int) -> None:
        fsync(descriptor)
        for data in foreign:
            path.write_bytes(data)

    monkeypatch.setattr(os, "fsync", fsync_while_the_legacy_program_writes)
    StatusFile(path).record(["b"], WORD, overwrite=False)
    assert json.loads(path.read_bytes()) == {"a": "x", "legacy": "y", "b": WORD}


def test_what_another_program_writes_within_a_tick_of_the_clock_is_kept(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.write_bytes(b'{"a": "x"}')
    facts = path.stat()
    fsync = os.fsync
    foreign = iter([b'{"a": "y"}'])

    def fsync_while_the_legacy_program_writes(descriptor: int) -> None:
        fsync(descriptor)
        for data in foreign:
            path.write_bytes(data)
            os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))

    monkeypatch.setattr(os, "fsync", fsync_while_the_legacy_program_writes)
    StatusFile(path).record(["b"], WORD, overwrite=False)
    assert json.loads(path.read_bytes()) == {"a": "y", "b": WORD}


def test_a_file_that_another_program_creates_meanwhile_is_kept(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fsync = os.fsync

    def fsync_while_the_legacy_program_starts(descriptor: int) -> None:
        fsync(descriptor)
        if not path.exists():
            path.write_bytes(b'{"legacy": "y"}')

    monkeypatch.setattr(os, "fsync", fsync_while_the_legacy_program_starts)
    StatusFile(path).record(["b"], WORD, overwrite=False)
    assert json.loads(path.read_bytes()) == {"legacy": "y", "b": WORD}


def test_a_file_that_never_rests_is_an_error(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_bytes(b"{}")
    sizes = iter(range(1, 100))
    monkeypatch.setattr(os, "fsync", lambda descriptor: path.write_bytes(b"{}" + b" " * next(sizes)) and None)
    with pytest.raises(CampaignError, match="another program keeps writing it; stop that one, then run again"):
        StatusFile(path).record(["a"], WORD, overwrite=False)
    assert json.loads(path.read_bytes()) == {}


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def unprivileged() -> Iterator[None]:
    if sys.platform == "win32" or not SUPERUSER:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
