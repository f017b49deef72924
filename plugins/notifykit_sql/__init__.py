"""Campaigns over a database: the source `sql`, and the strategy `sql_flag` that marks its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifykit import hookimpl

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifykit.hookspecs import Register, RegisterReasons
    from notifykit.wording.translation import Catalogue


@hookimpl
def register_sources(register: Register) -> None:
    """Offer the rows of a query."""
    register("sql", "notifykit_sql.source:SqlSource")


@hookimpl
def register_strategies(register: Register) -> None:
    """Offer the flag column of a table."""
    register("sql_flag", "notifykit_sql.strategy:SqlFlag")


@hookimpl
def register_reasons(register: RegisterReasons) -> None:
    """Offer why a flag is not written."""
    from notifykit_sql.wording import FLAGS

    for sentence in FLAGS:
        register(sentence)


@hookimpl
def register_translations(register: Callable[[Catalogue], None]) -> None:
    """Offer what it says in other languages."""
    from pathlib import Path

    from notifykit.wording.translation import Catalogue

    register(Catalogue("notifykit_sql", Path(__file__).parent / "locale"))
