from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from legacy_table import write_legacy_table

from notifykit.outbox import SqliteOutbox


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[SqliteOutbox]:
    with SqliteOutbox.open(tmp_path / "outbox.db") as opened:
        yield opened


@pytest.fixture
def legacy_file(tmp_path: Path) -> Path:
    return write_legacy_table(tmp_path)
