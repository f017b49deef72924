"""A real Chromium: what it says on its console, whom it asks, and what axe finds."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Playwright

AXE = Path(__file__).parents[2] / "data" / "axe" / "axe.min.js"

_NAME = """() => {
    const at = document.activeElement;
    return at.ariaLabel || at.labels?.[0]?.innerText || at.innerText || "";
}"""

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="Chromium is missing: apt-get install --no-install-recommends chromium"
)


@contextmanager
def chromium(playwright: Playwright, *arguments: str) -> Iterator[Browser]:
    """Start a browser. Its own services at the maker's are off, so that what it asks is what pages ask."""
    quiet = ("--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking", *arguments)
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(quiet))
    try:
        yield browser
    finally:
        browser.close()


@dataclass
class Watched:
    """A page of the browser, and all that it said and asked."""

    page: Page
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, browser: Browser, **context: Any) -> Watched:
        """Open a page in a browser context of its own."""
        page = browser.new_context(**context).new_page()
        page.set_default_timeout(20_000)
        found = cls(page)
        page.on("console", lambda message: found.said.append(message.text))
        page.on("pageerror", lambda error: found.said.append(str(error)))
        page.on("request", lambda request: found.asked.append(request.url))
        return found

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
        found = self.page.evaluate("axe.run()")
        return [
            f"{one['id']}: {one['help']}: {node['html']}"
            for one in found["violations"]
            if one["impact"] in ("serious", "critical")
            for node in one["nodes"]
        ]
