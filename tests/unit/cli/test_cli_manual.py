"""`notifykit docs`, and what errors and help texts say of it."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner, Result

import notifykit
from notifykit.cli import manual
from notifykit.cli.app import build_cli

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
ENGLISH = sorted(file.stem for file in DOCS.glob("*.md") if not file.stem.endswith(".zh-CN"))
CHINESE = sorted(file.name.removesuffix(".zh-CN.md") for file in DOCS.glob("*.zh-CN.md"))
SOURCES = [
    path
    for folder in ("notifykit", "plugins", "migration")
    for path in (ROOT / folder).rglob("*.py")
    if path.name != "reference.py"  # it writes docs/cli.md
]


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(build_cli(), ["--project", "none.yaml", "docs", *arguments])


def test_all_pages_are_listed_with_title_and_languages() -> None:
    result = invoke()
    assert result.exit_code == 0
    listed = [line.split()[0] for line in result.stdout.splitlines()[1:]]
    assert listed == ENGLISH
    assert re.search(r"^technician +.+ +en$", result.stdout, re.MULTILINE)
    assert re.search(r"^migration +迁移旧程序 +en, zh$", invoke("--lang", "zh").stdout, re.MULTILINE)


@pytest.mark.parametrize("name", ENGLISH)
def test_a_page_is_printed_as_it_is(name: str) -> None:
    result = invoke(name)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.rstrip("\n") == (DOCS / f"{name}.md").read_text(encoding="utf-8").rstrip("\n")


@pytest.mark.parametrize("name", CHINESE)
def test_a_page_is_printed_in_chinese(name: str) -> None:
    result = invoke(name, "--lang", "zh")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.rstrip("\n") == (DOCS / f"{name}.zh-CN.md").read_text(encoding="utf-8").rstrip("\n")


def test_the_language_of_the_command_line_is_that_of_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    chinese = invoke("migration", "--lang", "zh").stdout
    monkeypatch.setenv("NOTIFYKIT_LANG", "zh")
    assert invoke("migration").stdout == chinese
    assert invoke("migration", "--lang", "en").stdout != chinese


def test_a_page_that_has_no_chinese_is_shown_in_english_and_that_is_said() -> None:
    name = next(name for name in ENGLISH if name not in CHINESE)
    result = invoke(name, "--lang", "zh")
    assert result.exit_code == 0
    assert result.stderr == f'the page "{name}" is there in English only\n'
    assert result.stdout == invoke(name).stdout


@pytest.mark.parametrize("name", ["csv.md", "docs/csv.md", "docs\\csv.md"])
def test_the_name_of_its_file_will_do(name: str) -> None:
    assert invoke(name).stdout == invoke("csv").stdout


def test_a_wrong_name_is_told_with_the_nearest() -> None:
    result = invoke("migraton")
    assert result.exit_code == 1
    assert result.stderr == (
        'error: no page is called "migraton"; did you mean "migration"?; `notifykit docs` lists all\n'
    )


@pytest.mark.parametrize("name", ["../README", "/etc/passwd", ""])
def test_nothing_but_a_page_is_shown(name: str) -> None:
    result = invoke(name)
    assert (result.exit_code, result.stdout) == (1, "")


def test_where_the_pages_are() -> None:
    folder = Path(invoke("--path").stdout.removesuffix("\n"))
    assert folder in (DOCS, Path(notifykit.__file__).parent / "docs")  # a wheel has pages of its own
    assert invoke("csv", "--path").stdout == f"{folder / 'csv.md'}\n"
    assert invoke("migration", "--lang", "zh", "--path").stdout == f"{folder / 'migration.zh-CN.md'}\n"


def test_as_json() -> None:
    pages = {page["name"]: page for page in json.loads(invoke("--json", "--lang", "zh").stdout)["pages"]}
    assert sorted(pages) == ENGLISH
    assert (pages["migration"]["language"], pages["migration"]["languages"]) == ("zh", ["en", "zh"])
    assert (pages["technician"]["language"], pages["technician"]["languages"]) == ("en", ["en"])
    told = json.loads(invoke("csv", "--json").stdout)
    (english,) = (page for page in json.loads(invoke("--json").stdout)["pages"] if page["name"] == "csv")
    assert told["page"] == {**english, "title": "Campaigns over CSV files", "languages": ["en", "zh"]}
    assert told["text"] == (DOCS / "csv.md").read_text(encoding="utf-8")


def test_an_installation_without_pages_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manual, "_PACKAGE", tmp_path / "notifykit")
    result = invoke("csv")
    assert result.exit_code == 1
    assert result.stderr == (
        f"error: {tmp_path / 'docs'}: the pages of the manual are missing; install notifykit-outbox again\n"
    )
    assert completions("c") == []


def test_packed_pages_come_before_those_beside_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manual, "_PACKAGE", tmp_path / "notifykit")
    for home in (tmp_path / "docs", tmp_path / "notifykit" / "docs"):
        home.mkdir(parents=True)
        (home / "page.md").write_text(f"# {home.parent.name}\n", encoding="utf-8")
    assert manual.find("page").title("en") == "notifykit"


def completions(begun: str) -> list[str]:
    cli = build_cli()
    found = ShellComplete(cli, {}, "notifykit", "_NOTIFYKIT_COMPLETE").get_completions(["docs"], begun)
    return [item.value for item in found]


def test_names_are_completed() -> None:
    assert completions("c") == [name for name in ENGLISH if name.startswith("c")]


def test_a_page_is_shown_in_a_pager(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr(click, "echo_via_pager", shown.append)
    assert invoke("csv").exit_code == 0
    assert shown == [(DOCS / "csv.md").read_text(encoding="utf-8")]


def texts(path: Path) -> Iterator[str]:
    """Yield the texts of a module that a user can meet: literals, and the docstrings of classes and functions."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    about_the_module = ast.get_docstring(tree, clean=False)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value != about_the_module:
            yield node.value


@pytest.fixture(scope="module")
def all_texts() -> list[str]:
    return [text for path in SOURCES for text in texts(path)]


def test_no_message_names_a_file_that_a_wheel_does_not_lay_there(all_texts: list[str]) -> None:
    assert len(all_texts) > 1000
    assert [text for text in all_texts if re.search(r"docs/[\w.-]+\.md", text)] == []


def test_every_page_that_a_message_names_is_there(all_texts: list[str]) -> None:
    named = {name for text in all_texts for name in re.findall(r"`notifykit docs (\w+)`", text)}
    assert {"cli", "configuration", "csv"} <= named <= set(ENGLISH)
