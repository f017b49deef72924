from __future__ import annotations

import ast
import importlib.metadata
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifykit.errors import NotifykitError
from notifykit.plugins.scaffold import FILES, KINDS, STEPS, PluginNames, create_plugin, next_steps

ROOT = Path(__file__).parents[3]


def test_all_names_come_from_one() -> None:
    names = PluginNames.of("acme-sms-2")
    assert (names.distribution, names.package) == ("notifykit-acme-sms-2", "notifykit_acme_sms_2")
    assert (names.type, names.cls) == ("acme_sms_2", "AcmeSms2")
    assert PluginNames.of("notifykit-acme") == PluginNames.of("acme")


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written(tmp_path: Path, kind: str) -> None:
    files = create_plugin("acme-sms", tmp_path, kind=kind)
    home = tmp_path / "notifykit-acme-sms"
    assert sorted(files) == sorted(path for path in home.rglob("*") if path.is_file())
    assert sorted(path.relative_to(home).as_posix() for path in files) == sorted(
        [
            ".github/workflows/test.yml",
            ".gitignore",
            "LICENSE",
            "README.md",
            "pyproject.toml",
            "src/notifykit_acme_sms/__init__.py",
            "src/notifykit_acme_sms/py.typed",
            *([] if kind == "observer" else [f"src/notifykit_acme_sms/{kind}.py"]),
            "tests/test_acme_sms.py",
        ]
    )
    for path in files:
        assert "${" not in path.read_text(encoding="utf-8").replace("${{", ""), path
    project = tomllib.loads((home / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["name"] == "notifykit-acme-sms"
    assert project["project"]["entry-points"]["notifykit"] == {"notifykit_acme_sms": "notifykit_acme_sms"}
    assert project["project"]["dependencies"][0].startswith("notifykit-outbox>=")
    assert kind in project["project"]["description"]
    readme = (home / "README.md").read_text(encoding="utf-8")
    assert readme.startswith(f"# notifykit-acme-sms\n\nA {kind} for acme-sms, ")


def test_the_sender_is_short(tmp_path: Path) -> None:
    create_plugin("acme-sms", tmp_path)
    tree = ast.parse((tmp_path / "notifykit-acme-sms/src/notifykit_acme_sms/sender.py").read_text(encoding="utf-8"))
    (cls,) = (node for node in tree.body if isinstance(node, ast.ClassDef))
    assert cls.end_lineno is not None
    assert cls.end_lineno - cls.lineno <= 28


class Installed:
    """A distribution that pip noted the origin of."""

    def __init__(self, origin: object) -> None:
        self.origin = origin

    def read_text(self, name: str) -> str | None:
        assert name == "direct_url.json"
        return json.dumps(self.origin) if self.origin else None


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        (None, ""),
        ({"url": "https://index.example/notifykit.whl", "archive_info": {}}, ""),
        ({"url": "file:///home/ann/dist/notifykit%20x.whl", "archive_info": {}}, "'/home/ann/dist/notifykit x.whl' "),
        ({"url": "file:///home/ann/kit", "dir_info": {}}, "/home/ann/kit "),
        ({"url": "file:///home/ann/kit", "dir_info": {"editable": True}}, "--editable /home/ann/kit "),
    ],
)
@pytest.mark.skipif(os.name != "posix", reason="paths are POSIX ones")
def test_what_to_do_next_on_this_machine(monkeypatch: pytest.MonkeyPatch, origin: object, host: str) -> None:
    monkeypatch.setattr(importlib.metadata, "distribution", lambda name: Installed(origin))
    assert next_steps(Path("my plugins/notifykit-acme")) == [
        "cd 'my plugins/notifykit-acme'",
        "python -m venv .venv",
        ".venv/bin/python -m pip install --upgrade pip",
        f".venv/bin/python -m pip install {host}--editable . --group dev",
        ".venv/bin/python -m pytest",
    ]


def test_its_readme_and_the_page_say_the_same_steps(tmp_path: Path) -> None:
    create_plugin("acme-sms", tmp_path)
    steps = "\n".join(STEPS).replace("${host}", "")
    assert f"\n{steps}\n" in (tmp_path / "notifykit-acme-sms" / "README.md").read_text(encoding="utf-8")
    assert f"\ncd notifykit-acme-sms\n{steps}\n" in (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "better"),
    [
        ("Acme SMS", "'acme-sms'"),
        ("acme_sms", "'acme-sms'"),
        ("2fast", "'fast'"),
        ("acme--sms", "'acme-sms'"),
        ("-acme", "'acme'"),
        ("短信", "'acme-sms'"),
        ("", "'acme-sms'"),
        ("notifykit-", "'acme-sms'"),
        ("../evil", "'evil'"),
        ("a" * 41, repr("a" * 40)),
        ("acme\n", "'acme'"),
    ],
)
def test_a_name_that_will_not_do(tmp_path: Path, name: str, better: str) -> None:
    with pytest.raises(NotifykitError, match="a plugin cannot be called") as caught:
        create_plugin(name, tmp_path)
    assert str(caught.value).endswith(f"such as {better}")
    assert list(tmp_path.iterdir()) == []


@given(st.text(max_size=50))
def test_a_suggested_name_will_do(name: str) -> None:
    try:
        PluginNames.of(name)
    except NotifykitError as error:
        PluginNames.of(str(error).rpartition("such as ")[2].strip("'"))


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    mine = tmp_path / "notifykit-acme"
    mine.mkdir()
    with pytest.raises(NotifykitError, match=r"notifykit-acme: is there already; choose another name"):
        create_plugin("acme", tmp_path)
    assert list(mine.iterdir()) == []


def test_no_folder_to_stand_in(tmp_path: Path) -> None:
    with pytest.raises(NotifykitError, match=r"cannot be made \(No such file or directory\)"):
        create_plugin("acme", tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["wecom", "notifykit-webhook"])
def test_a_package_that_is_installed_is_not_shadowed(tmp_path: Path, name: str) -> None:
    with pytest.raises(NotifykitError, match="is installed already"):
        create_plugin(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_sender_type_that_is_taken(tmp_path: Path) -> None:
    with pytest.raises(NotifykitError, match="offers the sender type 'console' already"):
        create_plugin("console", tmp_path, taken=["console"])
    with pytest.raises(NotifykitError, match="offers the command 'acme-sms' already"):
        create_plugin("acme-sms", tmp_path, kind="command", taken=["acme-sms"])
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_left_of_a_failure(tmp_path: Path) -> None:
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (900, 900)); "
    code = (
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        "from pathlib import Path; from notifykit.errors import NotifykitError; "
        "from notifykit.plugins.scaffold import create_plugin\n"
        "try:\n    create_plugin('acme', Path('.'))\nexcept NotifykitError as error:\n    print(error)"
    )
    command = [sys.executable, "-B", "-c", limit + code]
    env = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=env)
    assert done.stdout == "notifykit-acme: cannot be written (File too large); nothing was left there\n", done.stderr
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_left_of_a_failure_in_this_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FILES, "tests", "gitignore")  # a folder is there by then
    with pytest.raises(NotifykitError, match=r"cannot be written \(Is a directory\)"):
        create_plugin("acme", tmp_path)
    assert list(tmp_path.iterdir()) == []
    monkeypatch.delitem(FILES, "tests")
    monkeypatch.setitem(FILES, "${oops}", "gitignore")
    with pytest.raises(KeyError):  # our own mistake keeps its traceback
        create_plugin("acme", tmp_path)
    assert list(tmp_path.iterdir()) == []
