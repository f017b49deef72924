"""What is changed in a database's schema, in words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from notifykit.wording.translation import gettext, gettext_noop


def told(statements: Sequence[str]) -> Iterator[str]:
    """Tell what statements do: those of a kind together, by the names of what they make; others as they are."""
    made: dict[tuple[str, str], list[str]] = {}
    for statement in statements:
        line = " ".join(statement.split())
        found = _ADDS.match(line) or _CREATES.match(line)
        if found is None:
            yield line
        elif found.re is _ADDS:
            made.setdefault(("column", found["table"]), []).append(found["name"])
        else:
            made.setdefault((found["kind"].lower(), ""), []).append(found["name"])
    for (kind, table), names in made.items():
        text = _NEW[kind][len(names) != 1]
        yield gettext(text, number=len(names), names=gettext(", ").join(names), table=table)


_NEW = {
    "column": (
        gettext_noop("{number:,} new column to {table}: {names}"),
        gettext_noop("{number:,} new columns to {table}: {names}"),
    ),
    "table": (gettext_noop("{number:,} new table: {names}"), gettext_noop("{number:,} new tables: {names}")),
    "index": (gettext_noop("{number:,} new index: {names}"), gettext_noop("{number:,} new indexes: {names}")),
    "trigger": (gettext_noop("{number:,} new trigger: {names}"), gettext_noop("{number:,} new triggers: {names}")),
    "view": (gettext_noop("{number:,} new view: {names}"), gettext_noop("{number:,} new views: {names}")),
}
"""By what is made: one, and several."""

_ADDS = re.compile(r'ALTER TABLE (?P<table>\w+) ADD COLUMN "?(?P<name>\w+)', re.IGNORECASE)
_CREATES = re.compile(
    r"CREATE (?:UNIQUE )?(?P<kind>TABLE|INDEX|TRIGGER|VIEW) (?:IF NOT EXISTS )?(?P<name>\w+)", re.IGNORECASE
)
