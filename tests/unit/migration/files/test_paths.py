"""Names of files lead back to the files."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from notifykit_migration.files.paths import resolved, shown


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("state/a.json", "state/a.json"),
        ("/srv/notices/state/a.json", "state/a.json"),
        ("/srv/notices/old/../a.json", "a.json"),
        ("/srv/other/a.json", "/srv/other/a.json"),
        ("/srv/notices-2/a.json", "/srv/notices-2/a.json"),
        ("../a.json", "/srv/a.json"),
    ],
)
def test_a_name_is_relative_inside_the_project(path: str, name: str) -> None:
    assert shown(Path("/srv/notices"), Path(path)) == name


def test_a_link_keeps_its_own_name(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    project = tmp_path / "project"
    project.mkdir()
    (project / "state").symlink_to(tmp_path / "elsewhere")
    assert shown(project, project / "state" / "a.json") == "state/a.json"


part = st.text(alphabet="ab.合 ", min_size=1, max_size=4).filter(lambda text: text.strip(".") != "")


@given(st.lists(part, min_size=1, max_size=4))
def test_a_name_leads_back_to_the_file(parts: list[str]) -> None:
    folder = Path("/srv/notices")
    for path in (folder.joinpath(*parts), Path("/srv/other").joinpath(*parts)):
        assert resolved(folder, shown(folder, path)) == path
