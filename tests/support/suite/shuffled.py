"""A random order of the tests: modules, and the tests of each, as a seed in NOTIFYKIT_TEST_ORDER has it."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

SEED = "NOTIFYKIT_TEST_ORDER"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Shuffle, where there is a seed. Every process of a parallel run arrives at the same order."""
    if not (seed := os.environ.get(SEED)):
        return
    modules: dict[Path, list[pytest.Item]] = {}
    for item in items:
        modules.setdefault(item.path, []).append(item)
    chance = random.Random(seed)
    order = list(modules)
    chance.shuffle(order)
    for path in order:
        chance.shuffle(modules[path])
    items[:] = [item for path in order for item in modules[path]]


def pytest_report_header() -> str | None:
    """Name the seed, so that the order can be had again."""
    seed = os.environ.get(SEED)
    return f"random order: {SEED}={seed}" if seed else None
