"""What is read of a project before its plugins are loaded, with and without the models that explain defects."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifykit.config import project
from notifykit.config.defects import Defects, InvalidConfigurationError
from notifykit.config.parse import Files
from notifykit.config.project import WantedPlugins, read_project
from notifykit.config.tree import Branch
from notifykit.outbox.sqlite.store import SqliteAddress
from notifykit.plugins.registry import Registry

VALUES = (
    "",
    "true",
    "yes",
    "no",
    "'true'",
    "7",
    "x",
    "[]",
    "[a, 7, no]",
    "[a, {b: c}]",
    "[a, ]",
    "[~]",
    "{a: b}",
    "'x y'",
)
KEYS = ("block", "strict", "requires", "blokc")


@given(st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES), max_size=3))
def test_a_section_that_is_read_without_its_model_says_what_the_model_says(
    tmp_path_factory: pytest.TempPathFactory, said: dict[str, str]
) -> None:
    file = tmp_path_factory.mktemp("project") / "notifykit.yaml"
    file.write_text("".join(f"{key}: {value}\n" for key, value in said.items()) or "{}", encoding="utf-8")
    section = Files(Defects()).load(file)
    assert isinstance(section, Branch)
    if (plain := project._plain(section)) is not None:
        defects = Defects()
        assert plain == project._validated(section, file, defects)
        defects.raise_if_any()


def test_what_the_manual_shows_needs_no_model() -> None:
    file = Path(__file__).parents[3] / "config" / "notifykit.yaml"
    assert read_project(file).plugins == WantedPlugins()


@pytest.mark.parametrize(
    ("line", "store"),
    [
        ("", "state/notifykit.db"),
        ("store:", "state/notifykit.db"),
        ("store: here/./x.db", "here/x.db"),
        ("store: ../up.db", "../up.db"),
        ("store: 7", "7"),
    ],
)
def test_the_store_is_known_whatever_else_is_wrong(tmp_path: Path, line: str, store: str) -> None:
    file = tmp_path / "project" / "notifykit.yaml"
    file.parent.mkdir()
    file.write_text(f"run: nonsense\n{line}\n", encoding="utf-8")
    assert read_project(file).store(Registry()) == SqliteAddress((file.parent / store).resolve())


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("store: [a]", "must be text, not a list"),
        ("store: {a: b}", "must be text, {env: NAME} or {file: path}"),
        ('store: ""', "must be a path"),
        ("store: mango://box", 'no plugin offers stores of the scheme "mango"; correct `store:`'),
        ("store: $HOME/x.db", '"$HOME" is not expanded'),
    ],
)
def test_a_store_that_is_none_is_explained(tmp_path: Path, line: str, wrong: str) -> None:
    file = tmp_path / "notifykit.yaml"
    file.write_text(f"campaigns: x\n{line}\n", encoding="utf-8")
    with pytest.raises(InvalidConfigurationError, match=r"notifykit\.yaml:2: store: " + re.escape(wrong)):
        read_project(file).store(Registry())


def test_a_project_file_that_is_not_there_is_told_with_the_way_to_name_it(tmp_path: Path) -> None:
    with pytest.raises(
        InvalidConfigurationError, match=r"none\.yaml: there is no such file; .*notifykit --project FILE"
    ):
        read_project(tmp_path / "none.yaml")
    with pytest.raises(InvalidConfigurationError, match=r": is a folder; name the project's file in it"):
        read_project(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(InvalidConfigurationError, match=r"notifykit\.yaml: (cannot be read|there is no such file)"):
        read_project(tmp_path / "file" / "notifykit.yaml")
