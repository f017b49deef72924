"""Campaigns over CSV files with a flag column, as contract jobs keep them.

Offers the sources `contract_csv` and `csv`, and the strategies `contract` and `csv_flag`: each pair is one class
under the name of its first use and under a general one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifykit import hookimpl

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from notifykit.hookspecs import Register, RegisterReasons
    from notifykit.start import DataFile
    from notifykit.wording.translation import Catalogue

_SOURCE = "notifykit_contract.source:CsvSource"
OTHERS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".jsonl", ".ndjson")
"""Ends of names of files that are certainly no CSV."""

_STRATEGY = "notifykit_contract.strategy:CsvFlag"


@hookimpl
def register_sources(register: Register) -> None:
    """Offer the CSV source, of one file and of many."""
    register("contract_csv", _SOURCE)
    register("csv", _SOURCE)
    register("directory", "notifykit_contract.directory:CsvDirectory")


@hookimpl
def register_strategies(register: Register) -> None:
    """Offer the flag strategy."""
    register("contract", _STRATEGY)
    register("csv_flag", _STRATEGY)


@hookimpl
def register_reasons(register: RegisterReasons) -> None:
    """Offer why a flag is not written."""
    from notifykit_contract.wording import FLAGS

    for sentence in FLAGS:
        register(sentence)


@hookimpl
def register_legacy(register: Register) -> None:
    """Offer the old state of a contract job."""
    register("contract", "notifykit_contract.legacy_options:ContractState")


@hookimpl
def examine_data(file: Path, encoding: str, most: int) -> DataFile | None:
    """Read the columns of a CSV file. What its name says to be another kind of file is left to other plugins."""
    if file.suffix.casefold() in OTHERS:
        return None
    from notifykit_contract.examining import examine

    return examine(file, encoding, most)


@hookimpl
def register_translations(register: Callable[[Catalogue], None]) -> None:
    """Offer what it says in other languages."""
    from pathlib import Path

    from notifykit.wording.translation import Catalogue

    register(Catalogue("notifykit_contract", Path(__file__).parent / "locale"))
