"""What every part of the outbox contract needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from notifykit.clock import Clock
from notifykit.outbox.protocol import Outbox
from notifykit.testing.clock import FakeClock

Another = Callable[[], Outbox]
"""Opens the same store once more."""


class OutboxBase:
    """Fixtures."""

    def open_outbox(self, folder: Path, clock: Clock) -> Outbox:
        """Open the store of this folder; make it at the first call. To be overridden."""
        raise NotImplementedError

    @pytest.fixture
    def clock(self) -> FakeClock:
        """Stands still until it is moved."""
        return FakeClock()

    @pytest.fixture
    def another(self, tmp_path: Path, clock: FakeClock) -> Iterator[Another]:
        """Open the same store once more, as another process would. Closed after the test."""
        with ExitStack() as stack:
            yield lambda: stack.enter_context(closing(self.open_outbox(tmp_path, clock)))

    @pytest.fixture
    def outbox(self, another: Another) -> Outbox:
        """Return a new store."""
        return another()
