"""How far an incremental query has come: the highest value of a column, kept with the campaign."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from notifykit.errors import CampaignError
from notifykit.wording.translation import gettext

_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]{0,17})", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Incremental:
    """A column whose values rise with each new or changed row, such as `updated_at`."""

    column: str
    """A column of the result."""
    start: str
    """What `:cursor` is in the first pass, such as `0` or `2026-08-01`."""

    def since(self, state: Mapping[str, Any] | None) -> object:
        """Return what `:cursor` is now. `state`: what was kept; that of another column does not count."""
        if state is not None and state.get("column") == self.column and state.get("type") in _READ:
            return _READ[state["type"]](state["value"])
        return int(self.start) if _WHOLE.fullmatch(self.start) else self.start


class Highest:
    """The highest value of a column among the rows that pass by."""

    def __init__(self, at: int, column: str, shown: str) -> None:
        self._at = at
        self._column = column
        self._shown = shown
        self._value: Any = None

    def of(self, rows: Iterable[Sequence[Any]]) -> Iterator[Sequence[Any]]:
        """Pass the rows on. Raises CampaignError where their values have no order, or cannot be kept."""
        at, highest = self._at, self._value
        for cells in rows:
            value = cells[at]
            if value is not None:
                try:
                    if highest is None or value > highest:
                        highest = value
                except TypeError:
                    raise self._unusable(value) from None
            yield cells
        if highest is not None and type(highest).__name__ not in _READ:
            raise self._unusable(highest)
        self._value = highest

    def state(self) -> dict[str, Any] | None:
        """Return what is to be kept, as JSON; None where there was no value."""
        if self._value is None:
            return None
        value = self._value if isinstance(self._value, int | float | str) else _WRITE[type(self._value)](self._value)
        return {"column": self._column, "type": type(self._value).__name__, "value": value}

    def _unusable(self, value: object) -> CampaignError:
        return CampaignError(
            gettext(
                "`incremental.column` is {column!r}, and a value of type {kind} there gives no order",
                column=self._column,
                kind=type(value).__name__,
            ),
            mend=gettext("name a column of whole numbers, texts, dates or times"),
            where=self._shown,
        )


_WRITE: Mapping[type, Callable[[Any], str]] = {datetime: datetime.isoformat, date: date.isoformat, Decimal: str}
_READ: Mapping[str, Callable[[Any], object]] = {
    "int": int,
    "float": float,
    "str": str,
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "Decimal": Decimal,
}
