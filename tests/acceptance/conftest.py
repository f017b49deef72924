from __future__ import annotations

import os
from pathlib import Path

import pytest
from told_demo import ToldDemo, told_demo


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> ToldDemo:
    """The one demonstration of a test run: its tests may look, and change nothing."""
    base = tmp_path_factory.getbasetemp()
    shared: Path = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    return told_demo(shared)
