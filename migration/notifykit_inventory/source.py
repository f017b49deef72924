"""Reads one file of Python code: decodes it as Python would, and parses it. Nothing is executed."""

from __future__ import annotations

import ast
import io
import tokenize
import warnings
from dataclasses import dataclass
from pathlib import Path

from notifykit.durable.ordinary import CODE, read_ordinary
from notifykit.wording.translation import gettext
from notifykit_inventory.words import SUSPECT

_BOM = "\ufeff"


class UnreadableError(Exception):
    """The file cannot be read as Python 3 code."""

    def __init__(self, reason: str, *, suspect: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.suspect = suspect


@dataclass(frozen=True, slots=True)
class Code:
    """A file's text with what is needed to write it back byte by byte."""

    text: str
    """Without BOM; line ends as they are."""
    encoding: str
    bom: bool

    @property
    def lines(self) -> int:
        """How many lines it has."""
        return self.text.count("\n") + (not self.text.endswith("\n") and bool(self.text))

    def encode(self, text: str) -> bytes:
        """Return another text as bytes of this file."""
        return ((_BOM if self.bom else "") + text).encode(self.encoding)


def read_code(path: Path) -> Code:
    """Read and decode. Raises UnreadableError."""
    try:
        data = read_ordinary(path, CODE)
    except OSError as error:
        raise UnreadableError(error.strerror or str(error), suspect=True) from error
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        encoding = "utf-8" if encoding == "utf-8-sig" else encoding
        text = data.decode(encoding)
    except (SyntaxError, UnicodeDecodeError, LookupError) as error:
        suspect = bool(SUSPECT.search(data.decode("utf-8", "replace") + data.decode("gb18030", "replace")))
        raise UnreadableError(gettext("cannot be decoded: {error}", error=error), suspect=suspect) from error
    return Code(text.removeprefix(_BOM), encoding, text.startswith(_BOM))


def parse(code: Code) -> ast.Module:
    """Parse. Raises UnreadableError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(code.text)
    except SyntaxError as error:
        reason = gettext("line {line}: {message}", line=error.lineno, message=error.msg)
        if _python_2(error.msg):
            reason = gettext("Python 2? {reason}", reason=reason)
    except (ValueError, RecursionError, MemoryError) as error:
        reason = gettext("cannot be parsed: {error}", error=str(error) or type(error).__name__)
    if (at := code.text.find("\0")) >= 0:  # Python does not say where
        reason = gettext("line {line}: a NUL byte", line=code.text.count("\n", 0, at) + 1)
    raise UnreadableError(reason, suspect=bool(SUSPECT.search(code.text)))


def short(node: ast.expr | ast.pattern, longest: int = 100) -> str:
    """Return code in one line, cut where it is longer."""
    try:
        said = " ".join(ast.unparse(node).split())
    except RecursionError:
        return gettext("an expression that is nested too deeply")
    return said if len(said) <= longest else f"{said[: longest - 3]}..."


def column(line: str, offset: int) -> int:
    """Return how many characters stand before a place that a syntax tree gives in UTF-8 bytes."""
    return offset if line.isascii() else len(line.encode()[:offset].decode("utf-8", "ignore"))


def _python_2(message: str) -> bool:
    signs = ("Missing parentheses in call to", "multiple exception types must be", "leading zeros in decimal", "<>")
    return any(sign in message for sign in signs)
