"""Sources, strategies and senders that a contract opens, as the host does, and closes after each test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

import pytest

from notifykit.campaign.opening import Opening
from notifykit.roles import SourceContext
from notifykit.testing.clock import FakeClock

Part = TypeVar("Part")


class Opens:
    """What contracts share that open something."""

    @pytest.fixture(autouse=True)
    def _closed_at_the_end(self) -> Iterator[None]:
        """Close what was opened, the latest first. What that raises is the test's failure."""
        yield
        for part in reversed(vars(self).pop("_open", [])):
            if callable(closes := getattr(part, "close", None)):
                closes()

    def opened(self, part: Part, told: object = None) -> Part:
        """Return a part that is open, where it can be opened."""
        Opening().require(part, told)
        vars(self).setdefault("_open", []).append(part)
        return part

    def opened_source(self, source: Part, state: Any = None) -> Part:
        """Return a source that is open, and reads from a state."""
        return self.opened(source, SourceContext(campaign="sample", clock=FakeClock(), state=state))
