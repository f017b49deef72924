"""Campaigns over workbooks: the source `excel`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifykit import hookimpl

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from notifykit.hookspecs import Register
    from notifykit.start import DataFile
    from notifykit.wording.translation import Catalogue


@hookimpl
def register_sources(register: Register) -> None:
    """Offer the rows of a sheet."""
    register("excel", "notifykit_excel.source:ExcelSource")


@hookimpl
def examine_data(file: Path, encoding: str, most: int) -> DataFile | None:  # noqa: ARG001
    """Read the columns of a workbook."""
    if file.suffix.casefold() not in (".xlsx", ".xlsm", ".xls", ".xlsb"):
        return None
    from notifykit_excel.examining import examine

    return examine(file, most)


@hookimpl
def register_translations(register: Callable[[Catalogue], None]) -> None:
    """Offer what it says in other languages."""
    from pathlib import Path

    from notifykit.wording.translation import Catalogue

    register(Catalogue("notifykit_excel", Path(__file__).parent / "locale"))
