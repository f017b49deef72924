"""What every class that a plugin offers has in common: its fields are options in YAML."""

from __future__ import annotations

import dataclasses

import pydantic

from notifykit.config.twin import twin
from notifykit.errors import PluginError
from notifykit.plugins.checks import check_class


def check_options(role: str, offered: object) -> None:
    """Assert that this object's class can be offered under a role (`senders`), and its options be validated."""
    cls = type(offered)
    try:
        check_class(role, "sample", cls)
    except PluginError as error:
        raise AssertionError(str(error)) from error
    assert dataclasses.is_dataclass(cls), f"{cls.__name__} is no dataclass: its fields are its options"
    options = [field for field in dataclasses.fields(cls) if field.init]
    try:
        pydantic.TypeAdapter(cls if len(options) == len(dataclasses.fields(cls)) else twin(cls, options))
    except pydantic.PydanticUserError as error:
        raise AssertionError(f"the options of {cls.__name__} have types that cannot be validated: {error}") from error


def check_fact(offered: object, name: str, *kinds: type) -> None:
    """Assert that an optional fact is of one of these types, where the object has it."""
    value = getattr(offered, name, None)
    assert value is None or isinstance(value, kinds), (
        f"`{name}` is {value!r}, not {' or '.join(kind.__name__ for kind in kinds)}, nor None"
    )


def check_can_be_called(offered: object, *names: str) -> None:
    """Assert that what the object has under these names are plain functions."""
    for name in names:
        found = getattr(offered, name, None)
        assert found is None or callable(found), f"`{name}` is {found!r}, which cannot be called"
