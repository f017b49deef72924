"""`notifykit report`: tables, JSON, and the page."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from html.parser import HTMLParser

import pytest
from cli_world import BUSY, DOUBTFUL, FINE, REFUSED, CliWorld

MakeWorld = Callable[[Sequence[str]], CliWorld]


class Page(HTMLParser):
    """Elements that are opened and closed, and the texts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.names: list[str] = []
        self.addresses: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_it_tells_of_each_campaign_and_day(make_world: MakeWorld) -> None:
    world = make_world((REFUSED, DOUBTFUL, BUSY, FINE))
    world.edit("campaigns/beijing.yaml", "strategy:", "order: none\nstrategy:")
    world.lived()
    result = world.invoke("report")
    assert result.exit_code == 0
    total, by_day = result.stdout.split("\n\n")
    assert total.splitlines()[1].split()[:5] == ["beijing", "3", "1", "1", "1"]
    assert total.splitlines()[1].split()[-1] == "1"
    rows = [line.split()[1:6] for line in by_day.splitlines()[1:] if "beijing" in line]
    assert [sum(map(int, column)) for column in zip(*(row[1:] for row in rows), strict=True)] == [3, 1, 1, 1]
    told = world.json("report", "--since", "2d")
    assert len(told["days"]) == 3
    lived = [day for day in told["days"] if day["campaigns"]]  # the world may have lived in two days
    assert lived in (told["days"][-1:], told["days"][-2:], told["days"][-2:-1])
    assert sum(day["campaigns"][0]["sent"] for day in lived) == 3
    assert told["campaigns"][0]["failed_now"] == 1


def test_before_anything_was_queued_it_says_so(world: CliWorld) -> None:
    assert world.invoke("report").stdout == "nothing was sent, and nothing waits\n"
    nothing: dict[str, object] = {
        "at": None,
        "since": None,
        "days": [],
        "archived_uncounted": 0,
        "campaigns": [],
        "compared": [],
    }
    assert world.json("report") == nothing
    page = world.invoke("report", "--html", str(world.folder / "report.html"))
    assert page.exit_code == 1
    assert "nothing has been queued yet" in page.stderr
    assert not (world.folder / "report.html").exists()


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", ("By campaign", "Median", "3 messages were sent")), ("zh", ("按活动", "中位数", "发送了 3 条消息"))],
)
def test_the_page_needs_nothing_else_and_has_all_in_tables(
    make_world: MakeWorld, language: str, words: Sequence[str]
) -> None:
    world = make_world((REFUSED, DOUBTFUL, BUSY, FINE))
    world.edit("campaigns/beijing.yaml", "strategy:", 'name: "a<b & c"\norder: none\nstrategy:')
    world.lived()
    file = world.folder / "report.html"
    result = world.invoke("--lang", language, "report", "--html", str(file))
    assert (result.exit_code, result.stdout) == (0, "")
    text = file.read_text(encoding="utf-8")
    page = Page(text)
    assert (page.open, page.addresses) == ([], [])
    assert not {"script", "link", "img", "iframe", "object"}.intersection(page.names)
    assert page.names.count("svg") == 3
    assert page.names.count("table") == 2
    for picture in re.findall(r"<svg.*?</svg>", text, re.DOTALL):
        ET.fromstring(picture)
    assert "a&lt;b &amp; c" in text
    assert all(word in text for word in words)
    assert world.invoke("report", "--html", str(file)).exit_code == 0  # an earlier one of its sort


def test_another_file_stays_as_it_is(world: CliWorld) -> None:
    world.lived()
    before = world.project.read_bytes()
    result = world.invoke("report", "--html", str(world.project))
    assert result.exit_code == 2
    assert world.project.read_bytes() == before


def test_a_folder_that_is_not_there_is_told(world: CliWorld) -> None:
    world.lived()
    result = world.invoke("report", "--html", str(world.folder / "none" / "report.html"))
    assert result.exit_code == 1
    assert "the page cannot be written" in result.stderr


@pytest.mark.parametrize("since", ["soon", "0", "-1d"])
def test_a_time_that_is_none_is_refused(world: CliWorld, since: str) -> None:
    assert world.invoke("report", "--since", since).exit_code == 2
