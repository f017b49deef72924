"""Which encoding a CSV file has: proven, or said by the campaign, and never guessed.

Files are cut up and patched as bytes. So an encoding must leave ASCII as it is, and no character of it may contain the
byte of a comma, a quote, CR or LF.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from io import BytesIO

from notifykit.errors import CampaignError
from notifykit.wording.nearest import hint
from notifykit.wording.translation import gettext
from notifykit_contract.rows import cell_bytes, row_at

AUTO = "auto"
"""What a campaign says, or leaves unsaid, where the file is to prove its encoding."""

UTF_8, GB18030 = "utf-8", "gb18030"

OPAQUE = "latin-1"
"""Reads any bytes, and gives them back: for a file of which only what is ASCII is needed."""

LIKELY = ("cp1252", GB18030, "big5", "cp932", "cp949", "cp1250", "cp1251")
"""Under which a cell is shown to a person who has to say what it is. Nothing is ever read by these alone."""

CERTAIN, CERTAIN_OF_ONE_BYTE = 4, 2
"""Characters beyond ASCII that are no accident: of two bytes of GB18030 one pair in seven is UTF-8, of cp1252 hardly
any."""

_ALONE = re.compile(rb'(?:^|[,"\r\n])(?:[\xc2-\xdf][\x80-\xbf])+(?:[,"\r\n]|\Z)')
"""A cell with characters of two bytes and nothing else."""

_SPECIAL = b',"\r\n'
_PROBE = b"+AEE- ~{,~}\x1b$B$,\x1b(B\x1b$)C\x0e!,\x0f" + bytes(range(128))
"""ASCII in which other codecs than those of ASCII see escapes."""

_CHUNK = 1 << 20


def codec_named(name: str) -> str:
    """Return the codec that a campaign names; AUTO as it is. Raises ValueError where a file cannot be read by it."""
    if name == AUTO:
        return AUTO
    try:
        codec = codecs.lookup(name).name
    except (LookupError, ValueError):
        near = hint(name, (AUTO, UTF_8, *LIKELY))
        raise ValueError(
            gettext('there is no encoding "{name}"{hint}', name=name, hint=near or gettext("; name one such as cp1252"))
        ) from None
    if codec == "utf-8-sig":
        return UTF_8
    if codec not in (UTF_8, GB18030) and not _keeps_ascii(codec):
        raise ValueError(
            gettext(
                "a file in {name} cannot be read byte by byte; save it as UTF-8 (in a spreadsheet: CSV UTF-8)",
                name=name,
            )
        )
    return codec


def codec_kept(name: object) -> str:
    """Return the codec that a task or flag words keep, AUTO for what is none."""
    if isinstance(name, str):
        with suppress(ValueError):
            return codec_named(name)
    return AUTO


def _keeps_ascii(codec: str) -> bool:
    try:
        if rb"\u0041".decode(codec) != r"\u0041":
            return False
        text = _PROBE.decode(codec)
        return (text.encode(codec), text) == (_PROBE, _PROBE.decode("ascii")) and all(
            bytes((lead, sign)).decode(codec, "replace").endswith(chr(sign))
            for lead in range(0x80, 0x100)
            for sign in _SPECIAL
        )
    except (LookupError, ValueError):  # a codec of bytes, or one that takes no such bytes
        return False


def proven(data: bytes, header: Sequence[bytes], words: Collection[str]) -> str | None:
    """Return the codec of a file without a byte order mark; None where nothing proves one.

    `words` are names that the campaign expects in the header. One that is not ASCII and is found there under one codec
    is no accident. Otherwise it is UTF-8 where most lines beyond ASCII are: text of another encoding hardly ever is,
    but for single names. A last line without its end may be cut inside a character, and tells nothing.
    """
    if data.isascii():
        return UTF_8
    telling = {word for word in words if not word.isascii()}
    for codec in (UTF_8, GB18030) if telling else ():
        if telling.intersection(decoded(header, codec) or ()):
            return codec
    if is_text(data, UTF_8):
        return None if _may_be_gb18030(data) else UTF_8
    good = bad = 0
    for _, line in _lines(data[: max(data.rfind(b"\n"), data.rfind(b"\r")) + 1]):
        if is_text(line, UTF_8):
            good += 1
        else:
            bad += 1
    return UTF_8 if good > bad else None


def _may_be_gb18030(data: bytes) -> bool:
    """Whether UTF-8 may be an accident: a name in two bytes stands alone, and there is little else."""
    return _characters(data) < CERTAIN and _ALONE.search(data) is not None and is_text(data, GB18030)


def is_certainly_utf8(data: bytes, codec: str) -> bool:
    """Whether all of it is UTF-8, with so much beyond ASCII that no text of the codec is."""
    if data.isascii() or not is_text(data, UTF_8):
        return False
    one_byte = len(bytes(range(0x80, 0x100)).decode(codec, "replace")) == 0x80
    return _characters(data) >= (CERTAIN_OF_ONE_BYTE if one_byte else CERTAIN)


def _characters(data: bytes) -> int:
    """Count the characters beyond ASCII of UTF-8 text."""
    return len(data.translate(None, bytes(range(0xC0))))  # the first byte of each


def unproven(data: bytes, header: Sequence[bytes], origin: str) -> CampaignError:
    """Return the error for a file of which nothing proves the encoding: it shows a cell as each likely one reads it."""
    lines = list(_lines(data))
    start, line = next((item for item in lines if not is_text(item[1], UTF_8)), lines[0])
    cells = [*enumerate(cell_bytes(line, span) for span in row_at(line, 0).cells), (0, line.rstrip())]
    beyond = [item for item in cells if not item[1].isascii()]
    at, cell = next((item for item in beyond if not is_text(item[1], UTF_8)), beyond[0])
    read: dict[str, str] = {}
    for codec in (UTF_8, *LIKELY):
        if is_text(data, codec) and (text := _readable(cell, codec)) is not None:
            read.setdefault(text, codec)
    several = gettext(" or ").join(f'"{text}" ({codec})' for text, codec in read.items())
    if not read:
        what = gettext("nothing proves which encoding it has")
    elif at < len(header) and header[at].isascii():
        what = gettext(
            'nothing proves which encoding it has; a cell in the column "{column}" may be {several}',
            column=header[at].decode(),
            several=several,
        )
    else:
        what = gettext("nothing proves which encoding it has; a cell may be {several}", several=several)
    return CampaignError(
        what,
        mend=gettext(
            "name the right one with `encoding:` in the source of the campaign, or save the file as UTF-8 with a byte "
            "order mark (in a spreadsheet: CSV UTF-8)"
        ),
        where=f"{origin}:{data.count(bytes((10,)), 0, start) + 1}",
    )


def _readable(cell: bytes, codec: str) -> str | None:
    """Return the beginning of a cell as a codec reads it; None where a person would see that it is wrong."""
    text = cell.decode(codec, "replace")
    beyond = [letter for letter in text if not letter.isascii()]
    return text[:40] if text.isprintable() and any(map(str.isalpha, beyond)) and "\ufffd" not in text else None


def utf8_lines(data: bytes, start: int = 0) -> list[int]:
    """Return the offsets of the lines that are not ASCII and are valid UTF-8."""
    return [at for at, line in _lines(data, start) if is_text(line, UTF_8)]


def _lines(data: bytes, start: int = 0) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that are not ASCII, each with its offset."""
    lines = BytesIO(data)
    lines.seek(start)
    for line in lines:
        if not line.isascii():
            yield start, line
        start += len(line)


def decoded(cells: Sequence[bytes], codec: str) -> tuple[str, ...] | None:
    """Return the texts of cells; None where one of them is none."""
    try:
        return tuple(cell.decode(codec) for cell in cells)
    except UnicodeDecodeError:
        return None


def is_text(data: bytes, codec: str) -> bool:
    """Whether it can be decoded; the last character may be cut short."""
    decoder = codecs.getincrementaldecoder(codec)()
    try:
        for start in range(0, len(data), _CHUNK):
            decoder.decode(data[start : start + _CHUNK])
    except UnicodeDecodeError:
        return False
    return True
