"""The options of every source that reads a JSON array, and the way from a document to its array."""

from __future__ import annotations

from dataclasses import dataclass, field

from notifykit.errors import CampaignError
from notifykit.model import Problem, Record, Table
from notifykit.options import OptionError
from notifykit.wording.translation import gettext
from notifykit_technician.json_text import kind, parse_json
from notifykit_technician.rows import Layout, read_rows

UNUSED = "_"
"""In `columns`: a position that nobody needs."""


@dataclass(kw_only=True)
class RowShape:
    """How a record lies in a row."""

    columns: list[str] = field(default_factory=list)
    """Names of the positions of a positional row, `_` for one that nobody needs. Objects bring their own."""
    key: str = "id"
    """The column that holds the business key."""

    def __post_init__(self) -> None:
        named = [name for name in self.columns if name != UNUSED]
        twice = sorted({name for name in named if named.count(name) > 1})
        if twice:
            raise OptionError(
                "columns",
                gettext("{twice} is named twice", twice=", ".join(twice)),
                mend=gettext("use `_` for positions nobody needs"),
            )
        if self.columns and self.key not in named:
            raise OptionError(
                "key",
                gettext("no column is called {key!r}", key=self.key),
                mend=gettext("`columns` names {named}", named=", ".join(named)),
            )

    def layout(self, origin: str) -> Layout:
        """Return where the cells are in rows that come from there."""
        positions = {name: at for at, name in enumerate(self.columns) if name != UNUSED}
        return Layout(Table(origin, positions), self.key)


@dataclass(kw_only=True)
class RowOptions(RowShape):
    """How the records lie in a JSON document."""

    rows: str = ""
    """Where the array is: `data.rows` in `{"data": {"rows": […]}}`. Empty: the document is the array."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.rows and not all(self.rows.split(".")):
            raise OptionError(
                "rows", gettext("{rows!r} has an empty step", rows=self.rows), mend=gettext("write it like data.rows")
            )

    def records(self, data: bytes, origin: str, mend: str) -> list[Record | Problem]:
        """Return the rows of the document in order; one that cannot be used is a Problem.

        Raises CampaignError where there is no JSON (which `mend` mends), no array, or nothing to name its
        columns by.
        """
        array = self.array(parse_json(data, origin, mend), origin)
        return list(read_rows(array, self.layout(origin), data))

    def array(self, document: object, origin: str) -> list[object]:
        """Return the array of a document. Raises CampaignError as `records` does."""
        array = _find_array(document, self.rows.split(".") if self.rows else [], origin)
        if array and not self.columns and all(isinstance(row, list) for row in array):
            raise CampaignError(
                gettext("the rows are arrays, and nothing names their positions"),
                mend=gettext("set `columns`, such as [id, time, technician, company, _, content]"),
                where=origin,
            )
        return array


def value_at(document: object, path: str) -> object:
    """Return what stands at a dotted path of objects; None where nothing does."""
    for step in path.split("."):
        document = document.get(step) if isinstance(document, dict) else None
    return document


def _find_array(document: object, steps: list[str], origin: str) -> list[object]:
    # Metabase answers a failed query with a 2xx status, an `error` and no rows (metabase/metabase#41945).
    if isinstance(document, dict) and document.get("error"):
        raise CampaignError(
            gettext("the service reports {error!r}", error=str(document["error"])[:200]),
            mend=gettext("mend the query there"),
            where=origin,
        )
    at, here = document, gettext("the document")
    for step in steps:
        if not isinstance(at, dict) or step not in at:
            raise CampaignError(
                gettext("{here} has no {step!r} ({contents})", here=here, step=step, contents=_contents(at)),
                mend=gettext("correct `rows`"),
                where=origin,
            )
        at, here = at[step], repr(step)
    if not isinstance(at, list):
        mend = gettext("set `rows` to where the array is, such as data.rows")
        raise CampaignError(
            gettext("{here} is not an array ({contents})", here=here, contents=_contents(at)), mend=mend, where=origin
        )
    return at


def _contents(value: object) -> str:
    """Say what can be named inside a value, for messages to people."""
    return (
        gettext("it has {value}", value=list(value)[:8])
        if isinstance(value, dict)
        else gettext("it is {kind}", kind=kind(value))
    )
