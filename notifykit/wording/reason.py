"""A reason as a value: its code, its parameters, and the English text that they make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self, Union

Param = Union[str, int, float, "Reason", None]
"""What stands in the place of a name in a sentence. A reason in a reason is its cause; None is shown as `…`."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is as it is. Made by calling a `Sentence`, or read from where it was stored.

    There may be hundreds of thousands, so the names of the parameters are shared with their sentence.
    """

    text: str
    """In English."""
    code: str | None = None
    """Stable, in snake_case. None where there is only a text: a person's, a service's, or an older version's."""
    names: tuple[str, ...] = ()
    values: tuple[Param, ...] = ()

    @property
    def params(self) -> dict[str, Param]:
        """The parameters by name, in the order of the sentence."""
        return dict(zip(self.names, self.values, strict=True))

    def __str__(self) -> str:
        return self.text

    def __format__(self, spec: str) -> str:
        return self.text

    @property
    def kind(self) -> tuple[object, ...]:
        """What reasons have in common that differ in nothing but what is particular: code, and kind of the cause."""
        causes = [value.kind for value in self.values if isinstance(value, Reason)]
        return (self.code or self.text, *causes)

    @property
    def codes(self) -> frozenset[str]:
        """Its code, and those of its causes."""
        causes = [value.codes for value in self.values if isinstance(value, Reason)]
        return frozenset().union(() if self.code is None else (self.code,), *causes)

    def fields(self, name: str) -> dict[str, object]:
        """Return plain data for JSON: the text under `name`, and `name_code` and `name_params` beside it."""
        return {name: self.text, f"{name}_code": self.code, f"{name}_params": self.params_data()}

    def as_data(self) -> dict[str, object]:
        """Return plain data for JSON: `code`, `params`, `text`."""
        return {"code": self.code, "params": self.params_data(), "text": self.text}

    def params_data(self) -> dict[str, object]:
        """Return the parameters as plain data for JSON."""
        return {
            name: value.as_data() if isinstance(value, Reason) else value
            for name, value in zip(self.names, self.values, strict=True)
        }

    @classmethod
    def stored(cls, text: str, code: str | None, params: Mapping[str, Any] | None) -> Self:
        """Return what `as_data` made data of. Raises TypeError where `params` are no parameters."""
        if code is None:
            return cls(text)
        read = {name: _param(value) for name, value in (params or {}).items()}
        return cls(text, code, tuple(read), tuple(read.values()))

    @classmethod
    def from_fields(cls, name: str, data: dict[str, Any]) -> Self:
        """Take out of plain data what `fields` put there. Raises KeyError and TypeError where it is not there."""
        text, code, params = data.pop(name), data.pop(f"{name}_code", None), data.pop(f"{name}_params", None)
        return cls.of({"text": text, "code": code, "params": params})

    @classmethod
    def of(cls, data: object) -> Self:
        """Return a reason from what `as_data` returns, or from a mere text. Raises TypeError where it is neither."""
        match data:
            case str():
                return cls(data)
            case {"text": str(text), **rest}:
                code, params = rest.pop("code", None), rest.pop("params", None)
                if not rest and isinstance(code, str | None) and isinstance(params, Mapping | None):
                    return cls.stored(text, code, params)
        raise TypeError(f"{data!r} is no reason")


def _param(value: object) -> Param:
    if isinstance(value, Mapping):
        return Reason.of(value)
    if value is None or isinstance(value, str | int | float):
        return value
    raise TypeError(f"{value!r} is no parameter of a reason")
