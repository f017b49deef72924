"""What `retire --code` needs before anything is moved: the plugin that reads the old program's code."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from legacy_world import LegacyWorld
from notifykit_migration.errors import PreflightError
from notifykit_migration.legacy.program_code import PLUGIN, check_code_reader

from notifykit.pipeline.project import Project, open_project
from notifykit.plugins import Plugins, find, load_plugins


def project(folder: Path, plugins: Plugins) -> Project:
    return open_project(LegacyWorld(folder).project, secrets=False, plugins=plugins)


def without_it() -> list[find.FoundPlugin]:
    return [point for point in find.find_entry_points()[0] if point.name != PLUGIN]


def test_it_is_there(tmp_path: Path) -> None:
    check_code_reader(project(tmp_path, load_plugins(strict=True)))


def test_a_blocked_plugin_is_to_be_unblocked(tmp_path: Path) -> None:
    blocked = project(tmp_path, load_plugins(block=[PLUGIN]))
    with pytest.raises(PreflightError, match=r"notifykit\.yaml: `plugins: block:` has 'notifykit_inventory'") as said:
        check_code_reader(blocked)
    assert str(said.value).endswith("take it out of that list")


def test_a_plugin_that_is_not_installed_is_to_be_installed(tmp_path: Path) -> None:
    missing = project(tmp_path, load_plugins(entry_points=without_it()))
    with pytest.raises(PreflightError, match="not installed") as said:
        check_code_reader(missing)
    assert 'pip install --force-reinstall "notifykit-outbox[patch]"' in str(said.value)


def test_a_broken_plugin_says_why(tmp_path: Path) -> None:
    broken = load_plugins(entry_points=[*without_it(), EntryPoint(PLUGIN, "no_such_module_anywhere", "notifykit")])
    with pytest.raises(PreflightError, match=r"--code needs plugin 'notifykit_inventory'.*no_such_module_anywhere"):
        check_code_reader(project(tmp_path, broken))
