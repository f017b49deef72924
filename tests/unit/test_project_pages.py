"""The pages for those who work on the project, and the site of the manual, say what is there."""

from __future__ import annotations

import pydoc
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
SITE = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))["project"]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z][\w-]*):", MAKEFILE, re.MULTILINE))
DEVELOPMENT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]["dev"]
MIGRATION = (ROOT / "migration").is_dir()
"""Everything but the migration stays when `migration/` is deleted, these tests included."""
PAGES = ("CONTRIBUTING.md", "RELEASING.md", "SECURITY.md", "README.md", "README.zh-CN.md")


def text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


# The site -------------------------------------------------------------------------------------------------------------


def listed(nav: list[dict[str, Any]]) -> Iterator[str]:
    for entry in nav:
        for value in entry.values():
            yield from [value] if isinstance(value, str) else listed(value)


def test_every_page_is_in_the_navigation_once() -> None:
    assert sorted(listed(SITE["nav"])) == sorted(file.name for file in DOCS.glob("*.md"))


def test_the_switch_of_languages_knows_every_page_with_a_twin() -> None:
    twins = sorted(file.name.removesuffix(".zh-CN.md") for file in DOCS.glob("*.zh-CN.md"))
    assert sorted(SITE["extra"]["chinese"]) == twins
    assert all((DOCS / f"{name}.md").is_file() for name in twins)


def test_pages_and_their_twins_link_to_each_other() -> None:
    for name in SITE["extra"]["chinese"]:
        assert f"\n[中文]({name}.zh-CN.md)\n" in text(f"docs/{name}.md"), name
        assert f"\n[English]({name}.md)\n" in text(f"docs/{name}.zh-CN.md"), name


@pytest.mark.parametrize("index", ["index.md", "index.zh-CN.md"])
def test_the_first_page_lists_every_other(index: str) -> None:
    rows = re.findall(r"^\| \[(\w+)\]\(([\w.-]+)\) \|", text(f"docs/{index}"), re.MULTILINE)
    assert all(name == target.split(".")[0] for name, target in rows)
    assert sorted(name for name, _ in rows) == sorted(
        file.stem for file in DOCS.glob("*.md") if not file.stem.endswith(".zh-CN") and file.stem != "index"
    )


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as repositories and the site make them."""
    without_code = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", without_code, re.MULTILINE)
    plain = (re.sub(r"\[([^\]]*)\]\([^)]*\)|[`*]", r"\1", heading) for heading in headings)
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in plain}


@pytest.mark.parametrize(
    "page", [*sorted(DOCS.glob("*.md")), *(ROOT / name for name in PAGES)], ids=lambda page: page.name
)
def test_every_link_within_the_pages_leads_somewhere(page: Path) -> None:
    for target, anchor in re.findall(r"\]\(([\w./-]*)(?:#([^)]+))?\)", page.read_text(encoding="utf-8")):
        file = page.parent / target if target else page
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(file), f"{target}#{anchor}"


# The architecture -----------------------------------------------------------------------------------------------------

ARCHITECTURE = text("docs/architecture.md")
if not MIGRATION:
    ARCHITECTURE = re.sub(
        r"^## The (?:migration|inventory|shim)\n.*?(?=^## )", "", ARCHITECTURE, flags=re.MULTILINE | re.DOTALL
    )
    ARCHITECTURE = re.sub(r"^.*(?:migration/|notifykit_).*\n", "", ARCHITECTURE, flags=re.MULTILINE)
TOPS = ("notifykit", "plugins", "migration", "config", "tests", "benchmarks")


def rows_of(page: str, heading: str) -> list[list[str]]:
    """Return the cells of the last table of a chapter, without its heading."""
    chapter = page.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in chapter.splitlines() if line.startswith("|")]
    return rows[2:]


def test_every_word_is_where_the_page_says() -> None:
    words = rows_of(ARCHITECTURE, "The words")
    assert len(words) >= 30
    for word, _, place in words:
        assert pydoc.locate(place.strip("`")) is not None, word


def test_every_file_and_folder_on_the_page_is_there() -> None:
    named = set(re.findall(r"`([\w./]+(?:\.py|/|/\w+\.sql))`", ARCHITECTURE))
    assert len(named) > 50
    there = [path.as_posix() for top in TOPS for path in (ROOT / top, *(ROOT / top).rglob("*"))]
    assert [name for name in named if not any(path.endswith(f"/{name.rstrip('/')}") for path in there)] == []


def test_every_room_of_the_code_is_on_the_page() -> None:
    rooms = {
        path.parent.name
        for top in ("notifykit", "migration/notifykit_migration")
        for path in (ROOT / top).glob("*/__init__.py")
    }
    assert {room for room in rooms if f"{room}/`" not in ARCHITECTURE} == set()


# Pages for those who work on the project ------------------------------------------------------------------------------


def test_make_alone_lists_every_target() -> None:
    done = subprocess.run(["make", "-s"], cwd=ROOT, capture_output=True, text=True, check=True)
    told = dict(re.findall(r"^make (\S+) +(\S.*)$", done.stdout, re.MULTILINE))
    assert set(told) == TARGETS
    assert set(re.findall(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)[0].split()) == TARGETS


@pytest.mark.parametrize("page", PAGES)
def test_what_they_tell_make_to_do_it_can_do(page: str) -> None:
    said = re.findall(r"(?:^|`)make ((?:[a-z-]+ ?)+)", text(page), re.MULTILINE)
    assert {target for words in said for target in words.split()} <= TARGETS


@pytest.mark.parametrize("page", PAGES)
def test_the_files_they_name_are_there(page: str) -> None:
    inline = re.findall(r"`([\w.-]+/[\w./-]*)`", text(page))
    linked = re.findall(r"\]\(([^)#:]+)\)", text(page))
    run = re.findall(r"\btests/[\w./-]+", text(page))
    made = ("dist/", "site/", ".venv/", "state/", "campaigns/")
    named = [name for name in (*inline, *linked, *run) if not name.startswith(made)]
    named = [name for name in named if MIGRATION or not name.startswith("migration/")]
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("page", PAGES)
def test_the_words_by_which_they_choose_tests_choose_some(page: str) -> None:
    for file, word in re.findall(r"\b(tests/[\w/]+\.py) -k (\w+)", text(page)):
        assert re.search(rf"^def test_\w*{word}", text(file), re.MULTILINE), word


def test_the_hooks_before_a_commit_run_what_make_sets_up() -> None:
    (repository,) = yaml.safe_load(text(".pre-commit-config.yaml"))["repos"]
    assert repository["repo"] == "local"
    for hook in repository["hooks"]:
        assert hook["language"] == "system"
        tool = hook["entry"].split()[0]
        assert tool.startswith(".venv/bin/")
        assert any(one.startswith(Path(tool).name) for one in DEVELOPMENT), tool


def test_the_map_shows_every_folder_of_the_host() -> None:
    shown = set(re.findall(r"\b(\w+)/", text("CONTRIBUTING.md").partition("One page of map")[2].partition("## ")[0]))
    there = {path.parent.name for path in (ROOT / "notifykit").glob("*/__init__.py")}
    assert there - shown - {"demo"} == set()
