"""For every test and every module of tests: what a command line or an old program left in this process is undone."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from notifykit import secrets

OLD_PROGRAM = {"modules", "task_manager", "task_scheduler", "jobs"}
"""Top-level names of old programs, each from a folder of its own test."""


@contextmanager
def as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, path, credentials = list(root.handlers), root.level, list(sys.path), set(secrets._registered)
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    sys.path[:] = path
    secrets._registered.intersection_update(credentials)
    for name in [name for name in sys.modules if name.partition(".")[0] in OLD_PROGRAM]:
        del sys.modules[name]


@pytest.fixture(autouse=True, scope="module")
def _module_as_before() -> Iterator[None]:
    with as_before():
        yield


@pytest.fixture(autouse=True)
def _test_as_before() -> Iterator[None]:
    with as_before():
        yield
