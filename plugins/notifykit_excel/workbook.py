"""A workbook's sheet as rows of texts, as a CSV file of it would have them. openpyxl is loaded by whoever reads."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import date, datetime, time, timedelta
from itertools import zip_longest
from pathlib import Path
from types import ModuleType
from typing import Any

from notifykit.durable.ordinary import read_ordinary
from notifykit.errors import CampaignError
from notifykit.wording.nearest import hint
from notifykit.wording.translation import gettext

MOST = 256 * 2**20
"""Bytes of a workbook."""

MOST_UNPACKED = 4 * 2**30
"""Bytes of what is packed in one: more is no sheet that a person made."""

DIGITS = 15
"""Digits of a number that a spreadsheet keeps; of one that is longer, the last are lost."""

_OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""How files of Excel 97 to 2003 begin, and encrypted workbooks."""

_FORMULA = re.compile(rb"<(?:\w+:)?f[ />]")

_PIECE = 2**20
"""Bytes that are looked through at once."""


class Uncomputed:
    """Stands for a formula that no program has worked out: what its cell shows is not in the file."""


UNCOMPUTED = Uncomputed()


@contextmanager
def opened(file: Path, sheet: str) -> Iterator[Iterable[Sequence[Any]]]:
    """Give the rows of a sheet, each with its values; an empty name is the first sheet's. Raises CampaignError."""
    openpyxl = _openpyxl()
    data = _data(file)
    try:
        with warnings.catch_warnings(), _book(openpyxl, data, data_only=True) as book:
            warnings.simplefilter("ignore")  # of what openpyxl leaves out: pictures, rules for input
            if not _has_formulas(data):
                yield _sheet(book, sheet, file).iter_rows(values_only=True)
                return
            with _book(openpyxl, data, data_only=False) as formulas:
                told = _sheet(formulas, sheet, file).iter_rows(values_only=True)
                yield map(_values, _sheet(book, sheet, file).iter_rows(), told)
    except (CampaignError, OSError):
        raise
    except Exception as error:  # of a damaged file openpyxl raises whatever it meets
        raise CampaignError(
            gettext("is no workbook that can be read ({kind})", kind=type(error).__name__),
            mend=gettext("open it in a spreadsheet program and save it as .xlsx"),
            where=file,
        ) from error


def text(value: Any) -> str:
    """Return what a CSV file has of a cell. A number beyond the digits that a spreadsheet keeps has an exponent."""
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "TRUE" if value else "FALSE"
        case int() if abs(value) < 10**DIGITS:
            return str(value)
        case int() | float():
            return f"{value:.{DIGITS}g}".upper()
        case datetime():
            when = value + timedelta(milliseconds=500)  # a time of day is a fraction, which is rounded
            return when.date().isoformat() if when.time() < time(0, 0, 1) else when.isoformat(" ", "seconds")
        case date():
            return value.isoformat()
        case time():
            return value.isoformat("seconds")
        case timedelta():
            minutes, seconds = divmod(round(value.total_seconds()), 60)
            return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    return str(value)


def _values(cells: Sequence[Any], formulas: Sequence[Any]) -> list[Any]:
    """Return the values of a row; a formula without one is UNCOMPUTED, unless its type says that it gives a text."""
    return [
        UNCOMPUTED if cell.value is None and formula is not None and cell.data_type != "str" else cell.value
        for cell, formula in zip_longest(cells, formulas)
        if cell is not None
    ]


def _data(file: Path) -> bytes:
    """Return the file's bytes. Raises CampaignError where they are no workbook."""
    try:
        data = read_ordinary(file, MOST)
    except OSError as error:
        raise CampaignError(
            f"{error.strerror}", mend=gettext("correct `path`, or its permissions"), where=file
        ) from error
    if data.startswith(_OLD):
        raise CampaignError(
            gettext("is a workbook of the old kind (.xls), or has a password"),
            mend=gettext("save it as .xlsx, without a password"),
            where=file,
        )
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            names = parts.namelist()
            size = sum(part.file_size for part in parts.infolist())
    except (zipfile.BadZipFile, ValueError):
        mend = gettext("save it as .xlsx; of a CSV file, use a source of type `csv`")
        raise CampaignError(gettext("is no workbook (.xlsx)"), mend=mend, where=file) from None
    if "xl/workbook.bin" in names:
        raise CampaignError(gettext("is a binary workbook (.xlsb)"), mend=gettext("save it as .xlsx"), where=file)
    if size > MOST_UNPACKED:
        raise CampaignError(
            gettext("has {size:,} bytes when it is unpacked, of at most {most:,}", size=size, most=MOST_UNPACKED),
            mend=gettext("save its rows as CSV, and use a source of type `csv`"),
            where=file,
        )
    return data


def _has_formulas(data: bytes) -> bool:
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        for name in parts.namelist():
            if name.startswith("xl/worksheets/") and name.endswith(".xml"):
                with parts.open(name) as part:
                    end = b""
                    while piece := part.read(_PIECE):
                        if _FORMULA.search(end + piece):
                            return True
                        end = piece[-16:]
    return False


@contextmanager
def _book(openpyxl: ModuleType, data: bytes, *, data_only: bool) -> Iterator[Any]:
    with closing(openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=data_only)) as book:
        yield book


def _sheet(book: Any, name: str, file: Path) -> Any:
    sheets = {sheet.title: sheet for sheet in book.worksheets}
    if name and name not in sheets:
        raise CampaignError(
            gettext("there is no sheet {name!r}{near}", name=name, near=hint(name, sheets)),
            mend=gettext("correct `sheet`"),
            where=file,
        )
    if not sheets:
        raise CampaignError(gettext("it has no sheet of cells"), mend=gettext("correct `path`"), where=file)
    sheet = sheets[name] if name else next(iter(sheets.values()))
    sheet.reset_dimensions()  # programs write wrong ones, by which rows and columns would be cut off
    return sheet


def _openpyxl() -> ModuleType:
    try:
        import openpyxl as found
    except ImportError:
        raise CampaignError(
            gettext("the module openpyxl is not installed"),
            mend=gettext('run `pip install "notifykit-outbox[excel]"`'),
        ) from None
    module: ModuleType = found
    return module
