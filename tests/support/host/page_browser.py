"""A real Chromium: what it says on its console, whom it asks, and what axe finds."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Error, Page, Playwright, expect

AXE = Path(__file__).parents[2] / "data" / "axe" / "axe.min.js"

_NAME = """() => {
    const at = document.activeElement;
    return at.ariaLabel || at.labels?.[0]?.innerText || at.innerText || "";
}"""

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="Chromium is missing: apt-get install --no-install-recommends chromium"
)


LESS_WORK = (
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-background-networking",  # its own services at the maker's: what it asks is what pages ask
    "--in-process-gpu",
    "--js-flags=--single-threaded",  # no helpers for the garbage of small pages
    "--num-raster-threads=1",
    # Going to another site stays in the process that is there. Ports of one host are one site to a browser, in any
    # case; that another page reads nothing is up to the answers of ours.
    "--renderer-process-limit=1",
    "--disable-site-isolation-trials",
)

PATIENCE = 20_000
"""Milliseconds for what is to be seen, on a busy machine."""

expect.set_options(timeout=PATIENCE)

REBOUND = "evil.example"
"""A hostile page's name: it leads to this computer."""


@dataclass
class Watched:
    """A page of the browser, and all that it said and asked."""

    page: Page
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, browser: Chromium, **context: Any) -> Watched:
        """Return a page in a browser context of its own, with these options."""
        return browser.page(**context)

    @classmethod
    def new(cls, page: Page) -> Watched:
        """Begin to watch a page."""
        page.set_default_timeout(PATIENCE)
        found = cls(page)
        page.on("console", lambda message: found.said.append(message.text))
        page.on("pageerror", lambda error: found.said.append(str(error)))
        page.on("request", lambda request: found.asked.append(request.url))
        return found

    def leave(self) -> None:
        """Be as a new page is, with nobody logged in."""
        self.page.goto("about:blank")
        self.page.context.clear_cookies()
        self.said.clear()
        self.asked.clear()

    def require_quiet(self, origin: str) -> None:
        """Nothing was said on the console, and nobody but the page was asked."""
        assert self.said == []
        assert [url for url in self.asked if not url.startswith(f"{origin}/")] == []

    def tab_to(self, name: str) -> None:
        """Press Tab until what has the focus is called this."""
        for _ in range(100):
            self.page.keyboard.press("Tab")
            if self.page.evaluate(_NAME).strip() == name:
                return
        raise AssertionError(f"{name} is not reached")

    def findings(self) -> list[str]:
        """What axe-core finds serious or critical."""
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found = self.page.evaluate("axe.run({resultTypes: ['violations']})")
        return [
            f"{one['id']}: {one['help']}: {node['html']}"
            for one in found["violations"]
            if one["impact"] in ("serious", "critical")
            for node in one["nodes"]
        ]


@dataclass
class Chromium:
    """A browser. Its pages are used again by later tests: each new context is a process, which begins for longer
    than most tests take."""

    browser: Browser
    _left: dict[str, list[Watched]] = field(default_factory=dict)
    _used: list[tuple[str, Watched]] = field(default_factory=list)

    def page(self, **context: Any) -> Watched:
        """Return a page that nobody uses, in a browser context of its own with these options."""
        kind = repr(sorted(context.items()))
        left = self._left.get(kind)
        found = left.pop() if left else Watched.new(self.browser.new_context(**context).new_page())
        self._used.append((kind, found))
        return found

    def leave(self) -> None:
        """End what a test did: pages that look anew every few seconds go on doing so."""
        while self._used:
            kind, watched = self._used.pop()
            try:
                watched.leave()
            except Error:  # it is on its way elsewhere, is closed, or has crashed
                watched.page.context.close()
            else:
                self._left.setdefault(kind, []).append(watched)


@contextmanager
def chromium(playwright: Playwright) -> Iterator[Chromium]:
    """Start a browser."""
    arguments = [*LESS_WORK, f"--host-resolver-rules=MAP {REBOUND} 127.0.0.1"]
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
    try:
        yield Chromium(browser)
    finally:
        browser.close()
