"""docs/shim.md, in both languages, says what the code does: commands, functions, messages and settings."""

from __future__ import annotations

import ast
import inspect
import re
import shlex
from dataclasses import fields
from pathlib import Path

import click
import notifykit_compat
import pytest
import yaml
from notifykit_compat.names import FUNCTIONS, TASK_CLASS
from notifykit_compat.sender import LegacyFunction
from notifykit_migration.legacy.settings import LegacySettings, Modules
from said import plain, texts

from notifykit.cli.app import build_cli
from notifykit.plugins import load_plugins

DOCS = Path(__file__).parents[4] / "docs"
PAGES = {name: (DOCS / name).read_text(encoding="utf-8") for name in ("shim.md", "shim.zh-CN.md")}
CODE = [path for package in notifykit_compat.__path__ for path in Path(package).rglob("*.py")]

every_page = pytest.mark.parametrize("page", PAGES)


def blocks(page: str, language: str = r"\w+") -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGES[page], re.MULTILINE | re.DOTALL)


def rows_below(page: str, mark: str) -> list[list[str]]:
    """Return the cells of the table below a mark, without backticks."""
    lines = re.search(r"^\|.*\n\|[-|]+\n((?:\|.*\n)+)", PAGES[page].partition(f"{mark}\n")[2], re.MULTILINE)
    assert lines, (page, mark)
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines[1].splitlines()]


def test_both_languages_have_the_same_chapters_and_code() -> None:
    english, chinese = PAGES
    levels = [[len(marks) for marks in re.findall(r"^(#+) ", text, re.MULTILINE)] for text in PAGES.values()]
    assert levels[0] == levels[1]
    assert len(levels[0]) > 8
    assert blocks(english) == blocks(chinese)
    assert len(blocks(english)) > 10


@every_page
def test_every_command_is_one_that_the_command_line_takes(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    cli = build_cli()
    load_plugins().add_commands(cli)
    prose = re.sub(r"^```.*?^```$", "", PAGES[page], flags=re.MULTILINE | re.DOTALL)
    shown = re.findall(r"^\$ (notifykit .*)$", PAGES[page], re.MULTILINE)
    for line in shown + re.findall(r"`(notifykit [^`]+)`", prose):
        name, *arguments = shlex.split(line)[1:]
        command = cli.commands[name]
        if arguments:
            command.make_context(name, arguments, parent=click.Context(cli, **cli.context_settings))
    assert len(shown) > 8


@every_page
def test_it_lists_exactly_the_functions_that_are_replaced(page: str) -> None:
    told = {(module, function) for module, function, _ in rows_below(page, "<!-- functions -->")}
    replaced = {(Modules().by_part()[part], name) for part, names in FUNCTIONS.items() for name in names}
    assert told == replaced | {(Modules().task_manager, TASK_CLASS)}


@every_page
def test_it_has_the_functions_of_the_plan_with_their_signatures(page: str) -> None:
    told = dict(re.findall(r"^\| `(\w+)\(([\w, ]+)\)` \| ", PAGES[page], re.MULTILINE))
    there = {name: getattr(notifykit_compat, name) for name in notifykit_compat.__all__ if name != "install"}
    assert told == {name: ", ".join(inspect.signature(function).parameters) for name, function in there.items()}
    assert {"project", "strict"} == set(inspect.signature(notifykit_compat.install).parameters)


@every_page
def test_what_it_quotes_is_what_the_shim_says(page: str) -> None:
    said = [plain(one) for path in CODE for one in texts(ast.parse(path.read_text(encoding="utf-8")))]
    quoted = [cells[0] for cells in rows_below(page, "<!-- unsafe -->")]
    assert len(quoted) == 7
    for one in quoted:
        assert any(one in text for text in said), one


@every_page
def test_the_settings_that_it_shows_are_read(page: str) -> None:
    whole, one = (yaml.safe_load(block) for block in blocks(page, "yaml"))
    known = {field.name for field in fields(LegacySettings)}
    assert whole["legacy"].keys() <= known
    assert set(whole["legacy"]["channels"].values()) <= whole["senders"].keys()
    options = {field.name for field in fields(LegacyFunction)}
    for sender in whole["senders"].values():
        assert sender.pop("type") == "legacy_function"
        assert sender.keys() <= options
    assert one["senders"].keys() <= whole["senders"].keys(), "the channel keeps its name"
    prose = re.findall(r"legacy: \{(\w+): …\}", PAGES[page])
    assert set(prose) >= {"modules", "on_unknown"}
    assert set(prose) <= known


def test_the_page_of_settings_has_exactly_those_that_are_read() -> None:
    page = (DOCS / "configuration.md").read_text(encoding="utf-8")
    table = page.partition("### legacy\n")[2].partition("```yaml")[0]
    told = re.findall(r"^\| `(\w+)` \| ", table, re.MULTILINE)
    assert sorted(told) == sorted(field.name for field in fields(LegacySettings))
    example = re.search(r"```yaml\n(legacy:\n.*?)```", page.partition("### legacy\n")[2], re.DOTALL)
    assert example is not None
    assert yaml.safe_load(example[1])["legacy"]["modules"] == Modules().by_part()


def test_the_page_of_senders_has_its_own_options() -> None:
    page = (DOCS / "senders.md").read_text(encoding="utf-8")
    chapter = page.partition("## legacy_function\n")[2].partition("\n## ")[0]
    own = set(vars(LegacyFunction)["__annotations__"])
    assert set(re.findall(r"^\| `(\w+)` \| `hold` \|", chapter, re.MULTILINE)) == own


@every_page
def test_its_links_lead_somewhere(page: str) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", PAGES[page]):
        assert (DOCS / target).exists(), target
    for anchor in re.findall(r"\]\(#([^)]+)\)", PAGES[page]):
        headings = re.findall(r"^#+ (.+)$", PAGES[page], re.MULTILINE)
        assert anchor in {heading.lower().replace(" ", "-") for heading in headings}
