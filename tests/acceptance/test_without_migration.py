"""When everybody has migrated, what is of the migration can go: a copy without it is installed, tested, and works.

That is the folder `migration/`, and every folder of this name below `tests/` and `benchmarks/`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

GOES = "migration"
PACKAGES = [path.parent.name for path in (ROOT / GOES).glob("*/__init__.py")]

SOME = (
    "tests/unit/test_architecture.py",
    "tests/unit/plugins/test_load_plugins.py",
    "tests/unit/plugins/test_plugins_docs.py",
    "tests/unit/cli/test_cli_app.py",
    "tests/unit/pipeline/test_generate.py",
    "tests/unit/demo/test_demo_command.py",
)
"""What runs in `make test`, where seconds count. `make crash` runs all."""


LOOK = """
import importlib.util, sys
from notifykit.plugins import load_plugins
there = [name for name in sys.argv[1:] if importlib.util.find_spec(name)]
plugins = load_plugins()
print(f"there {there}, broken {plugins.failed}, acts {plugins.collect('register_demo_acts', str)}")
"""
"""Says which packages there are, which plugins are broken, and which acts are added to the demonstration's own."""


def copied(target: Path) -> Path:
    """Copy what is kept under version control and stays, and forget in pyproject.toml what goes."""
    for name in kept():
        if GOES not in Path(name).parts:
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    project = target / "pyproject.toml"
    lines = project.read_text(encoding="utf-8").splitlines(keepends=True)
    stays = "".join(line for line in lines if not any(package in line for package in PACKAGES))
    project.write_text(stays.replace(f'"{GOES}", ', ""), encoding="utf-8")  # what mypy reads
    return target


def kept() -> list[str]:
    """Return the files under version control; without that, whatever is there but the environment."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    names = [name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).exists()]
    if names and listed.returncode == 0:
        return names
    return [str(path.relative_to(ROOT)) for path in ROOT.rglob("*") if path.is_file() and ".venv" not in path.parts]


def installed(copy: Path, folder: Path) -> Path:
    """Install the copy's wheel into an environment of its own, and write its schemas anew; returns its Python."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "env"], check=True)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(folder / "env"), "platbase": str(folder / "env")}))
    others = folder / "others" / "site-packages"  # by that name the tests look for what they are run with
    others.mkdir(parents=True)
    for path in sys.path:
        if Path(path).name == "site-packages":
            for package in Path(path).iterdir():
                if not package.name.startswith("notifykit"):  # the tests themselves may run on a wheel
                    (others / package.name).symlink_to(package)
    (packages / "dependencies.pth").write_text(f"{others}\n", encoding="utf-8")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder / "dist")]
    done = subprocess.run(build, cwd=copy, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = (folder / "dist").glob("*.whl")
    python = folder / "env" / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index"]
    done = subprocess.run([*install, str(wheel)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for program in Path(sys.executable).parent.iterdir():  # what the tests start beside us: ruff, pytest
        if not (beside := python.with_name(program.name)).exists():
            beside.symlink_to(program)
    for schema in (copy / "config" / "schema").iterdir():  # of types that the migration offers, too
        command = [str(python), "-m", "notifykit", "schema", schema.stem]
        schema.write_bytes(subprocess.run(command, cwd=folder, capture_output=True, check=True).stdout)
    return python


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    """Ours, without what would change how Python, notifykit or pytest work."""
    strange = ("PYTHON", "NOTIFYKIT", "COVERAGE", "PYTEST")
    return {name: value for name, value in os.environ.items() if not name.startswith(strange)}


def try_out(tmp_path: Path, environment: dict[str, str], tests: tuple[str, ...]) -> str:
    """Run tests of the copy against its installed wheel; returns pytest's last line."""
    copy = copied(tmp_path / "copy")
    python = installed(copy, tmp_path)
    there = subprocess.run(
        [python, "-c", LOOK, *PACKAGES, "notifykit"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert there.stdout == "there ['notifykit'], broken (), acts []\n"
    done = subprocess.run(
        [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not deep", *tests],
        cwd=copy,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    return done.stdout.splitlines()[-1]


@pytest.mark.long
def test_what_stays_passes_its_tests(tmp_path: Path, environment: dict[str, str]) -> None:
    assert "passed" in try_out(tmp_path, environment, SOME)


@pytest.mark.crash
@pytest.mark.deep
@pytest.mark.timeout(1800)
def test_what_stays_passes_all_its_tests(
    tmp_path: Path, environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    told = try_out(tmp_path, environment, ("tests", "--deselect", "tests/acceptance/test_without_migration.py"))
    for tool in (("ruff", "check", "."), ("mypy",)):
        command = [tmp_path / "env" / "bin" / "python", "-m", *tool]
        done = subprocess.run(
            command, cwd=tmp_path / "copy", env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    with capsys.disabled():
        print(f"\nwithout migration/: {told}")
