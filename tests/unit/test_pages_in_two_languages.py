"""What a page says in English its Chinese twin says, too: chapters, examples, tables, and all that is typed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
CHINESE = ".zh-CN.md"
GENERATED = "<!-- The rest is generated"
"""From here on another test compares a page with the commands."""
HAN = re.compile(r"[\u3400-\u9fff]")
_FENCED = re.compile(r"^```.*?^```$|(?<=\n\n)(?:    [^\n]*\n)+", re.MULTILINE | re.DOTALL)
_TABLE = re.compile(r"(?:^\|.*\n)+", re.MULTILINE)


class Pair(NamedTuple):
    english: str
    chinese: str


def pair(page: Path) -> Pair:
    twin = page.with_name(f"{page.stem}{CHINESE}")
    return Pair(*(file.read_text(encoding="utf-8").partition(GENERATED)[0] for file in (page, twin)))


PAIRS = {
    twin.name.removesuffix(CHINESE): pair(twin.with_name(f"{twin.name.removesuffix(CHINESE)}.md"))
    for twin in (*(ROOT / "docs").glob(f"*{CHINESE}"), ROOT / f"README{CHINESE}")
}


def prose(page: str) -> str:
    return _FENCED.sub("", page)


def levels(page: str) -> list[str]:
    return re.findall(r"^(#+) ", prose(page), re.MULTILINE)


def examples(page: str) -> list[list[str]]:
    """Return the lines of each block of code, without comments and without what a person is quoted with."""
    found = []
    for block in _FENCED.findall(page):
        bare = (re.sub(r"(^|\s)#.*", "", line).rstrip() for line in block.splitlines())
        found.append([re.sub(r'(--why) "[^"]*"', r'\1 "…"', line) for line in bare if line])
    return found


def typed(block: list[str]) -> list[str]:
    """Return an example without the answers of commands: below `$ …` in a console, and what is told of mistakes."""
    answers = block[0] == "```text" or (block[0] == "```console" and block[1].startswith("$ "))
    return [line for line in block if line.startswith(("```", "$ "))] if answers else block


def codes(text: str) -> list[str]:
    """Return what is typed as it stands; not what a program says with something in its place, nor what is Chinese."""
    found = (" ".join(code.split()) for code in re.findall(r"`([^`]+)`", text))
    return sorted(code for code in found if "…" not in code and not HAN.search(code))


def tables(page: str) -> list[list[list[str]]]:
    """Return what is typed in the first cell of each row of each table."""
    return [
        [codes(re.split(r"(?<!\\) \|", row.strip("| "))[0]) for row in table.splitlines()]
        for table in _TABLE.findall(prose(page))
    ]


def marks(page: str) -> list[str]:
    """Return the comments by which other tests find a table."""
    return re.findall(r"^<!-- .* -->$", page, re.MULTILINE)


def targets(page: str) -> list[str]:
    """Return where links lead, whatever the language; the anchors are looked at by another test."""
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page)
    return sorted({re.sub(r"\.zh-CN\.(md|png)$", r".\1", link) for link in links})


@pytest.mark.parametrize("name", PAIRS)
def test_they_have_the_same_chapters(name: str) -> None:
    assert levels(PAIRS[name].chinese) == levels(PAIRS[name].english)


@pytest.mark.parametrize("name", PAIRS)
def test_they_show_the_same_examples(name: str) -> None:
    english, chinese = map(examples, PAIRS[name])
    if name == "README":  # it answers in the reader's language: tests/acceptance/test_readme.py compares that
        english, chinese = list(map(typed, english)), list(map(typed, chinese))
    assert chinese == english


@pytest.mark.parametrize("name", PAIRS)
def test_they_have_the_same_tables_with_the_same_rows(name: str) -> None:
    english, chinese = map(tables, PAIRS[name])
    assert chinese == english


@pytest.mark.parametrize("name", PAIRS)
def test_they_name_the_same_keys_and_commands(name: str) -> None:
    english, chinese = (set(codes(prose(page))) for page in PAIRS[name])
    assert chinese == english


@pytest.mark.parametrize("name", PAIRS)
def test_they_link_to_the_same_pages_and_have_the_same_marks(name: str) -> None:
    pages = PAIRS[name]
    own = {f"{name}.md"}
    assert set(targets(pages.chinese)) - own == set(targets(pages.english)) - own
    assert marks(pages.chinese) == marks(pages.english)


@pytest.mark.parametrize("name", PAIRS)
def test_a_page_in_chinese_leads_to_pages_in_chinese(name: str) -> None:
    """But for the switch of languages at its head."""
    body = PAIRS[name].chinese.replace(f"[English]({name}.md)", "")
    links = re.findall(r"\]\((?:docs/)?([\w-]+)\.md(?:#[^)]*)?\)", body)
    assert [link for link in links if link in PAIRS] == []


def test_the_pages_that_the_first_users_need_are_there() -> None:
    assert {
        "README",
        "configuration",
        "csv",
        "sources",
        "senders",
        "states",
        "cli",
        "migration",
        "shim",
    } <= PAIRS.keys()
