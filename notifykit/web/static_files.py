"""Files that are the same for everyone. Addresses that name what is in them are asked for once."""

from __future__ import annotations

import hashlib
import os
from functools import cache
from importlib.resources import files
from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

__all__ = ["Static", "static"]

FOLDER = Path(str(files("notifykit.web") / "static"))

FOR_EVER = "public, max-age=31536000, immutable"
"""A year, as RFC 9111 has it; `immutable` of RFC 8246: not asked for again when a page is loaded anew either."""


@cache
def _stamp(name: str) -> str:
    return hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()[:16]


def static(name: str) -> str:
    """Return the address of a file, which is another one as soon as something else is in it. Raises OSError."""
    return f"/static/{name}?{_stamp(name)}"


class Static(StaticFiles):
    """Serves them."""

    def __init__(self) -> None:
        super().__init__(directory=FOLDER)

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """Let browsers keep what was asked for by an address of `static`."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        if scope["query_string"].decode("latin-1") == _stamp(Path(full_path).name):
            response.headers["Cache-Control"] = FOR_EVER
        return response
