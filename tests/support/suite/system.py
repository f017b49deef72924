"""What differs from system to system, as tests ask for it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import pytest

SUPERUSER = sys.platform != "win32" and os.geteuid() == 0

KILLED = -9
"""What `subprocess` returns of a process that SIGKILL ended."""

needs_superuser = pytest.mark.skipif(not SUPERUSER, reason="only the superuser may")
needs_refusals = pytest.mark.skipif(SUPERUSER or sys.platform == "win32", reason="nothing is forbidden here")


def refused_as_anybody(command: Sequence[str]) -> list[str]:
    """Return the command without the superuser's right to read and write everything."""
    if not SUPERUSER:
        return list(command)
    return ["setpriv", "--bounding-set", "-dac_override,-dac_read_search,-fowner", "--", *command]
