"""What can be wrong with one row, in words: each holds back that row and nothing else."""

from __future__ import annotations

from notifykit.model import Problem
from notifykit.wording.translation import gettext
from notifykit_contract.rows import Fault, Row


def no_key(place: str) -> Problem:
    """Describe a row without a key."""
    return Problem(place=place, what=gettext("the key is empty"), mend=gettext("fill it in, or delete the row"))


def shape_problem(place: str, row: Row, width: int, key: str | None) -> Problem:
    """Describe a row that breaks the grammar or has the wrong number of cells."""
    if row.fault is Fault.CELLS:
        count = len(row.cells)
        what = gettext("{count} cells where the header has {width}", count=count, width=width)
        mend = (
            gettext("complete the row")
            if count < width
            else gettext("quote the cell that contains a comma, or part two rows run together")
        )
        return Problem(place=place, what=what, mend=mend, key=key)
    assert row.fault is not None  # noqa: S101 - asked for only where there is one
    return Problem(
        place=place,
        what=gettext(row.fault.value),
        mend=gettext("quote the cell rightly, or part the row from what was written after it when it broke off"),
        key=key,
    )


def torn(place: str, row: Row, width: int, key: str | None) -> Problem:
    """Describe a last line that breaks off."""
    count = len(row.cells)
    what = gettext("the last line has no line end, and its last cell may be cut short")
    if count < width:
        what = gettext(
            "the last line breaks off after {count} of {width} cells and has no line end", count=count, width=width
        )
    return Problem(
        place=place,
        what=what,
        mend=gettext(
            "it is probably being written and the next pass sees it whole; if not, complete it and end the line"
        ),
        key=key,
    )


def undecodable(place: str, codec: str, byte: int, offset: int, key: str | None) -> Problem:
    """Describe a row that is not text in the file's encoding."""
    return Problem(
        place=place,
        what=gettext("byte 0x{byte:02X} at offset {offset} is not {codec}", byte=byte, offset=offset, codec=codec),
        mend=gettext("type the cell again and save the file as {codec}", codec=codec),
        key=key,
    )


def foreign(place: str, key: str | None) -> Problem:
    """Describe a UTF-8 row in a GB18030 file."""
    return Problem(
        place=place,
        what=gettext("the row is UTF-8 in a file that is otherwise GB18030"),
        mend=gettext(
            "save the whole file as UTF-8, or say `encoding: gb18030` in the campaign if the row reads well so"
        ),
        key=key,
    )


def zero_bytes(place: str, offset: int, key: str | None) -> Problem:
    """Describe a row with NUL bytes, as a machine that lost its power leaves them."""
    return Problem(
        place=place,
        what=gettext("there is a zero byte at offset {offset}", offset=offset),
        mend=gettext("restore the row from where it came; a crash of the machine probably lost it"),
        key=key,
    )
