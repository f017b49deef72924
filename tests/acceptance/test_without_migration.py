"""When everybody has migrated, the folder `migration/` can go: a copy without it is installed, tested, and works."""

from __future__ import annotations

import os
import re
import shutil
import site
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

GOES = ("notifykit_migration", "notifykit_compat")

SOME = (
    "tests/unit/test_architecture.py",
    "tests/unit/plugins",
    "tests/unit/host/test_generate.py",
    "tests/unit/cli/test_cli_app.py",
    "tests/unit/cli/test_cli_run.py",
)
"""What runs in `make test`, where seconds count. `make crash` runs all."""


def copied(target: Path) -> Path:
    """Copy what is kept under version control, without `migration/` and its tests, and forget it in pyproject."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    names = [name for name in listed.stdout.decode().split("\0") if name]
    if listed.returncode or not names:
        names = [
            str(path.relative_to(ROOT)) for path in ROOT.rglob("*") if path.is_file() and ".venv" not in path.parts
        ]
    for name in names:
        if name.startswith("migration/") or _of_migration(name) or not (ROOT / name).exists():
            continue
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target / name)
    project = target / "pyproject.toml"
    lines = project.read_text(encoding="utf-8").splitlines(keepends=True)
    project.write_text("".join(line for line in lines if not any(name in line for name in GOES)), encoding="utf-8")
    return target


def _of_migration(name: str) -> bool:
    """Whether a test is of what goes: by its folder, or by what it imports."""
    if not name.startswith(("tests/", "benchmarks/")) or not name.endswith(".py"):
        return False
    if {"migration", "compat"} & set(Path(name).parts):
        return True
    text = (ROOT / name).read_text(encoding="utf-8")
    return name != "tests/acceptance/test_without_migration.py" and bool(
        re.search(rf"\b({'|'.join(GOES)}|legacy_world|shim_world|legacy_run)\b", text)
    )


def installed(copy: Path, folder: Path) -> Path:
    """Install the copy's wheel into an environment of its own; returns its Python."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "env"], check=True)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(folder / "env"), "platbase": str(folder / "env")}))
    here = [*site.getsitepackages(), sysconfig.get_path("purelib")]
    (packages / "dependencies.pth").write_text("\n".join(dict.fromkeys(here)) + "\n", encoding="utf-8")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder / "dist"), str(copy)]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = (folder / "dist").glob("*.whl")
    python = folder / "env" / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index"]
    done = subprocess.run([*install, str(wheel)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for program in Path(sys.executable).parent.iterdir():  # what the tests start beside us: ruff, pytest
        if not (beside := python.with_name(program.name)).exists():
            beside.symlink_to(program)
    return python


def try_out(tmp_path: Path, tests: tuple[str, ...]) -> str:
    copy = copied(tmp_path / "copy")
    python = installed(copy, tmp_path)
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "NOTIFYKIT", "COVERAGE", "PYTEST"))
    }
    gone = subprocess.run(
        [python, "-c", f"import {GOES[0]}"], cwd=copy, env=environment, capture_output=True, check=False
    )
    assert gone.returncode != 0
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


def test_what_stays_passes_its_tests(tmp_path: Path) -> None:
    assert "passed" in try_out(tmp_path, SOME)


@pytest.mark.crash
@pytest.mark.deep
@pytest.mark.timeout(1800)
def test_what_stays_passes_all_its_tests(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = try_out(tmp_path, ("tests", "--deselect", "tests/acceptance/test_without_migration.py"))
    with capsys.disabled():
        print(f"\nwithout migration/: {told}")
