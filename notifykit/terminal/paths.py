"""The type of options and arguments of commands that name a file or a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from notifykit.config.paths import unnameable

if TYPE_CHECKING:
    import os

__all__ = ["PathType"]


class PathType(click.Path):
    """A path that the system can have a file under: any other is wrong usage. Arrives as a `Path`.

    The keywords are those of `click.Path`.
    """

    def __init__(self, **wanted: Any) -> None:
        super().__init__(path_type=Path, **wanted)

    def convert(
        self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: click.Context | None
    ) -> str | bytes | os.PathLike[str]:
        """Return the path. Raises BadParameter."""
        if (wrong := unnameable(value)) is not None:
            self.fail(f"it {wrong}", param, ctx)
        return super().convert(value, param, ctx)
