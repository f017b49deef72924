"""What a command loads before it works: counted, so that starting stays quick."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from cli_world import FINE, CliWorld

from notifykit.plugins.find import OWN_DISTRIBUTION, find_entry_points, identify

HEAVY = {
    "filelock",
    "httpcore2",
    "httpx2",
    "importlib.metadata",
    "jinja2",
    "libcst",
    "pydantic",
    "pydantic_core",
    "sqlite_utils",
    "notifykit.plugins.failed",
    "notifykit.secrets",
}
"""What takes longer to load than all of ours that these commands need."""

TRANSLATING = {"notifykit.cli.translated", "notifykit.terminal.wrapping", "ctypes", "plistlib"}
"""What only other languages need, and asking Windows or macOS which it is."""

_RUN = """
import json, sys
before = set(sys.modules)
sys.argv = ["notifykit", *sys.argv[1:]]
from notifykit.cli import main
try:
    main()
finally:
    print(json.dumps(sorted(set(sys.modules) - before)), file=sys.stderr)
"""


def loaded(folder: Path, *arguments: str) -> set[str]:
    """Return the modules that a command loads, beside those that a Python in this environment has anyway."""
    done = subprocess.run(
        [sys.executable, "-c", _RUN, *arguments], cwd=folder, capture_output=True, encoding="utf-8", check=True
    )
    return set(json.loads(done.stderr.splitlines()[-1]))


PLUGINS = {plugin.name for plugin in find_entry_points()[0] if identify(plugin).distribution == OWN_DISTRIBUTION}
"""Those that come along: each is a package whose own module alone is loaded, and they are counted apart."""


def ours(modules: set[str]) -> set[str]:
    """Return the host's modules."""
    return {name for name in modules if name.partition(".")[0] == "notifykit"}


def inside_plugins(modules: set[str]) -> set[str]:
    """Return what is loaded of plugins beside the modules that their entry points name."""
    return {name for name in modules if name.partition(".")[0] in PLUGINS} - PLUGINS


@pytest.fixture
def world(tmp_path: Path) -> CliWorld:
    return CliWorld(tmp_path / "world", (FINE, FINE)).lived()


@pytest.mark.parametrize(
    ("arguments", "heavy", "most"),
    [
        (("--version",), {"rich", "yaml", "sqlite3", "notifykit.wording.reason"}, 33),
        (("--help",), {"rich", "shutil", "sqlite3", "notifykit.wording.reason"}, 39),
        (("status",), {"rich", "shutil", "notifykit.roles"}, 83),
        (("status", "--json"), {"rich", "shutil", "notifykit.roles"}, 83),
    ],
)
def test_a_command_loads_what_it_needs(world: CliWorld, arguments: Sequence[str], heavy: set[str], most: int) -> None:
    modules = loaded(world.folder, *arguments)
    assert modules & (HEAVY | heavy) == set()
    assert inside_plugins(modules) == set()
    assert len(ours(modules)) <= most, sorted(ours(modules))


def test_without_a_project_help_loads_no_yaml(tmp_path: Path) -> None:
    modules = loaded(tmp_path, "--help")
    assert "yaml" not in modules
    assert inside_plugins(modules) == set()
    assert len(ours(modules)) <= 33, sorted(ours(modules))


_MAKING = """
import dataclasses, sys
made = []
make = dataclasses.dataclass
def dataclass(cls=None, /, **options):
    made.append(cls)
    return make(cls, **options)
dataclasses.dataclass = dataclass
sys.argv = ["notifykit", *sys.argv[1:]]
from notifykit.cli import main
try:
    main()
finally:
    print(len(made), file=sys.stderr)
"""


@pytest.mark.parametrize(("command", "most"), [("--help", 12), ("status", 40)])
def test_few_dataclasses_are_made(world: CliWorld, command: str, most: int) -> None:
    """Python compiles six functions for each, at each start."""
    done = subprocess.run(
        [sys.executable, "-c", _MAKING, command], cwd=world.folder, capture_output=True, encoding="utf-8", check=True
    )
    assert int(done.stderr.splitlines()[-1]) <= most


_COLLECTING = """
import gc, json, sys
from notifykit.cli import main
frozen = []
def note(phase, info):
    if "notifykit.cli.app" in sys.modules:
        frozen.append(gc.get_freeze_count())
gc.callbacks.append(note)
sys.argv = ["notifykit", "status"]
try:
    main()
finally:
    gc.callbacks.clear()
    print(json.dumps([min(frozen), gc.get_freeze_count(), len(gc.get_objects())]), file=sys.stderr)
"""


def test_what_was_loaded_is_not_looked_through_for_garbage(world: CliWorld) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _COLLECTING], cwd=world.folder, capture_output=True, encoding="utf-8", check=True
    )
    at_first, at_the_end, left = json.loads(done.stderr.splitlines()[-1])
    assert at_first > 5_000, "the modules of the command line"
    assert at_the_end > at_first, "those of the command, too"
    assert left < 100


def test_english_needs_no_catalogue(world: CliWorld) -> None:
    assert not TRANSLATING & loaded(world.folder, "status")
    assert not TRANSLATING & loaded(world.folder, "status", "--help")
    assert "notifykit.cli.translated" in loaded(world.folder, "--lang", "zh", "status")


def test_what_is_counted_is_what_is_loaded(world: CliWorld) -> None:
    modules = loaded(world.folder, "check")
    assert {"pydantic", "jinja2"} <= modules
    assert len(ours(modules)) > 85
