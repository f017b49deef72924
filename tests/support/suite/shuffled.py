"""The order of the tests: long ones first; with a seed in NOTIFYKIT_TEST_ORDER, modules and their tests at random."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

SEED = "NOTIFYKIT_TEST_ORDER"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the long ones, so that none is left alone at the end; all processes of a run alike."""
    if not (seed := os.environ.get(SEED)):
        items.sort(key=lambda item: item.get_closest_marker("long") is None)
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
