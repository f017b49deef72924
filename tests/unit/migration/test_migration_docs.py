"""docs/migration.md, in both languages, says what the code does: commands, checks, reasons, messages and exit codes."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterable
from pathlib import Path

import click
import notifykit_migration
import pytest
from notifykit_migration.commands.migrate import CHANGES_PLANNED
from notifykit_migration.migrate import Until
from notifykit_migration.model import FlagState, RowState, Treatment
from notifykit_migration.plan import decision_table as table
from notifykit_migration.wording.acceptance import POINTS
from notifykit_migration.wording.checks import CHECKS
from notifykit_migration.wording.holds import HOLDS
from notifykit_migration.wording.queue_nothing import QUEUE_NOTHING
from notifykit_migration.wording.way_back import WAY_BACK
from said import plain, texts

from notifykit.cli import reference
from notifykit.cli.app import build_cli
from notifykit.errors import ExitCode
from notifykit.plugins import load_plugins
from notifykit.wording import Sentence
from notifykit.wording.sentence import filled

DOCS = Path(__file__).parents[3] / "docs"
CODE = [path for package in notifykit_migration.__path__ for path in Path(package).rglob("*.py")]


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


PAGES = {name: (DOCS / name).read_text(encoding="utf-8") for name in ("migration.md", "migration.zh-CN.md")}
CHINESE = re.compile(r"[\u4e00-\u9fff]")

every_page = pytest.mark.parametrize("page", PAGES)


def rows_below(page: str, mark: str) -> list[list[str]]:
    """Return the cells of the table below a mark, or below a heading's first words."""
    below = PAGES[page].partition(f"{mark}\n")[2]
    lines = re.search(r"^\|.*\n\|[-|]+\n((?:\|.*\n)+)", below, re.MULTILINE)
    assert lines, (page, mark)
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1].splitlines()]


def codes(cells: list[list[str]]) -> list[str]:
    """Return what stands in backticks at the beginning of each row."""
    return [cell[0].strip("`") for cell in cells]


def commands(page: str) -> list[str]:
    """Return every command line of a page, those within its sentences too."""
    body = PAGES[page]
    shown = re.findall(r"^\$ (notifykit .*)$", body, re.MULTILINE)
    prose = re.sub(r"^```.*?^```$", "", body, flags=re.MULTILINE | re.DOTALL)
    named = [" ".join(found.split()) for found in re.findall(r"`(notifykit [^`]+)`", prose)]
    return shown + [line for line in named if ":" not in line]


# Commands -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cli() -> click.Group:
    found = build_cli()
    load_plugins().add_commands(found)
    return found


@every_page
def test_every_command_is_one_that_the_command_line_takes(
    page: str, cli: click.Group, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "old-program").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    lines = commands(page)
    assert len(lines) > 40
    for line in lines:
        name, *arguments = shlex.split(line)[1:]
        command = cli.commands[name]
        if arguments:
            command.make_context(name, arguments, parent=click.Context(cli, **cli.context_settings))


@pytest.mark.parametrize("readme", ["README.md", "README.zh-CN.md"])
def test_the_commands_of_the_readme_are_ones_that_there_are(readme: str, cli: click.Group) -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```", read(DOCS.parent / readme), re.MULTILINE | re.DOTALL)
    (block,) = [block for block in blocks if "notifykit migrate" in block]
    lines = [line.partition("#")[0].split() for line in block.splitlines()]
    assert [line[:2] for line in lines] == [
        ["notifykit", name] for name in ("init", "inventory", "migrate", "migrate", "rollback")
    ]
    for _, name, *arguments in lines:
        cli.commands[name].make_context(name, arguments, parent=click.Context(cli, **cli.context_settings))


def test_both_languages_have_the_same_commands_and_chapters() -> None:
    english, chinese = (re.findall(r"^\$ (.*)$", text_, re.MULTILINE) for text_ in PAGES.values())
    assert [line.partition(" --why ")[0] for line in english] == [line.partition(" --why ")[0] for line in chinese]
    levels = [[len(marks) for marks in re.findall(r"^(#+) ", text_, re.MULTILINE)] for text_ in PAGES.values()]
    assert levels[0] == levels[1]
    assert not any(map(CHINESE.search, re.findall(r"^#.*$", PAGES["migration.md"], re.MULTILINE)))


def test_the_page_of_the_command_line_has_exactly_these_commands() -> None:
    page = (DOCS / "cli.md").read_text(encoding="utf-8")
    written = re.findall(r"^## notifykit (\S+)$", page.partition(reference.PLUGINS)[2], re.MULTILINE)
    assert written == list(reference.plugin_sections())
    assert {"inventory", "migrate", "verify", "retire", "rollback", "history", "shim"} <= set(written)


# Checks ---------------------------------------------------------------------------------------------------------------


@every_page
def test_it_explains_exactly_the_checks_that_there_are(page: str) -> None:
    told = codes(rows_below(page, "<!-- checks -->"))
    assert len(told) == len(set(told))
    assert set(told) == {filled(one.english, dict.fromkeys(one.names)) for one in CHECKS}


@every_page
def test_it_explains_exactly_the_points_of_the_acceptance(page: str) -> None:
    assert sorted(codes(rows_below(page, "<!-- points -->"))) == sorted(point.english for point in POINTS)


# Decisions ------------------------------------------------------------------------------------------------------------


@every_page
def test_its_decision_table_is_that_of_the_code(page: str) -> None:
    told = {
        (json.strip("`"), rows.strip("`")): cells for json, rows, *cells in rows_below(page, "<!-- decision table -->")
    }
    assert told == {
        (json, rows): [
            " + ".join(filter(None, (own_rows(rows, flag), rule.decision)))
            for flag, rule in zip(table.COLUMNS, rules, strict=True)
        ]
        for (json, rows), rules in table.WITHOUT_ROW.items()
    }


def own_rows(rows: RowState, flag: FlagState) -> str:
    """Return the letters of the rows that there are."""
    pending = Treatment.HOLD if table.PENDING_ROW[flag] else Treatment.ADOPT
    return {
        RowState.NONE: "",
        RowState.PENDING: pending,
        RowState.COMPLETED: Treatment.SENT,
        RowState.FAILED: Treatment.HOLD,
        RowState.MIXED: f"{Treatment.SENT}, {pending}",
    }[rows]


# Reasons --------------------------------------------------------------------------------------------------------------


def shown(sentences: Iterable[Sentence]) -> list[list[str]]:
    """Return code and English words of each, as the page has them."""
    return [
        [f"`{one.code}`", f"`{filled(one.english, dict.fromkeys(one.names)).replace('`', '')}`"] for one in sentences
    ]


@every_page
def test_it_explains_exactly_the_reasons_that_there_are(page: str) -> None:
    assert [cells[:2] for cells in rows_below(page, "<!-- reasons -->")] == shown(HOLDS)


@every_page
def test_it_explains_exactly_the_reasons_of_the_way_back(page: str) -> None:
    assert [cells[:2] for cells in rows_below(page, "<!-- reasons on the way back -->")] == shown(WAY_BACK)


@every_page
def test_it_explains_exactly_why_a_campaign_queues_nothing(page: str) -> None:
    assert [cells[:2] for cells in rows_below(page, "<!-- reasons that queue nothing -->")] == shown(QUEUE_NOTHING)


@every_page
def test_every_reason_is_explained(page: str) -> None:
    for mark in ("<!-- reasons -->", "<!-- reasons on the way back -->", "<!-- reasons that queue nothing -->"):
        for cells in rows_below(page, mark):
            assert all(cells), cells


# Messages, phases, exit codes -----------------------------------------------------------------------------------------


@every_page
def test_the_messages_of_a_changed_world_are_those_of_the_code(page: str) -> None:
    (heading,) = re.findall(r"^### .*The world changed.*$", PAGES[page], re.MULTILINE)
    said = [plain(one) for path in CODE for one in texts(ast.parse(path.read_text(encoding="utf-8")))]
    for cells in rows_below(page, heading):
        quoted = cells[0].strip("`")
        assert any(quoted in one for one in said), quoted


def test_every_chapter_that_a_message_names_is_there() -> None:
    said = [one for path in CODE for one in texts(ast.parse(path.read_text(encoding="utf-8")))]
    named = {name for one in said for name in re.findall(r"`notifykit docs migration`, '([^']+)'", one)}
    assert named == {"The world changed"}
    for page in PAGES.values():
        for name in named:
            assert re.search(rf"^### .*{name}", page, re.MULTILINE)


@every_page
def test_it_has_every_phase_and_every_exit_code(page: str) -> None:
    listed = re.findall(r"^\| (\d+) \| ", PAGES[page], re.MULTILINE)
    assert sorted(map(int, listed)) == sorted([*map(int, ExitCode), CHANGES_PLANNED])
    phases = re.findall(rf"^\| ({'|'.join(Until)}) \| ", PAGES[page], re.MULTILINE)
    assert phases == list(Until)


@every_page
def test_its_links_lead_somewhere(page: str) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", PAGES[page]):
        assert (DOCS / target).exists(), target
