from __future__ import annotations

import sys
from pathlib import Path

import pytest

# The benchmarks are scripts beside the product, not an installed package.
sys.path.insert(0, str(Path(__file__).parents[3]))

from benchmarks import world


@pytest.fixture
def contracts(tmp_path: Path) -> Path:
    """Fifty due contracts, ten of them with an award."""
    path = tmp_path / "contracts.csv"
    world.write(path, 50)
    return path
