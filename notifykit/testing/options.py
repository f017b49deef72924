"""What every class that a plugin offers has in common: its fields are options in YAML."""

from __future__ import annotations

import dataclasses

import pydantic

from notifykit.config.twin import twin


def check_options(offered: object) -> None:
    """Assert that the host can validate the options of this object's class."""
    cls = type(offered)
    assert dataclasses.is_dataclass(cls), f"{cls.__name__} is no dataclass: its fields are its options"
    options = [field for field in dataclasses.fields(cls) if field.init]
    try:
        pydantic.TypeAdapter(cls if len(options) == len(dataclasses.fields(cls)) else twin(cls, options))
    except pydantic.PydanticUserError as error:
        raise AssertionError(f"the options of {cls.__name__} have types that cannot be validated: {error}") from error
