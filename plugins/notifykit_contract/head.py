"""The head of a CSV file: its encoding, and what its columns are called."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from typing import Literal, get_args

from notifykit.errors import CampaignError
from notifykit.nearest import hint
from notifykit_contract.rows import cell_bytes, row_at

Encoding = Literal["auto", "utf-8", "gb18030"]
Codec = Literal["utf-8", "gb18030"]

_CODECS: tuple[Codec, ...] = ("utf-8", "gb18030")
_BOM = "\ufeff"
_WIDE_BOMS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CHUNK = 1 << 20


def encoding_named(name: object) -> Encoding:
    """Return the encoding of this name, as tasks and flag words keep it; `auto` for what is none."""
    return next((encoding for encoding in get_args(Encoding) if encoding == name), "auto")


@dataclass(frozen=True, slots=True)
class Head:
    """What the first row of a CSV file says."""

    codec: Codec
    guessed: bool
    """Nothing but the bytes told which codec it is: neither the campaign nor a byte order mark."""
    names: tuple[str, ...]
    columns: dict[str, int]
    """Position of each column; names that are there twice are left out."""
    key_at: int
    body: int
    """Offset of the first byte after the header."""
    line: int
    """Number of the line that starts there."""
    header_line: int

    def column(self, name: str, origin: str, option: str) -> int:
        """Return the position of a column that an option names. Raises CampaignError."""
        at = self.columns.get(name)
        if at is None:
            raise CampaignError(f"{origin}:{self.header_line}: {no_column(name, self.names, option)}")
        return at


def read_head(data: bytes, origin: str, key: str, encoding: Encoding = "auto") -> Head | None:
    """Find out encoding and columns; None for a file without any row.

    Raises CampaignError where nothing in the file could be trusted: an encoding that is not ours, a header that
    is broken, or a key column that is missing or there twice.
    """
    if data.startswith(_WIDE_BOMS):
        raise CampaignError(
            "it is UTF-16 or UTF-32 text", mend="save it as UTF-8 (in a spreadsheet: CSV UTF-8)", where=origin
        )
    marked = data.startswith(codecs.BOM_UTF8)
    if marked and encoding == "gb18030":
        raise CampaignError(
            "it starts with the mark of UTF-8, but the campaign says `encoding: gb18030`",
            mend="remove that line",
            where=origin,
        )
    start, line = (len(codecs.BOM_UTF8) if marked else 0), 1
    row = row_at(data, start)
    while not row.cells and row.next < len(data):
        line += 1
        row = row_at(data, row.next)
    if not row.cells:
        return None
    place = f"{origin}:{line}"
    if row.fault:
        raise CampaignError(f"the header is broken: {row.fault.value}", mend="correct the first line", where=place)
    if b"\0" in data[row.start : row.end]:
        raise CampaignError(
            "the header holds zero bytes, so this is not UTF-8 text", mend="save the file as UTF-8", where=place
        )
    cells = [cell_bytes(data, span) for span in row.cells]
    guessed = not marked and encoding == "auto"
    codec: Codec = _guess(data, cells, key) if guessed else "gb18030" if encoding == "gb18030" else "utf-8"
    names = _decode(cells, codec)
    if names is None:
        raise CampaignError(
            f"the header is not {codec} text", mend="save the file as UTF-8, or name its `encoding`", where=place
        )
    columns = {name: at for at, name in enumerate(names) if name and names.count(name) == 1}
    if key not in columns:
        raise CampaignError(f"{no_column(key, names, 'source.key')}", where=place)
    return Head(
        codec=codec,
        guessed=guessed,
        names=names,
        columns=columns,
        key_at=columns[key],
        body=row.next,
        line=line + (data.count(b"\n", row.start, row.next) or 1),
        header_line=line,
    )


def no_column(name: str, names: Sequence[str], option: str) -> str:
    """Say that a column is not there, or more than once, and how to mend that."""
    if name in names:
        return f'the column "{name}" is there {names.count(name)} times; rename all but one'
    return f'there is no column "{name}"{hint(name, names)}; correct the header, or `{option}` of the campaign'


def _guess(data: bytes, header: Sequence[bytes], key: str) -> Codec:
    """Let the header decide where it can; else the rows.

    Some GB18030 text is valid UTF-8 by accident, and much UTF-8 text is valid GB18030. A header that contains
    the key column under one codec is no accident. With a header in ASCII the file is GB18030 only if no line
    of it that is not ASCII is UTF-8: a wrong guess garbles messages, where a row held back only waits. A last
    line without its end may be cut inside a character, and tells nothing.
    """
    if not all(map(bytes.isascii, header)):
        readable = [codec for codec in _CODECS if _decode(header, codec) is not None]
        return next((codec for codec in readable if key in (_decode(header, codec) or ())), (*readable, "utf-8")[0])
    if data.isascii() or _is_text(data, "utf-8"):
        return "utf-8"
    lines = data[: max(data.rfind(b"\n"), data.rfind(b"\r")) + 1]
    return "gb18030" if not lines.isascii() and _is_text(lines, "gb18030") and not utf8_lines(lines) else "utf-8"


def utf8_lines(data: bytes, start: int = 0) -> list[int]:
    """Return the offsets of the lines that are not ASCII and are valid UTF-8."""
    found = []
    lines = BytesIO(data)
    lines.seek(start)
    for line in lines:
        if not line.isascii():
            with suppress(UnicodeDecodeError):
                line.decode()
                found.append(start)
        start += len(line)
    return found


def _decode(cells: Sequence[bytes], codec: Codec) -> tuple[str, ...] | None:
    try:
        names = [cell.decode(codec) for cell in cells]
    except UnicodeDecodeError:
        return None
    names[0] = names[0].lstrip(_BOM)
    return tuple(names)


def _is_text(data: bytes, codec: Codec) -> bool:
    """Whether it can be decoded; the last character may be cut short."""
    decoder = codecs.getincrementaldecoder(codec)()
    try:
        for start in range(0, len(data), _CHUNK):
            decoder.decode(data[start : start + _CHUNK])
    except UnicodeDecodeError:
        return False
    return True
