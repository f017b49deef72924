"""Records while a column says something: for flags that people keep."""

from __future__ import annotations

from dataclasses import dataclass

from notifykit.errors import CampaignError
from notifykit.model import Record
from notifykit.options import OptionError
from notifykit.roles import Decision, Ledger
from notifykit.wording.nearest import hint
from notifykit.wording.translation import gettext
from notifykit_builtin.once import Once


@dataclass(kw_only=True)
class While(Once):
    """Notifies while a column says one of some words. Nothing is written back: the column is somebody else's.

    With `every`, a record is told once in each period in which the column says so; without it, once for ever.
    """

    column: str
    """The column that is looked at."""
    says: str | list[str]
    """The word, or the words, for which a record is told; spaces around it and around a cell do not count."""

    def __post_init__(self) -> None:
        """Take one word as a list of one. Raises OptionError where there is none."""
        self._words = frozenset(word.strip() for word in ([self.says] if isinstance(self.says, str) else self.says))
        if not self._words:
            raise OptionError("says", gettext("names no word; no record would ever be told"))

    @property
    def looks_at(self) -> frozenset[str]:
        """The column, and what the template of `every` takes."""
        return super().looks_at | {self.column}

    def decide(self, record: Record, outbox: Ledger) -> Decision:  # noqa: ARG002 - part of the role
        """Notify while the column says so. Raises CampaignError where there is no such column."""
        if self.column not in record:
            raise CampaignError(
                gettext(
                    'no column "{column}" in {origin}{near}',
                    column=self.column,
                    origin=record.table.origin,
                    near=hint(self.column, record.table.columns),
                ),
                mend=gettext("correct `column` of the campaign's strategy"),
            )
        cell = record.get(self.column)
        return Decision.NOTIFY if str(cell).strip() in self._words else Decision.SKIP
