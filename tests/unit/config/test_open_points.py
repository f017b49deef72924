"""Comments that begin with TODO, of all files of a project."""

from __future__ import annotations

from pathlib import Path

import pytest

from notifykit.config.open_points import open_points

CAMPAIGN = """\
# Drafted. Marked: 2 x `# TODO`.
source: {type: csv, path: x.csv, key: id}  # TODO which file
messages:
  - name: a
    # TODO code.py:7: what it says
    template: |-
      # TODO is a text here
      #TODO as well

    recipient: "x # TODO a text
      # TODO still one"
    sender: todo  # a channel called TODO
  #TODO the end
"""


def test_each_is_told_with_its_place_and_texts_are_none(tmp_path: Path) -> None:
    (tmp_path / "campaigns").mkdir()
    (tmp_path / "campaigns" / "one.yaml").write_text(CAMPAIGN)
    (tmp_path / "campaigns" / "_base.yaml").write_text("# TODO in the base\n")
    (tmp_path / "campaigns" / "broken.yaml").write_text('# TODO unread\na: "x\n')
    file = tmp_path / "notifykit.yaml"
    file.write_text("store: x.db\n# TODO in the project\nnonsense: 1\n")
    found = [(str(point.where).removeprefix(f"{tmp_path}/"), point.what) for point in open_points(file)]
    assert found == [
        ("notifykit.yaml:2", "TODO in the project"),
        ("campaigns/_base.yaml:1", "TODO in the base"),
        ("campaigns/one.yaml:2", "TODO which file"),
        ("campaigns/one.yaml:5", "TODO code.py:7: what it says"),
        ("campaigns/one.yaml:13", "TODO the end"),
    ]


@pytest.mark.parametrize("text", [None, "", "- a list", "{"])
def test_a_project_that_cannot_be_read_has_none(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "notifykit.yaml"
    if text is not None:
        file.write_text(text)
    assert open_points(file) == []
