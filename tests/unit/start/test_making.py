"""The files of a new project: all or none, and nothing that was there is touched."""

from __future__ import annotations

from pathlib import Path

import pytest
from system import needs_refusals

from notifykit.start.making import NotMadeError, make_files


def test_folders_are_made_as_needed(tmp_path: Path) -> None:
    made = make_files({tmp_path / "a" / "b" / "c.yaml": "x\n", tmp_path / "d.yaml": "y\n"})
    assert [path.read_text() for path in made] == ["x\n", "y\n"]


def test_what_is_there_is_named_and_kept_and_nothing_else_is_made(tmp_path: Path) -> None:
    (tmp_path / "two.yaml").write_text("mine")
    (tmp_path / "three.yaml").symlink_to(tmp_path / "nowhere")
    texts = {tmp_path / f"{name}.yaml": "x" for name in ("one", "two", "three")}
    with pytest.raises(NotMadeError, match=r"two\.yaml, .*three\.yaml are there already"):
        make_files(texts)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["three.yaml", "two.yaml"]
    assert (tmp_path / "two.yaml").read_text() == "mine"


@needs_refusals
def test_what_cannot_be_written_whole_is_taken_back(tmp_path: Path) -> None:
    shut = tmp_path / "shut"
    shut.mkdir(mode=0o500)
    with pytest.raises(NotMadeError, match="nothing was left there"):
        make_files({tmp_path / "new" / "one.yaml": "x", shut / "two.yaml": "y"})
    assert [path.name for path in tmp_path.iterdir()] == ["shut"]


def test_a_file_where_a_folder_is_needed_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "campaigns").write_text("a file")
    with pytest.raises(NotMadeError):
        make_files({tmp_path / "one.yaml": "x", tmp_path / "campaigns" / "two.yaml": "y"})
    assert [path.name for path in tmp_path.iterdir()] == ["campaigns"]
