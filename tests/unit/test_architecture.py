"""The house stands as it was drawn: who may import whom, how large a module may be, what the wheel must hold."""

from __future__ import annotations

import ast
import importlib
import importlib.machinery
import importlib.util
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from contract_world import HEADER

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "plugins.md"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

HOST = "notifykit"
GATHERING_STRANGERS = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "managers"}
LONGEST = 400
"""Lines."""

FREE_OF_A_STORE = ("dispatch", "generate", "settle", "judge", "run")
"""Modules that must work on any store."""
TEST_ONLY = {"pytest", "hypothesis"}
MAY_IMPORT: dict[str, set[str]] = {
    "notifykit_inventory": set(),
    "notifykit_migration": {"notifykit_inventory"},
    "notifykit_compat": {"notifykit_migration"},
    "notifykit_demo": set(),
}
"""Package of `migration/`, where there is that folder, to the others that it may import."""
EXTRAS = {
    "keyring": ("notifykit_builtin.keyring_secret",),
    "prometheus_client": ("notifykit.metrics",),
    "libcst": ("notifykit_inventory.patch",),
    "psycopg": ("notifykit.outbox.postgres", "notifykit.engine"),
    "procrastinate": ("notifykit.engine",),
    "openpyxl": ("notifykit_excel",),
    "sqlalchemy": ("notifykit_sql",),
    "starlette": ("notifykit.web",),
    "uvicorn": ("notifykit.web",),
    "apprise": ("notifykit_apprise",),
}
"""Library of an extra to the only packages that may import it."""


def modules(*folders: str) -> dict[str, Path]:
    """Return importable names and files of what is below these folders."""
    found = {}
    for folder in folders:
        base = ROOT if folder == HOST else ROOT / folder
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = path.relative_to(base).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


HOST_MODULES = modules(HOST)
PLUGIN_MODULES = modules("plugins")
MIGRATION_MODULES = modules("migration")
ALL_MODULES = {**HOST_MODULES, **PLUGIN_MODULES, **MIGRATION_MODULES}


@cache
def imports(path: Path) -> tuple[tuple[int, str, str], ...]:
    """Return (line, module, name) of every import; the name is empty for `import module`."""
    found: list[tuple[int, str, str]] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name, "") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import"
            found += [(node.lineno, node.module or "", alias.name) for alias in node.names]
    return tuple(found)


def imported(names: dict[str, Path]) -> Iterator[tuple[str, str, str]]:
    """Yield (place, importing module, module that is imported); a submodule named in `from` counts as itself."""
    for name, path in names.items():
        for line, module, thing in imports(path):
            whole = f"{module}.{thing}"
            yield f"{path.relative_to(ROOT)}:{line}", name, whole if whole in ALL_MODULES else module


def top(module: str) -> str:
    return module.partition(".")[0]


def within(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def public_modules() -> set[str]:
    """What docs/plugins.md promises to plugins."""
    return set(re.findall(r"^\| `(notifykit[\w.]*)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE))


def test_there_is_something_to_look_at() -> None:
    assert len(HOST_MODULES) > 50
    assert len(PLUGIN_MODULES) > 20
    assert "notifykit.plugins.load" in HOST_MODULES
    assert "notifykit_wecom.robot" in PLUGIN_MODULES


def test_the_host_knows_no_plugin_and_no_migration() -> None:
    foreign = {top(name) for name in (*PLUGIN_MODULES, *MIGRATION_MODULES)}
    assert [place for place, _, module in imported(HOST_MODULES) if top(module) in foreign] == []


def test_plugins_use_what_the_page_promises() -> None:
    promised = public_modules()
    wrong = [
        f"{place}: {module}"
        for place, _, module in imported(PLUGIN_MODULES)
        if top(module) == HOST and module not in promised
    ]
    assert wrong == []


def test_plugins_and_migration_use_what_public_modules_say_is_public() -> None:
    promised = {module: set(importlib.import_module(module).__all__) for module in public_modules()}
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {module}.{thing}"
        for path in (*PLUGIN_MODULES.values(), *MIGRATION_MODULES.values())
        for line, module, thing in imports(path)
        if module in promised and thing not in promised[module] and f"{module}.{thing}" not in ALL_MODULES
    ]
    assert wrong == []


def test_plugins_do_not_know_each_other() -> None:
    ours = {top(name) for name in (*PLUGIN_MODULES, *MIGRATION_MODULES)}
    wrong = [
        f"{place}: {module}"
        for place, name, module in imported(PLUGIN_MODULES)
        if top(module) in ours and top(module) != top(name)
    ]
    assert wrong == []


def test_the_packages_of_the_migration_import_one_way_only() -> None:
    ours = {top(name) for name in MIGRATION_MODULES}
    wrong = [
        f"{place}: {module}"
        for place, name, module in imported(MIGRATION_MODULES)
        if top(module) in ours - {top(name)} - MAY_IMPORT[top(name)]
    ]
    assert wrong == []


def test_one_module_of_the_migration_knows_the_inventory() -> None:
    users = {
        name
        for _, name, module in imported(MIGRATION_MODULES)
        if top(module) == "notifykit_inventory" and top(name) != "notifykit_inventory"
    }
    assert users == ({"notifykit_migration.legacy.program_code"} if MIGRATION_MODULES else set())


def test_the_library_of_an_extra_is_imported_by_one_package_only() -> None:
    for library, packages in EXTRAS.items():
        users = {name for _, name, module in imported(ALL_MODULES) if top(module) == library}
        assert [name for name in users if not any(within(name, package) for package in packages)] == []
        assert users or not ALL_MODULES.keys() & set(packages)


def test_outsiders_use_public_names_only() -> None:
    wrong = []
    for name, path in {**PLUGIN_MODULES, **MIGRATION_MODULES}.items():
        for line, module, thing in imports(path):
            private = any(part.startswith("_") for part in f"{module}.{thing}".split(".") if part != "__future__")
            if top(module) != top(name) and private:
                wrong.append(f"{path.relative_to(ROOT)}:{line}: {module}.{thing}")
    assert wrong == []


def test_the_host_keeps_private_names_within_their_module() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {module}.{thing}"
        for path in HOST_MODULES.values()
        for line, module, thing in imports(path)
        if top(module) == HOST and thing.startswith("_")
    ]
    assert wrong == []


def test_nothing_knows_the_command_line() -> None:
    wrong = [
        f"{place}: {module}"
        for place, name, module in imported(ALL_MODULES)
        if within(module, "notifykit.cli") and not within(name, "notifykit.cli") and name != "notifykit.__main__"
    ]
    assert wrong == []


def test_only_what_goes_with_the_migration_knows_it() -> None:
    goes = {top(name) for name in MIGRATION_MODULES}
    goes |= {path.stem for path in (ROOT / "tests" / "support" / "migration").glob("*.py")}
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {module}"
        for folder in ("tests", "benchmarks")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if "migration" not in path.relative_to(ROOT).parts
        for line, module, _ in imports(path)
        if top(module) in goes or within(module, "benchmarks.migration")
    ]
    assert wrong == []


def test_nothing_knows_the_kit_for_tests() -> None:
    wrong = [
        f"{place}: {module}"
        for place, name, module in imported(ALL_MODULES)
        if not within(name, "notifykit.testing") and (within(module, "notifykit.testing") or top(module) in TEST_ONLY)
    ]
    assert wrong == []


@pytest.mark.parametrize("name", FREE_OF_A_STORE)
def test_the_verbs_know_no_particular_store(name: str) -> None:
    path = HOST_MODULES[f"{HOST}.pipeline.{name}"]
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {module}.{thing}"
        for line, module, thing in imports(path)
        if top(module) in ("sqlite3", "sqlite_utils")
        or (
            within(module, "notifykit.outbox")
            and module not in {"notifykit.outbox.protocol", "notifykit.outbox.values"}
            and thing != "Outbox"
        )
    ]
    assert wrong == []


def test_the_roots_are_not_importable() -> None:
    assert importlib.util.find_spec("notifykit") is not None
    for name in ("plugins", "migration"):
        spec = importlib.util.find_spec(name)
        # A bare folder below the working directory is a namespace package to Python: that is no installed package.
        assert spec is None or spec.origin is None, name
        assert not (ROOT / name / "__init__.py").exists()
    outside = [path for path in sys.path if path and Path(path).resolve() != ROOT]
    for name in ("plugins", "migration"):
        assert importlib.machinery.PathFinder.find_spec(name, outside) is None


@pytest.mark.parametrize("name", sorted(ALL_MODULES))
def test_a_module_can_be_held_in_the_head(name: str) -> None:
    lines = len(ALL_MODULES[name].read_text(encoding="utf-8").splitlines())
    assert lines <= LONGEST, f"{lines} lines"
    assert GATHERING_STRANGERS.isdisjoint(name.split(".")), "say by the name what is inside"


def test_the_header_of_the_contracts_stands_once() -> None:
    """In the source, and once more in the tests: what tests write must not follow a slip of the source."""
    column = HEADER[15]  # nothing looks at it, so whoever names it has the whole header
    files = [
        path
        for folder in (HOST, "plugins", "migration", "benchmarks", "tests")
        for path in (ROOT / folder).rglob("*.py")
    ]
    having = [path.relative_to(ROOT).as_posix() for path in files if column in path.read_text(encoding="utf-8")]
    of_old_programs = [name for name in having if name.startswith("tests/data/")]
    assert sorted(set(having) - set(of_old_programs)) == [
        "notifykit/demo/contracts.py",
        "tests/support/host/contract_world.py",
    ]


def test_every_package_is_packed() -> None:
    packed = {Path(folder) for folder in PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]}
    there = {
        path.parent.relative_to(ROOT)
        for folder in ("plugins", "migration")
        for path in (ROOT / folder).glob("*/__init__.py")
    }
    assert packed == there | {Path(HOST), Path("docs")}


def test_every_plugin_has_an_entry_point() -> None:
    points = PROJECT["project"]["entry-points"]["notifykit"]
    assert all(name == value for name, value in points.items())
    assert {top(name) for name in PLUGIN_MODULES} <= set(points.values())
    assert set(points.values()) <= {top(name) for name in (*PLUGIN_MODULES, *MIGRATION_MODULES)}


def test_the_library_of_an_extra_is_optional_and_tested() -> None:
    for library, packages in EXTRAS.items():
        extras = {
            (extra, requirement)
            for extra, listed in PROJECT["project"]["optional-dependencies"].items()
            for requirement in listed
            if requirement.startswith(library)
        }
        assert len(extras) == (not ALL_MODULES.keys().isdisjoint(packages))
        for extra, requirement in extras:
            assert f"notifykit-outbox[{extra}]" in (ROOT / "README.md").read_text(encoding="utf-8")
            assert requirement in PROJECT["dependency-groups"]["dev"]
        assert not any(item.startswith(library) for item in PROJECT["project"]["dependencies"])


def test_every_package_is_measured() -> None:
    measured = set(PROJECT["tool"]["coverage"]["run"]["source_pkgs"])
    assert {top(name) for name in ALL_MODULES} <= measured


def test_what_differs_by_platform_is_where_the_table_says() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    section = page.partition("## Platforms")[2].partition("\n## ")[0]
    named = set(re.findall(r"`([a-z_/]+\.py)`", section))
    asking = {
        path.relative_to(ROOT).as_posix()
        for path in ALL_MODULES.values()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and ast.unparse(node) in ("sys.platform", "os.name", "platform.system")
    }
    assert asking
    assert asking <= named
    there = [name for name in sorted(named) if MIGRATION_MODULES or not name.startswith("migration/")]
    assert [name for name in there if not (ROOT / name).exists()] == []


def test_what_differs_between_systems_about_files_stands_in_one_module() -> None:
    """Whether names are synced, how files are replaced, whose they are: asked of `notifykit.durable`."""
    by_hand = re.compile(r"\bO_DIRECTORY\b|\bos\.name\b|\bwinerror\b|\bwin32\b|\bos\.fsync\b|\bos\.f?chown\b")
    found = {name for name, path in ALL_MODULES.items() if by_hand.search(path.read_text(encoding="utf-8"))}
    assert found == {"notifykit.durable"}
