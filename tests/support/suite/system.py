"""What differs from system to system, as tests ask for it."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence

import pytest

SUPERUSER = sys.platform != "win32" and os.geteuid() == 0

KILLED = -9
"""What `subprocess` returns of a process that SIGKILL ended."""

MAY_BE_SKIPPED = (
    "nothing is forbidden here",  # what an ordinary account is refused: run 1 of pairs.py is one
    r"promise not tested: .*; say make_\w+\(\)",  # a contract's test that does not apply to the plugin
    "litequeue: it needs Python 3.12 or newer",
    "litequeue runs here",
)
"""Patterns of reasons that do not tell of something missing on the machine."""


def may_be_skipped(reason: str) -> bool:
    """Whether a test may be skipped for this in CI, where everything that tests need is installed."""
    return any(re.fullmatch(pattern, reason) for pattern in MAY_BE_SKIPPED)


needs_superuser = pytest.mark.skipif(not SUPERUSER, reason="only the superuser may")
needs_refusals = pytest.mark.skipif(SUPERUSER or sys.platform == "win32", reason="nothing is forbidden here")


def refused_as_anybody(command: Sequence[str]) -> list[str]:
    """Return the command without the superuser's right to read and write everything."""
    if not SUPERUSER:
        return list(command)
    return ["setpriv", "--bounding-set", "-dac_override,-dac_read_search,-fowner", "--", *command]
