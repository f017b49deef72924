"""An environment of its own: notifykit from its wheel, a stranger's plugin beside it, and a broken one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Environment:
    """A virtual environment."""

    folder: Path

    @property
    def programs(self) -> Path:
        return self.folder / "bin"

    @property
    def packages(self) -> Path:
        return Path(sysconfig.get_path("purelib", vars={"base": str(self.folder), "platbase": str(self.folder)}))

    def run(
        self, program: str, *arguments: str | Path, cwd: Path, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run one of its programs, with nothing of this process's paths."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "NOTIFYKIT"))}
        return subprocess.run(
            [self.programs / program, *arguments],
            capture_output=True,
            text=True,
            cwd=cwd,
            env={**clean, **variables},
            timeout=60,
        )


def build_wheel(project: Path, out: Path) -> Path:
    """Build as `python -m build` does, without fetching anything."""
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, project]
    done = subprocess.run([str(part) for part in build], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = out.glob("*.whl")
    return wheel


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Install notifykit from its wheel. Its dependencies come from the environment that runs the tests."""
    made = Environment(tmp_path_factory.mktemp("third_party") / "env")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", made.folder], check=True)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    assert made.packages == made.folder / "lib" / version / "site-packages"
    here = [path for path in sys.path if Path(path).name == "site-packages"]
    (made.packages / "dependencies.pth").write_text("\n".join(here) + "\n")
    install(made, build_wheel(ROOT, tmp_path_factory.mktemp("host_wheel")))
    return made


def install(environment: Environment, wheel: Path) -> None:
    """Install a wheel, and nothing else, also where the tests themselves run on a wheel of the same version."""
    pip = [sys.executable, "-m", "pip", "--python", environment.programs / "python", "install"]
    done = subprocess.run(
        [*map(str, pip), "--quiet", "--no-deps", "--no-index", "--no-compile", "--ignore-installed", str(wheel)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def acme(environment: Environment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Do what docs/plugins.md says: make a plugin, fill it in, build its wheel, install it."""
    desk = tmp_path_factory.mktemp("desk")
    made = environment.run("notifykit", "new-plugin", "acme-sms", cwd=desk)
    assert made.returncode == 0, made.stderr
    home = desk / "notifykit-acme-sms"
    fill_in(home)
    install(environment, build_wheel(home, desk / "dist"))
    return home


def fill_in(home: Path) -> None:
    """Put what the page shows where the page says."""
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    (send,) = (code for code in blocks if code.startswith("    def send"))
    (repeatable,) = (code for code in blocks if code.startswith("    repeatable"))
    sender = home / "src" / "notifykit_acme_sms" / "sender.py"
    before = sender.read_text(encoding="utf-8")
    after = re.sub(r"    def send.*", lambda _: send, before, flags=re.DOTALL)
    after = after.replace("    url: Secret\n", f"{repeatable}    url: Secret\n", 1)
    after = after.replace("classify_status, post", "classify_status, header_value, post", 1)
    sender.write_text(after, encoding="utf-8")
    tests = home / "tests" / "test_acme_sms.py"
    text = tests.read_text(encoding="utf-8").replace("""b'{"ok": true}'""", """b'{"status": "queued", "ref": "a1"}'""")
    text = text.replace("""b'{"ok": false, "code": 17}'""", """b'{"status": "refused", "why": 17}'""")
    tests.write_text(text, encoding="utf-8")


BROKEN: Mapping[str, str] = {
    "pyproject.toml": """
        [build-system]
        requires = ["hatchling"]
        build-backend = "hatchling.build"
        [project]
        name = "notifykit-stale"
        version = "0.3.0"
        [project.entry-points.notifykit]
        notifykit_stale = "notifykit_stale"
        """,
    "notifykit_stale/__init__.py": """
        import carrier_pigeon
        """,
}


@pytest.fixture(scope="session")
def broken(environment: Environment, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Install a plugin that cannot be imported."""
    home = tmp_path_factory.mktemp("stale")
    for name, text in BROKEN.items():
        (home / name).parent.mkdir(exist_ok=True)
        (home / name).write_text(dedent(text))
    install(environment, build_wheel(home, home / "dist"))
