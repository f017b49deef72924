"""Campaigns over CSV files with a flag column, as contract jobs keep them.

Offers the sources `contract_csv` and `csv`, and the strategies `contract` and `csv_flag`: each pair is one class
under the name of its first use and under a general one.
"""

from __future__ import annotations

from typing import Any

from notifykit import hookimpl
from notifykit.hookspecs import Register
from notifykit.legacy import LegacyState
from notifykit_contract.legacy_options import state_of
from notifykit_contract.source import CsvSource
from notifykit_contract.strategy import CsvFlag

__all__ = ["CsvFlag", "CsvSource"]


@hookimpl
def register_sources(register: Register) -> None:
    """Offer the CSV source."""
    register("contract_csv", CsvSource)
    register("csv", CsvSource)


@hookimpl
def register_strategies(register: Register) -> None:
    """Offer the flag strategy."""
    register("contract", CsvFlag)
    register("csv_flag", CsvFlag)


@hookimpl
def legacy_state(campaign: str, options: dict[str, Any]) -> LegacyState | None:
    """Name the send-status JSON file, which a migration retires: the outbox takes its place."""
    return state_of(campaign, options)
