"""Status files that are no contract campaign's, and CSV files."""

from __future__ import annotations

import json
import stat
import threading
from pathlib import Path

import notifykit_compat.sheets
import notifykit_compat.statuses
import pytest
from filelock import FileLock
from notifykit_compat.errors import ShimError
from notifykit_contract.flags import lock_file
from program_world import BEIJING_CSV, FLAG, KEY, TECHNICIAN_JSON, ProgramWorld, contract, contract_id
from shim_world import Program, shimmed

FIELDS = [KEY, FLAG]


def listing(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_technician_file_is_written_as_ever_and_in_one_piece(program: Program) -> None:
    files, path = program.file_utils, program.world.folder / TECHNICIAN_JSON
    before = listing(path.parent)
    files.save_send_status(TECHNICIAN_JSON, {"TC-1": "通知成功"})
    path.chmod(0o640)
    inode = path.stat().st_ino
    files.update_send_status(f"./{TECHNICIAN_JSON}", "TC-2", "通知成功")
    assert path.read_text(encoding="utf-8") == '{\n    "TC-1": "通知成功",\n    "TC-2": "通知成功"\n}'
    assert files.load_send_status(TECHNICIAN_JSON) == {"TC-1": "通知成功", "TC-2": "通知成功"}
    assert path.stat().st_ino != inode
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert listing(path.parent) - before == {path.name, f"{path.name}.lock"}


def test_one_of_another_account_keeps_its_owner(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy of it would be ours: it is written as it always was."""
    path = program.world.folder / TECHNICIAN_JSON
    program.file_utils.save_send_status(TECHNICIAN_JSON, {"TC-1": "通知成功"})
    inode, before = path.stat().st_ino, listing(path.parent)

    def refuse(source: Path, target: Path) -> None:
        target.write_bytes(source.read_bytes())
        raise PermissionError(1, "Operation not permitted", str(target))

    monkeypatch.setattr(notifykit_compat.statuses, "copy_alike", refuse)
    program.file_utils.update_send_status(TECHNICIAN_JSON, "TC-2", "通知成功")
    assert json.loads(path.read_text(encoding="utf-8")) == {"TC-1": "通知成功", "TC-2": "通知成功"}
    assert path.stat().st_ino == inode
    assert listing(path.parent) == before


def test_one_that_cannot_be_written_stays_as_it_was(program: Program) -> None:
    path = program.world.folder / TECHNICIAN_JSON
    program.file_utils.save_send_status(TECHNICIAN_JSON, {"TC-1": "通知成功"})
    with pytest.raises(TypeError):
        program.file_utils.update_send_status(TECHNICIAN_JSON, "TC-2", object())
    assert json.loads(path.read_text(encoding="utf-8")) == {"TC-1": "通知成功"}


def test_a_torn_one_raises_as_it_did(program: Program) -> None:
    (program.world.folder / TECHNICIAN_JSON).write_text('{"TC', encoding="utf-8")
    with pytest.raises(json.JSONDecodeError):
        program.file_utils.load_send_status(TECHNICIAN_JSON)
    with pytest.raises(json.JSONDecodeError):
        program.file_utils.update_send_status(TECHNICIAN_JSON, "TC-2", "x")


def test_a_folder_that_is_missing_is_missing(program: Program) -> None:
    with pytest.raises(FileNotFoundError):
        program.file_utils.save_send_status("nowhere/x.json", {})


def test_another_writer_is_waited_for(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notifykit_compat.statuses, "PATIENCE", 0.05)
    with (
        FileLock(f"{program.world.folder / TECHNICIAN_JSON}.lock"),
        pytest.raises(ShimError, match=r"another process has held technician_status_record\.json\.lock"),
    ):
        program.file_utils.save_send_status(TECHNICIAN_JSON, {})


def test_rows_are_appended_as_ever(tmp_path: Path) -> None:
    shim, bare = ProgramWorld(tmp_path / "shim"), ProgramWorld(tmp_path / "bare")
    row = dict.fromkeys(FIELDS, "1") | {FLAG: "N"}
    with shimmed(shim) as program:
        for _ in range(2):
            program.file_utils.write_performance_data(BEIJING_CSV, [row], FIELDS)
        originals = program.file_utils.write_performance_data.__wrapped__
        for _ in range(2):
            originals(str(bare.csv), [row], FIELDS)
    assert shim.csv.read_bytes() == bare.csv.read_bytes()


def test_a_row_is_never_appended_to_half_a_row(program: Program) -> None:
    data = program.world.csv.read_bytes()
    program.world.csv.write_bytes(data[:-20])
    program.file_utils.write_performance_data(BEIJING_CSV, [{KEY: "7", FLAG: "N"}], FIELDS)
    assert program.world.csv.read_bytes() == data[:-20] + b"\r\n7,N\r\n"


def test_an_appended_row_is_not_flagged_without_reason(program: Program) -> None:
    program.file_utils.write_performance_data(BEIJING_CSV, [{KEY: "7", FLAG: "Y"}], FIELDS)
    assert program.world.csv.read_bytes().endswith(b"7,N\r\n")


def test_a_rewrite_changes_no_flag_and_loses_no_row(program: Program) -> None:
    files, world = program.file_utils, program.world
    records = files.get_all_records_from_csv(BEIJING_CSV)
    before = world.csv.read_bytes()
    for record in records:
        record[FLAG] = "Y"
    files.write_performance_data_to_csv(BEIJING_CSV, records, list(records[0]))
    assert world.csv.read_bytes() == before
    world.append(contract(77))
    records[2]["备注"] = "改"
    files.write_performance_data_to_csv(BEIJING_CSV, records, list(records[0]))
    assert [row["备注"] for row in world.rows()] == ["无", "无", "改", "无", "无", "无", "无"]
    assert set(world.flags().values()) == {"N"}
    files.get_all_records_from_csv(BEIJING_CSV)
    files.write_performance_data_to_csv(BEIJING_CSV, records[1:], list(records[0]))
    assert list(world.flags()) == [contract_id(number) for number in range(1, 6)], (
        "it saw the others, and left them out"
    )


def test_a_rewrite_from_another_thread_knows_nothing_of_what_this_one_read(program: Program) -> None:
    files, world = program.file_utils, program.world
    records = files.get_all_records_from_csv(BEIJING_CSV)
    thread = threading.Thread(
        target=files.write_performance_data_to_csv, args=(BEIJING_CSV, records[1:], list(records[0]))
    )
    thread.start()
    thread.join()
    assert len(world.rows()) == 6


def test_a_file_that_is_not_there_is_made(program: Program) -> None:
    program.world.csv.unlink()
    program.file_utils.write_performance_data_to_csv(BEIJING_CSV, [{KEY: "7", FLAG: "Y"}], FIELDS)
    assert program.world.csv.read_bytes() == f"\ufeff{KEY},{FLAG}\r\n7,N\r\n".encode()


def test_files_of_no_campaign_are_none_of_ours(program: Program) -> None:
    files = program.file_utils
    files.write_performance_data("state/other.csv", [{KEY: "7", FLAG: "Y"}], FIELDS)
    files.write_performance_data_to_csv("state/other.csv", [{KEY: "8", FLAG: "Y"}], FIELDS)
    assert files.get_all_records_from_csv("state/other.csv") == [{KEY: "8", FLAG: "Y"}]


def test_a_csv_that_tells_nothing_is_named(program: Program) -> None:
    program.world.csv.write_bytes(b"a,b\r\n1,2\r\n")
    with pytest.raises(ShimError, match=r'PerformanceData-BJ-Aug\.csv:1: there is no column "合同ID'):
        program.file_utils.write_performance_data_to_csv(BEIJING_CSV, [], FIELDS)


def test_whoever_writes_flags_is_waited_for(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notifykit_compat.sheets, "PATIENCE", 0.05)
    with (
        FileLock(lock_file(program.world.csv)),
        pytest.raises(ShimError, match=r"another process has been writing it for 0\.05 s"),
    ):
        program.file_utils.write_performance_data(BEIJING_CSV, [], FIELDS)


def test_a_folder_that_went_away_is_named(program: Program) -> None:
    (program.world.folder / "state").rename(program.world.folder / "elsewhere")
    with pytest.raises(ShimError, match="there is no folder"):
        program.file_utils.write_performance_data(BEIJING_CSV, [], FIELDS)
