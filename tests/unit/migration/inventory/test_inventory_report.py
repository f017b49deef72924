"""The report of an inventory to hand on: what is in it, and that its forms are safe."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from legacy_code import JOBS, write_legacy_code
from notifykit_inventory.forms import FORMS, comma_separated, html, markdown
from notifykit_inventory.model import Access, Fate, Inventory, Owner, UseKind
from notifykit_inventory.take import take_inventory
from notifykit_inventory.wording import WHY, chinese

from notifykit.cli.app import build_cli

DEAD = """\
from modules.file_utils import load_send_status


def notify_contracts_of_july(file):
    was = load_send_status(file).get('x')
    done = was == '发送成功'
    return None if done else [key for key in 'ab' if key not in load_send_status(file)]


def called():
    return load_send_status('state/send_status_x.json')


@schedule
def by_others():
    called()
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Inventory:
    """The inventory of a program of which somebody calls the jobs, but not one function."""
    main = "from jobs import *\nfor job in (signing_and_sales_incentive_aug_beijing, check_technician_status,\n"
    main += "            signing_and_sales_incentive_aug_shanghai):\n    job()\n"
    files: dict[str, str | bytes] = {
        "main.py": main,
        "dead.py": DEAD,
        "=odd, 'name'.py": JOBS,
        "bad|<b>.py": "print send_status\n",
    }
    return take_inventory(write_legacy_code(tmp_path_factory.mktemp("program"), files))


def around(found: Inventory, kind: UseKind, file: str) -> list[tuple[int, str, Owner]]:
    uses = [use for use in found.around if use.kind is kind and use.place.file == file]
    return [(use.place.line, use.name, use.owner) for use in uses]


def test_the_conditions_on_send_status_are_there(found: Inventory) -> None:
    gate = "record['是否发送通知'] == 'N' and send_status.get(contract_id) != '发送成功'"
    assert around(found, UseKind.GATE, "modules/notification_module.py") == [
        (19, gate, Owner.CONTRACT),
        (39, "change_id not in send_status", Owner.TECHNICIAN),
    ]
    assert [(line, name) for line, name, _ in around(found, UseKind.GATE, "dead.py")] == [
        (6, "was == '发送成功'"),
        (7, "done"),
        (7, "key not in load_send_status(file)"),
    ]


def test_the_parameters_that_hold_a_status_file_are_there(found: Inventory) -> None:
    assert around(found, UseKind.PARAMETER, "modules/notification_module.py") == [
        (9, "status_filename", Owner.CONTRACT),
        (35, "status_filename", Owner.TECHNICIAN),
    ]
    assert around(found, UseKind.PARAMETER, "dead.py") == [(4, "file", Owner.UNDECIDED)]


def test_functions_that_nothing_calls_are_there(found: Inventory) -> None:
    dead = [use for use in found.around if use.kind is UseKind.UNCALLED]
    assert [(use.place.file, use.name, use.fate) for use in dead] == [
        ("dead.py", "notify_contracts_of_july", Fate.UNCALLED),
    ]


def test_what_is_around_is_not_counted_and_does_not_fail_the_check(tmp_path: Path) -> None:
    (tmp_path / "x.py").write_text(
        "def f():\n    if load_send_status('technician_status_record.json'):  # notifykit: technician\n        pass\n"
    )
    found = take_inventory(tmp_path)
    assert found.around
    assert (found.count(Owner.TECHNICIAN), found.clean) == (1, True)


def test_every_word_is_there_in_chinese(found: Inventory) -> None:
    for kind in (UseKind, Owner, Fate, Access):
        for word in kind:
            assert chinese(word) or word is Access.NEITHER
    assert all(re.search("[\u4e00-\u9fff]", sentence.chinese) for sentence in WHY)
    for use in (*found.uses, *found.around):
        assert chinese(use.why) != use.why.text


def test_csv_has_every_row_in_both_languages_and_no_formula(found: Inventory) -> None:
    rows = list(csv.reader(io.StringIO(comma_separated(found))))
    assert {len(row) for row in rows[:-1]} == {14}
    assert len(rows) == 1 + len(found.uses) + len(found.around) + 1
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for row in rows for cell in row)
    assert "'=odd, 'name'.py" in {row[0] for row in rows}
    assert rows[-1][0] == "bad|<b>.py"


class Cells(HTMLParser):
    """Counts the rows of a page, and notes what it would load."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = 0
        self.loads: list[tuple[str, str | None]] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.rows += tag == "tr"
        self.loads += [item for item in attrs if item[0] in ("src", "href")]


def test_the_page_needs_nothing_else(found: Inventory) -> None:
    cells = Cells()
    page = html(found)
    cells.feed(page)
    assert cells.rows == 1 + len(found.uses) + len(found.around)
    assert cells.loads == []
    assert not cells.tags & {"script", "link", "img", "iframe", "b"}
    assert "url(" not in page
    assert "bad|&lt;b&gt;.py" in page


def test_markdown_is_one_table(found: Inventory) -> None:
    text = markdown(found)
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert len(table) == 2 + len(found.uses) + len(found.around)
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in table} == {9}
    assert r"bad\|\<b\>.py" in text


@pytest.mark.parametrize("form", [markdown, comma_separated, html])
def test_a_terminal_gets_no_commands(tmp_path: Path, form: Callable[[Inventory], str]) -> None:
    (tmp_path / "x.py").write_text("load_send_status('state/send_status_\\x1b[31m.json')\n")
    assert "\x1b" not in form(take_inventory(tmp_path))


def run(*arguments: str) -> Result:
    done = CliRunner().invoke(
        build_cli(), ["--project", "nowhere.yaml", "inventory", *arguments], prog_name="notifykit"
    )
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return done


@pytest.mark.parametrize("form", FORMS)
def test_it_is_printed_or_written(tmp_path: Path, form: str) -> None:
    code, file = str(write_legacy_code(tmp_path / "code")), tmp_path / "report"
    printed = run(code, "--format", form)
    assert printed.exit_code == 0
    assert run(code, "--format", form, "--out", str(file), "--check").exit_code == 1
    assert file.read_bytes().startswith(b"\xef\xbb\xbf") is (form == "csv")
    assert file.read_text(encoding="utf-8-sig") == printed.stdout


def test_what_does_not_go_together(tmp_path: Path) -> None:
    code = str(write_legacy_code(tmp_path))
    assert run(code, "--out", str(tmp_path / "x")).exit_code == 2
    assert run(code, "--format", "csv", "--json").exit_code == 2
    assert run(code, "--format", "csv", "--campaigns", str(tmp_path / "drafts")).exit_code == 2
    assert run(code, "--format", "csv", "--out", str(tmp_path / "none" / "x")).exit_code == 4
    assert json.loads(run(code, "--json").stdout)["around"][0]["what"] == "never called"
