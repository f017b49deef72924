"""The migration on the page: before it, after it, and where it was verified."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from legacy_world import AWARD, GROUP, SENT, LegacyWorld
from page_browser import Watched, chromium, needs_chromium
from page_server import ANNA, LEO, Serve, serving
from playwright.sync_api import expect, sync_playwright


@pytest.fixture
def serve() -> Iterator[Serve]:
    with serving() as found:
        yield found


@pytest.fixture
def world(tmp_path: Path) -> LegacyWorld:
    world = LegacyWorld(tmp_path / "world")
    with world.together():
        world.contract("N", SENT, [(GROUP, "completed")])
        world.contract("Y", SENT, [(GROUP, "completed"), (AWARD, "pending")], award=True)
        world.contract("N")
    return world


def test_the_page_follows_the_migration(serve: Serve, world: LegacyWorld) -> None:
    served = serve(world)
    before = served.ask("/migration.json", token=ANNA).data
    assert (before["phase"], before["entries"], before["calendar"]) == ("not migrated", [], [])
    assert before["plan"]["contracts"] == 3
    text = served.ask("/migration", token=ANNA).text
    assert "A plan: nothing was changed" in text
    assert 'href="/migration"' in served.ask("/plugins", token=ANNA).text
    assert world.run("migrate", "--yes").exit_code in (0, 3)
    served.clock.ahead += 100
    text = served.ask("/migration", token=ANNA).text
    for word in ("migrated, and the old files are retired", "verified", "hourly", "passed: 1"):
        assert word in text, word
    after = served.ask("/migration.json", token=ANNA).data
    assert [one["kind"] for one in after["entries"] if one["kind"] == "migrate_done"] == ["migrate_done"]
    chinese = served.ask("/migration", Cookie=served.logged_in(ANNA), Accept_Language="zh-CN").text
    assert "校验日历" in chinese


def test_who_sees_no_texts_does_not_see_the_page(serve: Serve, world: LegacyWorld) -> None:
    assert serve(world, hide_texts=True).ask("/migration", token=LEO).status == 403


def test_what_cannot_be_planned_is_told_in_words(serve: Serve, world: LegacyWorld) -> None:
    served = serve(world)
    next(world.folder.rglob("*.csv")).write_bytes(b"\xff\x00 no table")
    answer = served.ask("/migration", token=ANNA)
    assert (answer.status in (409, 503), "Traceback" in answer.text) == (True, False)


@pytest.mark.long
@needs_chromium
def test_the_page_is_read_in_a_browser(serve: Serve, world: LegacyWorld) -> None:
    assert world.run("migrate", "--yes").exit_code in (0, 3)
    served = serve(world)
    ways: tuple[tuple[dict[str, Any], str, str], ...] = (
        ({}, "Migration", "en"),
        ({"color_scheme": "dark", "locale": "zh-CN", "viewport": {"width": 360, "height": 740}}, "迁移", "zh-CN"),
        ({"java_script_enabled": False}, "Migration", "en"),
    )
    with sync_playwright() as playwright, chromium(playwright) as browser:
        for how, title, language in ways:
            watched = Watched.of(browser, **how)
            page = watched.page
            page.goto(served.url(ANNA))
            page.get_by_role("link", name=title, exact=True).click()
            expect(page.get_by_role("heading", name=title, exact=True, level=1)).to_be_visible()
            expect(page.locator("html")).to_have_attribute("lang", language)
            headings = page.get_by_role("heading", level=2).all_inner_texts()
            assert headings
            assert all(text.isascii() == (language == "en") for text in headings), headings
            if how.get("java_script_enabled", True):
                assert watched.findings() == []
                wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
                assert wide <= 0, f"{wide} pixels wider than the screen"
                dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
                assert (dark == "rgb(255, 255, 255)") == ("color_scheme" not in how), dark
            other = page.get_by_role("button", name="English" if language == "zh-CN" else "中文")
            other.click()
            turned = "Migration" if language == "zh-CN" else "迁移"
            expect(page.get_by_role("heading", name=turned, exact=True, level=1)).to_be_visible()
            assert page.url == f"{served.origin}/migration"
            watched.require_quiet(served.origin)
