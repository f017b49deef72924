"""The lowest versions that pyproject.toml allows, as constraints for pip."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any

_REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+)(?:\[[a-z,]+\])?>=([0-9.]+)(?: *;.*)?")


def constraints(requirements: Sequence[str]) -> list[str]:
    """Return `name==version` for each `name>=version`. Raises ValueError for any other form: it has no lowest."""
    found = []
    for requirement in requirements:
        if not (parts := _REQUIREMENT.fullmatch(requirement)):
            raise ValueError(f"{requirement!r}: has no lower bound; write name>=version")
        found.append(f"{parts[1]}=={parts[2]}")
    return found


def of_project(folder: Path) -> list[str]:
    """Read them from a project's pyproject.toml, those of its extras too."""
    project = _project(folder)
    return constraints([*project["dependencies"], *chain(*project["optional-dependencies"].values())])


def extras(folder: Path) -> list[str]:
    """Return the names of a project's extras."""
    return list(_project(folder)["optional-dependencies"])


def _project(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return found


if __name__ == "__main__":
    print("\n".join(of_project(Path(sys.argv[1]))))
