from __future__ import annotations

from pathlib import Path

import pytest
from legacy_table import write_legacy_table


@pytest.fixture
def legacy_file(tmp_path: Path) -> Path:
    return write_legacy_table(tmp_path)
