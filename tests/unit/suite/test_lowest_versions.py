from __future__ import annotations

from pathlib import Path

import lowest_versions
import pytest

ROOT = Path(__file__).parents[3]


def test_each_bound_becomes_a_constraint() -> None:
    asked = ["click>=8.4", "sqlite-utils>=4.1", "tzdata>=2025.1; sys_platform == 'win32'"]
    assert lowest_versions.constraints(asked) == ["click==8.4", "sqlite-utils==4.1", "tzdata==2025.1"]


@pytest.mark.parametrize("requirement", ["click", "click==8.4", "click>=8.4,<9"])
def test_what_has_no_lowest_version_is_refused(requirement: str) -> None:
    with pytest.raises(ValueError, match="write name>=version"):
        lowest_versions.constraints([requirement])


def test_every_dependency_of_this_project_has_one() -> None:
    assert {"click==8.4.1", "huey==3"} <= set(lowest_versions.of_project(ROOT))
    assert "bench" in lowest_versions.extras(ROOT)
