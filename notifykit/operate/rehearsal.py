"""An outbox for trying out what a pass would do in a project that has none yet."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from notifykit.clock import Clock
from notifykit.outbox import SqliteOutbox


@contextmanager
def empty_outbox(clock: Clock) -> Iterator[SqliteOutbox]:
    """Open an outbox with nothing in it, which goes away afterwards."""
    with (
        tempfile.TemporaryDirectory(prefix="notifykit-") as folder,
        closing(SqliteOutbox.open(Path(folder) / "empty.db", clock)) as outbox,
    ):
        yield outbox


class Blank:
    """An outbox that knows nothing yet."""

    def waiting(self, key: str, period: str | None = None) -> bool:  # noqa: ARG002
        """Nothing waits."""
        return False

    def delivered(self, key: str, period: str | None = None) -> bool:  # noqa: ARG002
        """Nothing was sent."""
        return False

    def written_back(self, key: str) -> bool:  # noqa: ARG002
        """Nothing is."""
        return False

    def known(self, key: str, message: str, period: str = "") -> bool:  # noqa: ARG002
        """Nothing was queued."""
        return False
