"""The twin of a plugin's dataclass: validated by pydantic, while the class itself stays as it is."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from typing import Any, get_type_hints

from pydantic import ConfigDict

_CONFIG = ConfigDict(extra="forbid", validate_default=True, allow_inf_nan=False, hide_input_in_errors=True)


def twin(cls: type, fields: Iterable[dataclasses.Field[Any]]) -> type:
    """Return a dataclass with these fields of a class, all of them by name. Raises NameError where a type has none."""
    hints = get_type_hints(cls, include_extras=True)
    return dataclasses.make_dataclass(
        cls.__name__,
        [(field.name, hints[field.name], _default(field)) for field in fields],
        kw_only=True,
        namespace={"__pydantic_config__": _CONFIG, "__doc__": cls.__doc__},
    )


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        factory: Callable[[], Any] = field.default_factory
        return dataclasses.field(default_factory=factory)
    return dataclasses.field(default=field.default)
