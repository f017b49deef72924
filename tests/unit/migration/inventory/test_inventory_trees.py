"""Whatever lies in a tree, the inventory goes on, and says what it could not read."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from legacy_code import write_legacy_code
from notifykit_inventory.model import Inventory
from notifykit_inventory.take import take_inventory
from notifykit_inventory.tree import python_files
from system import needs_refusals

from notifykit.durable.ordinary import CODE
from notifykit.errors import NotifykitError


def unread(found: Inventory) -> dict[str, tuple[str, bool]]:
    return {item.file: (item.reason, item.suspect) for item in found.unread}


@pytest.mark.parametrize(
    ("content", "reason", "suspect"),
    [
        (b"def broken(:\n", "line 1: invalid syntax", False),
        (b"print 'load_send_status'\n", "Python 2? line 1: Missing parentheses", True),
        (b"try:\n    pass\nexcept IOError, e:\n    pass\n", "Python 2? line 3: multiple exception types", False),
        ("# 通知\nx = '是否发送通知'\n".encode("gb18030"), "cannot be decoded: invalid or missing encoding", True),
        (b"# coding: klingon\n", "cannot be decoded: unknown encoding: klingon", False),
        (b"x = 1\ny = '\0'\n", "line 2: a NUL byte", False),
        (b"x = " + b"(" * 5000 + b")" * 5000, "too many nested parentheses", False),
        (b"x = " + b"-" * 100_000 + b"1  # STATUS_FILENAME_BJ", "cannot be parsed", True),
        (b"def f():\n\tx = 1\n        y = 2\n", "line 3", False),
    ],
)
def test_a_file_that_cannot_be_read_is_told_with_the_reason(
    tmp_path: Path, content: bytes, reason: str, suspect: bool
) -> None:
    found = take_inventory(write_legacy_code(tmp_path, {"odd.py": content}))
    (told,) = unread(found).values()
    assert reason in told[0]
    assert told[1] is suspect
    assert len(found.uses) == 19


def test_an_expression_that_is_too_deep_for_us_is_told(tmp_path: Path) -> None:
    deep = "status = x" + "".join(f".a{n}" for n in range(3000)) + "\n"
    found = take_inventory(write_legacy_code(tmp_path, {"deep.py": deep}))
    assert set(unread(found)) <= {"deep.py"}
    assert len(found.uses) == 19


def test_a_long_sum_is_no_deep_expression(tmp_path: Path) -> None:
    code = "load_send_status('state/send_status_' + " + " + ".join(["'a'"] * 300) + " + '.json')\n"
    found = take_inventory(write_legacy_code(tmp_path, {"long.py": code}))
    assert [use.owner for use in found.uses if use.place.file == "long.py"] == ["contract"]


def test_a_file_in_another_encoding_is_read(tmp_path: Path) -> None:
    code = "# -*- coding: gbk -*-\nload_send_status('state/send_status_北京.json')\n"
    found = take_inventory(write_legacy_code(tmp_path, {"odd.py": code.encode("gbk")}))
    assert [use.why.text for use in found.uses if use.place.file == "odd.py"] == ["names state/send_status_北京.json"]


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
def test_links_lead_nowhere_twice(tmp_path: Path) -> None:
    program = write_legacy_code(tmp_path / "program")
    (tmp_path / "elsewhere").mkdir()
    (program / "self.py").symlink_to("self.py")
    (program / "loop").symlink_to(".")
    (program / "modules" / "up").symlink_to("../..")
    (program / "out").symlink_to("../elsewhere")
    (program / "again").symlink_to("modules")
    (program / "again.py").symlink_to("jobs.py")
    (program / "gone.py").symlink_to("nothing.py")
    found = take_inventory(program)
    assert len(found.uses) == 19
    assert {file: reason.partition(":")[0].partition(",")[0] for file, (reason, _) in unread(found).items()} == {
        "gone.py": "a link to nothing",
        "loop": "symlink loop",
        "modules/up": "symlink loop",
        "out": "a link out of the tree",
        "self.py": "symlink loop",
    }


def test_a_pipe_is_not_waited_for_and_a_device_without_an_end_is_not_read(tmp_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("Windows has neither among its files")
    program = write_legacy_code(tmp_path / "program")
    for name in ("job.py", "control"):
        os.mkfifo(program / name)
        (program / f"to_{name}").symlink_to(program / name)
    for name in ("zero.py", "zero"):
        (program / name).symlink_to("/dev/zero")
    found = take_inventory(program)
    assert len(found.uses) == 19
    assert unread(found) == dict.fromkeys(("job.py", "zero.py"), ("it is a pipe or a device", True))
    for path in (program / "job.py", program / "to_control", program / "zero.py"):
        with pytest.raises(NotifykitError, match=r"it is a pipe or a device; name a folder or a file"):
            take_inventory(path)


def test_a_file_that_nobody_wrote_by_hand_is_not_read(tmp_path: Path) -> None:
    program = write_legacy_code(tmp_path)
    with (program / "large.py").open("wb") as large:
        large.truncate(CODE + 1)
    assert unread(take_inventory(program)) == {"large.py": ("it has more than 20,000,000 bytes", True)}


@needs_refusals
def test_a_folder_that_may_not_be_entered_is_told(tmp_path: Path) -> None:
    program = write_legacy_code(tmp_path, {"closed/x.py": ""})
    (program / "closed").chmod(0)
    try:
        assert unread(take_inventory(program)) == {"closed": ("Permission denied", True)}
    finally:
        (program / "closed").chmod(0o700)


def test_folders_of_others_are_skipped(tmp_path: Path) -> None:
    changes: dict[str, str | bytes] = {
        f"{folder}/x.py": "load_send_status(1)\n"
        for folder in (".git", ".venv/lib", "__pycache__", "node_modules/a", "lib/site-packages/b", "own_env/lib")
    }
    found = take_inventory(write_legacy_code(tmp_path, {**changes, "own_env/pyvenv.cfg": ""}))
    assert (found.files, len(found.uses)) == (6, 19)


def test_scripts_without_an_ending_are_read(tmp_path: Path) -> None:
    changes: dict[str, str | bytes] = {
        "run-it": "#!/usr/bin/env python3\nload_send_status(1)\n",
        "README": "load_send_status(1)\n",
        "win.pyw": "load_send_status(2)\n",
    }
    found = take_inventory(write_legacy_code(tmp_path, changes))
    assert {use.place.file for use in found.uses} >= {"run-it", "win.pyw"}
    assert found.files == 8


def test_a_path_that_leads_nowhere_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NotifykitError, match=r"nowhere: No such file or directory; name a folder or a file"):
        take_inventory(tmp_path / "nowhere")


def test_files_come_in_a_steady_order(tmp_path: Path) -> None:
    program = write_legacy_code(tmp_path, {"a/z.py": "", "a/b/c.py": ""})
    names = [path.relative_to(program).as_posix() for path in python_files(program) if isinstance(path, Path)]
    assert names == [
        "jobs.py",
        "task_manager.py",
        "a/z.py",
        "a/b/c.py",
        "modules/__init__.py",
        "modules/config.py",
        "modules/file_utils.py",
        "modules/notification_module.py",
    ]


def test_nothing_is_executed_or_written(tmp_path: Path) -> None:
    code = "import pathlib\npathlib.Path('ran').touch()\nload_send_status(1)\n"
    program = write_legacy_code(tmp_path, {"side.py": f"{code}raise SystemExit\n"})
    before = {path: path.stat().st_mtime_ns for path in program.rglob("*")}
    take_inventory(program)
    assert {path: path.stat().st_mtime_ns for path in program.rglob("*")} == before
