"""Reads the program's code, of which nothing is executed."""

from __future__ import annotations

import ast
import warnings
from pathlib import Path

from notifykit.durable.ordinary import CODE, read_ordinary


def parsed(file: Path) -> ast.Module | None:
    """Return the syntax tree of a file; None where it cannot be read as Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(read_ordinary(file, CODE), str(file))
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None
