"""The type of options and arguments of commands that name a file or a folder."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path
from typing import Any

import click

from notifykit.config.paths import unnameable
from notifykit.wording.translation import gettext

__all__ = ["OutputType", "PathType"]

BEGINNING = 1_024
"""Bytes of a file that tell what it is."""


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
        if not os.fspath(value):
            self.fail(gettext("it is empty; name a file or a folder"), param, ctx)
        if (wrong := unnameable(value)) is not None:
            self.fail(gettext("it {wrong}", wrong=wrong), param, ctx)
        return super().convert(value, param, ctx)


class OutputType(PathType):
    """A file that a command writes: a new one, or in place of an earlier one of its sort. Any other is wrong usage.

    So it is known before anything is done.
    """

    def __init__(self, *marks: tuple[str, str], kept: Collection[str] = ()) -> None:
        """`marks`: what such a file begins with, and what its first kilobyte holds besides; of each sort.

        `kept`: names of folders that take none.
        """
        super().__init__()
        self._marks = [(beginning.encode(), inside.encode()) for beginning, inside in marks]
        self._kept = frozenset(kept)

    def convert(
        self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: click.Context | None
    ) -> str | bytes | os.PathLike[str]:
        """Return the path. Raises BadParameter."""
        found = super().convert(value, param, ctx)
        path = Path(os.fsdecode(found))
        if path.name == "-":
            self.fail(gettext("it is no name of a file; leave the option out to see it printed"), param, ctx)
        if self._kept.intersection(path.resolve().parts):
            self.fail(
                gettext("{path} lies where nothing but notifykit itself writes; name a file elsewhere", path=path),
                param,
                ctx,
            )
        if path.is_dir():
            self.fail(gettext("{path} is a folder; name a file", path=path), param, ctx)
        if path.is_file() and not self._is_earlier(path):
            self.fail(
                gettext(
                    "{path} is there already, and is none that this option writes; name another file, or "
                    "delete that one",
                    path=path,
                ),
                param,
                ctx,
            )
        return found

    def _is_earlier(self, path: Path) -> bool:
        try:
            with path.open("rb") as file:
                beginning = file.read(BEGINNING)
        except OSError:
            return False
        if not beginning:
            return True
        text = beginning.removeprefix(b"\xef\xbb\xbf")
        return any(text.startswith(start) and inside in text for start, inside in self._marks)
