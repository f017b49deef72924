"""The keys under `columns:` of a campaign, as a model."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from notifykit.campaign.cells import FALSE, TRUE, CellType
from notifykit.config.section import Section
from notifykit.wording.translation import gettext


def _zone(name: str) -> str:
    from zoneinfo import ZoneInfo  # only for campaigns that declare one

    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(gettext("no time zone is called {name!r}; write it like Asia/Shanghai", name=name)) from error
    return name


def _time_format(text: str) -> str:
    then = datetime(2026, 8, 31, 17, 30, tzinfo=UTC)
    try:
        told = datetime.strptime(then.strftime(text), text).date() == then.date()  # noqa: DTZ007 - only the day
    except ValueError:
        told = False
    if not told:
        raise ValueError(gettext("{text!r} is no format that tells a day; write it like %d.%m.%Y", text=text))
    return text


class ColumnSection(Section):
    """How the cells of a column are written. `amount: decimal` is short for `amount: {type: decimal}`."""

    type: CellType = Field(
        description="`text`, `integer`, `decimal`, `date`, `datetime` or `boolean`: what templates are given. An empty "
        "cell is null, of a text the empty text."
    )
    required: bool = Field(default=False, description="Whether an empty cell holds its record.")
    format: Annotated[str, AfterValidator(_time_format)] | None = Field(
        default=None, description="Of a date or a datetime, such as `%d.%m.%Y`. Default: as ISO 8601 writes it."
    )
    zone: Annotated[str, AfterValidator(_zone)] | None = Field(
        default=None,
        description="Of datetimes, such as `Asia/Shanghai`: the zone of those that are written without an offset, and "
        "in which all are given. Without it, one without an offset is held.",
    )
    point: Literal[".", ","] = Field(default=".", description="What stands before the decimals.")
    group: Literal[",", ".", " ", "'", "_"] | None = Field(
        default=None, description="What may stand between the thousands of a number. Default: nothing."
    )
    true: list[str] = Field(default=list(TRUE), min_length=1, description="Words of a boolean; case does not count.")
    false: list[str] = Field(default=list(FALSE), min_length=1, description="Words of a boolean; case does not count.")

    @model_validator(mode="after")
    def _fits(self) -> ColumnSection:
        if others := sorted(self.model_fields_set - {"type", "required", *_OPTIONS_OF[self.type]}):
            raise ValueError(
                gettext("a column of type {type} has no option `{option}`", type=self.type, option=others[0])
            )
        if self.point == self.group:
            raise ValueError(gettext("`point` and `group` are both {point!r}; they must differ", point=self.point))
        if both := {word.casefold() for word in self.true} & {word.casefold() for word in self.false}:
            raise ValueError(gettext("{word!r} is both true and false", word=min(both)))
        return self


_OPTIONS_OF: dict[CellType, set[str]] = {
    "text": set(),
    "integer": {"group"},
    "decimal": {"point", "group"},
    "date": {"format"},
    "datetime": {"format", "zone"},
    "boolean": {"true", "false"},
}


def _written_out(value: object) -> object:
    return {"type": value} if isinstance(value, str) else value


Columns = dict[
    str, Annotated[ColumnSection, BeforeValidator(_written_out, json_schema_input_type=CellType | ColumnSection)]
]
"""Name to type, or to a mapping that says more."""

COLUMNS = (
    "Columns of the source whose cells are no plain texts, each with its type, or a mapping that says more: cells are "
    "checked as they are read, and templates are given numbers, dates, times and truth values."
)
"""What the key means, for the page and for editors."""
