"""Where the modules of tests/support are: for processes that tests start and that import them, too."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

FOLDERS = [str(folder) for folder in sorted(Path(__file__).parents[1].iterdir())]


def with_support(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment, with these folders first in PYTHONPATH."""
    paths = [*FOLDERS, *filter(None, [environment.get("PYTHONPATH")])]
    return {**environment, "PYTHONPATH": os.pathsep.join(paths)}
