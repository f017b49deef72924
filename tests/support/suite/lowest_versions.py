"""The lowest versions that pyproject.toml allows, as constraints for pip."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

_REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+)>=([0-9.]+)(?: *;.*)?")


def constraints(requirements: Sequence[str]) -> list[str]:
    """Return `name==version` for each `name>=version`. Raises ValueError for any other form: it has no lowest."""
    found = []
    for requirement in requirements:
        if not (parts := _REQUIREMENT.fullmatch(requirement)):
            raise ValueError(f"{requirement!r}: has no lower bound; write name>=version")
        found.append(f"{parts[1]}=={parts[2]}")
    return found


def of_project(folder: Path) -> list[str]:
    """Read them from a project's pyproject.toml."""
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    return constraints(project["project"]["dependencies"])


if __name__ == "__main__":
    print("\n".join(of_project(Path(sys.argv[1]))))
