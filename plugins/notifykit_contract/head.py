"""The head of a CSV file: its encoding, and what its columns are called."""

from __future__ import annotations

import codecs
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from notifykit.errors import CampaignError
from notifykit.wording.nearest import hint
from notifykit.wording.translation import gettext
from notifykit_contract.encoding import AUTO, OPAQUE, UTF_8, decoded, is_certainly_utf8, proven, unproven
from notifykit_contract.rows import cell_bytes, row_at

_BOM = "\ufeff"
_WIDE_BOMS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True, slots=True)
class Head:
    """What the first row of a CSV file says."""

    codec: str
    found: bool
    """The file proved which codec it is, without a byte order mark: the campaign did not say."""
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


def read_head(
    data: bytes,
    origin: str,
    key: str | None,
    encoding: str = AUTO,
    *,
    words: Collection[str] = (),
    opaque: bool = False,
) -> Head | None:
    """Find out encoding and columns; None for a file without any row.

    `key`: None where nobody knows it yet; then `key_at` is -1. `words`: further names that the header should have,
    which may prove its encoding. `opaque`: nothing but ASCII is looked for, so it need not be proven.

    Raises CampaignError where nothing in the file could be trusted: an encoding that nothing proves, a header that
    is broken, or a key column that is missing or there twice.
    """
    if data.startswith(_WIDE_BOMS):
        raise CampaignError(
            gettext("it is UTF-16 or UTF-32 text"),
            mend=gettext("save it as UTF-8 (in a spreadsheet: CSV UTF-8)"),
            where=origin,
        )
    marked = data.startswith(codecs.BOM_UTF8)
    if marked and encoding not in (AUTO, UTF_8):
        raise CampaignError(
            gettext(
                "it starts with the mark of UTF-8, but the campaign says `encoding: {encoding}`", encoding=encoding
            ),
            mend=gettext("remove that line"),
            where=origin,
        )
    if not marked and encoding not in (AUTO, UTF_8) and is_certainly_utf8(data, encoding):
        raise CampaignError(
            gettext("it is UTF-8 text, but the campaign says `encoding: {encoding}`", encoding=encoding),
            mend=gettext("remove that line"),
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
        raise CampaignError(
            gettext("the header is broken: {fault}", fault=gettext(row.fault.value)),
            mend=gettext("correct the first line"),
            where=place,
        )
    if b"\0" in data[row.start : row.end]:
        raise CampaignError(
            gettext("the header holds zero bytes, so this is not UTF-8 text"),
            mend=gettext("save the file as UTF-8"),
            where=place,
        )
    cells = [cell_bytes(data, span) for span in row.cells]
    found = not marked and encoding == AUTO
    codec = UTF_8 if marked else encoding
    if found:
        codec = proven(data, cells, {*words, *filter(None, [key])}) or (OPAQUE if opaque else "")
        if not codec:
            raise unproven(data, cells, origin)
    names = decoded(cells, codec)
    if names is None:
        raise CampaignError(
            gettext("the header is not {codec} text", codec=codec),
            mend=gettext("save the file as UTF-8, or name its `encoding`"),
            where=place,
        )
    names = (names[0].lstrip(_BOM), *names[1:])
    columns = {name: at for at, name in enumerate(names) if name and names.count(name) == 1}
    if key is not None and key not in columns:
        raise CampaignError(f"{no_column(key, names, 'source.key')}", where=place)
    return Head(
        codec=codec,
        found=found,
        names=names,
        columns=columns,
        key_at=-1 if key is None else columns[key],
        body=row.next,
        line=line + (data.count(b"\n", row.start, row.next) or 1),
        header_line=line,
    )


def no_column(name: str, names: Sequence[str], option: str) -> str:
    """Say that a column is not there, or more than once, and how to mend that."""
    if name in names:
        return gettext(
            'the column "{name}" is there {count} times; rename all but one', name=name, count=names.count(name)
        )
    return gettext(
        'there is no column "{name}"{hint}; correct the header, or `{option}` of the campaign',
        name=name,
        hint=hint(name, names),
        option=option,
    )
