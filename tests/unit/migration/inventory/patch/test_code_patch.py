"""The patch for the old program: what it takes out, what it leaves, and that real tools apply it."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from legacy_code import FILES, write_legacy_code
from notifykit_inventory.model import Inventory, Owner, UseKind
from notifykit_inventory.patch import plan_patch
from notifykit_inventory.patch.model import Patch
from notifykit_inventory.take import take_inventory
from notifykit_inventory.words import StatusFiles

TOOLS = {"patch": ["patch", "-p1", "--silent", "--force"], "git": ["git", "apply", "--whitespace=nowarn"]}


def applied(folder: Path, patch: Patch, tool: str = "patch") -> Path:
    if shutil.which(tool) is None:
        pytest.skip(f"there is no {tool} here")
    subprocess.run(TOOLS[tool], input=patch.data, cwd=folder, check=True, timeout=60)
    return folder


def technicians(found: Inventory) -> set[tuple[UseKind, str, str]]:
    """Return the technicians' uses, imports aside."""
    uses = (use for use in found.uses if use.owner is Owner.TECHNICIAN and use.kind is not UseKind.IMPORT)
    return {(use.kind, use.name, use.place.function) for use in uses}


@pytest.mark.parametrize("tool", TOOLS)
def test_after_it_contracts_are_out_and_technicians_are_in(tmp_path: Path, tool: str) -> None:
    program = write_legacy_code(tmp_path)
    before = take_inventory(program)
    patch = plan_patch(program)
    assert (patch.leftovers, patch.remaining) == ((), ())
    applied(program, patch, tool)
    after = take_inventory(program)
    assert after.clean
    assert technicians(before) <= technicians(after)  # what was shared is theirs alone now
    for path in program.rglob("*.py"):
        compile(path.read_bytes(), str(path), "exec")
    assert plan_patch(program).files == ()


def test_what_it_changes(tmp_path: Path) -> None:
    program = write_legacy_code(tmp_path)
    patch = applied(program, plan_patch(program))
    jobs = (patch / "jobs.py").read_text()
    assert "notify_awards_jun_beijing(PERFORMANCE_DATA_FILENAME_BJ_AUG)\n" in jobs
    assert "notify_technician_status_changes(status_changes, STATUS_FILENAME_TS)\n" in jobs
    code = (patch / "modules/notification_module.py").read_text()
    old = FILES["modules/notification_module.py"]
    expected = old.replace("(performance_data_filename, status_filename)", "(performance_data_filename)")
    expected = expected.replace("    send_status = load_send_status(status_filename)\n    updated", "    updated")
    expected = expected.replace(" and send_status.get(contract_id) != '发送成功'", "")
    expected = expected.replace("            update_send_status(status_filename, contract_id, '发送成功')\n\n", "")
    assert code == expected


def test_it_names_the_constants_that_go(tmp_path: Path) -> None:
    found = plan_patch(write_legacy_code(tmp_path)).constants
    assert [(item.name, item.file, item.line, item.value) for item in found] == [
        ("STATUS_FILENAME_BJ_AUG", "modules/config.py", 6, "state/send_status_bj_aug.json"),
        ("STATUS_FILENAME_SH_AUG", "modules/config.py", 10, "state/send_status_sh_aug.json"),
    ]


def test_it_says_when_not_to_apply_it(tmp_path: Path) -> None:
    text = plan_patch(write_legacy_code(tmp_path)).text
    head = text.partition("\n--- ")[0]
    assert all(line.startswith("#") for line in head.splitlines())
    assert "under `notifykit shim`" in head


def test_nothing_to_take_out(tmp_path: Path) -> None:
    (tmp_path / "x.py").write_text("x = 1\n")
    text = plan_patch(tmp_path).text
    assert text.endswith("# There is nothing that can be taken out.\n")


def test_the_projects_files_decide(tmp_path: Path) -> None:
    (tmp_path / "x.py").write_text("load_send_status('data/sent.json')\ny = 1\n")
    assert plan_patch(tmp_path).files == ()
    patch = plan_patch(tmp_path, StatusFiles({"data/sent.json": Owner.CONTRACT}))
    assert (applied(tmp_path, patch) / "x.py").read_text() == "y = 1\n"


def some_crlf(text: str) -> str:
    return re.sub(r"(=.*)\n", r"\1\r\n", text)


ODD_FILES: dict[str, Callable[[str], bytes]] = {
    "crlf": lambda text: text.replace("\n", "\r\n").encode(),
    "mixed line ends": lambda text: some_crlf(text).encode(),
    "bom": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "bom and crlf": lambda text: b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode(),
    "gbk": lambda text: f"# -*- coding: gbk -*-\n{text}".encode("gbk"),
    "gbk and crlf": lambda text: f"# coding=gbk\n{text}".replace("\n", "\r\n").encode("gbk"),
    "tabs": lambda text: text.replace("    ", "\t").encode(),
    "no last line end": lambda text: text.rstrip("\n").encode(),
    "form feed": lambda text: text.replace("\n\n\n", "\n\n\f\n", 1).encode(),
    "separators in texts": lambda text: text.replace("签约 ", "签约\u2028\x1c\x85").encode(),
}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The program's files after the patch, written the usual way."""
    program = write_legacy_code(tmp_path_factory.mktemp("plain"))
    applied(program, plan_patch(program))
    return {name: (program / name).read_text(encoding="utf-8") for name in FILES}


@pytest.mark.parametrize(("kind", "tool"), [*((kind, "patch") for kind in ODD_FILES), ("gbk and crlf", "git")])
def test_every_other_byte_stays(tmp_path: Path, plain: dict[str, str], kind: str, tool: str) -> None:
    odd = ODD_FILES[kind]
    program = write_legacy_code(tmp_path, {name: odd(text) for name, text in FILES.items() if text})
    applied(program, plan_patch(program), tool)
    for name, text in plain.items():
        assert (program / name).read_bytes() == (odd(text) if text else b""), name
    assert take_inventory(program).clean


@pytest.mark.parametrize("name", ["my jobs.py", "任务.py", 'a"b.py', "a\\b.py", "tab\there.py"])
def test_odd_file_names(tmp_path: Path, name: str) -> None:
    code = "from modules.config import *\nprint(1)\nload_send_status(STATUS_FILENAME_BJ_AUG)\n"
    program = write_legacy_code(tmp_path, {name: code})
    applied(program, plan_patch(program), "git")
    assert (program / name).read_text() == "from modules.config import *\nprint(1)\n"


def test_an_unreadable_file_that_may_use_send_status_is_named(tmp_path: Path) -> None:
    program = write_legacy_code(tmp_path, {"old.py": "print load_send_status(x)\n"})
    assert "# Could not be read, and may use send status:\n#   old.py: " in plan_patch(program).text


SPOKEN = '''\
"""Jobs: STATUS_FILENAME_BJ_AUG is in config.py."""
from modules.config import *
from modules.notification_module import notify_awards_jun_beijing


def beijing():
    """Tells the group.

    status_filename: 发送状态
    """
    status_filename = STATUS_FILENAME_BJ_AUG  # goes with its line
    # by the send_status file
    text = "# send_status in a text"
    notify_awards_jun_beijing(PERFORMANCE_DATA_FILENAME_BJ_AUG, status_filename)  # \u2028 status_filename


def other():
    """Knows send_status."""  # and is not changed
'''


def test_what_still_speaks_of_it_is_listed_and_not_changed(tmp_path: Path) -> None:
    notes = "# see state/send_status_bj_aug.json\n# see send_status_x.json\nx = 'STATUS_FILENAME'\n"
    program = write_legacy_code(tmp_path, {"jobs.py": SPOKEN, "notes.py": notes})
    patch = plan_patch(program)
    assert [(item.file, item.line, item.text) for item in patch.remarks] == [
        ("jobs.py", 1, '"""Jobs: STATUS_FILENAME_BJ_AUG is in config.py."""'),
        ("jobs.py", 9, "status_filename: 发送状态"),
        ("jobs.py", 11, "# by the send_status file"),
        ("jobs.py", 13, "# \u2028 status_filename"),
        ("modules/notification_module.py", 10, '"""通知奖励: status_filename 是发送状态。"""'),
        ("notes.py", 1, "# see state/send_status_bj_aug.json"),
    ]
    assert "#   jobs.py:11: # by the send_status file\n" in patch.text
    assert "notes.py" not in patch.files
