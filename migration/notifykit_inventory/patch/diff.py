"""A unified diff that `patch -p1` and `git apply` take, for files in any encoding."""

from __future__ import annotations

import difflib
import re

_PLAIN = re.compile(r'[^"\\\x00-\x1f\x7f]+')


def as_text(data: bytes) -> str:
    """Return bytes as text of a patch. `as_bytes` gives the very same bytes back."""
    return data.decode("utf-8", "surrogateescape")


def as_bytes(patch: str) -> bytes:
    """Return a patch as the bytes that are to be written to a file."""
    return patch.encode("utf-8", "surrogateescape")


def file_diff(name: str, before: bytes, after: bytes) -> str:
    """Return the diff of one file. `name` is relative to where the patch is applied, in POSIX form."""
    old, new = _lines(before), _lines(after)
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
        for line in difflib.unified_diff(old, new, _header("a", name), _header("b", name))
    )


def _lines(data: bytes) -> list[str]:
    """Split at line feeds only: what else ends a line for Python does not for `patch`."""
    return [as_text(line) for line in re.findall(rb"[^\n]*\n|[^\n]+", data)]


def _header(side: str, name: str) -> str:
    full = f"{side}/{name}"
    if _PLAIN.fullmatch(full):
        return f"{full}\t" if " " in full else full
    escapes = {"\n": "\\n", "\t": "\\t", '"': '\\"', "\\": "\\\\"}
    return '"' + "".join(escapes.get(char, char) for char in full) + '"'
