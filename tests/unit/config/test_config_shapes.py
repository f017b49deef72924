"""What is made of a plugin's class, however many campaigns use it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import pytest
from pydantic.errors import PydanticUserError

from notifykit.config.shapes import Shape
from notifykit.errors import PluginError
from notifykit.plugins.registry import Offer
from notifykit.plugins.report import PluginId


class Level:
    """The type of an option; counts who looks at it."""

    looked: ClassVar[int] = 0
    described: ClassVar[int] = 0

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        cls.looked += 1
        return handler(int)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> Any:
        cls.described += 1
        return handler(schema)


class Unspeakable(Level):
    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> Any:
        raise PydanticUserError("there are no words for it", code=None)


def shape_of(option: type) -> Shape:
    @dataclass
    class Tower:
        height: option  # type: ignore[valid-type]

    Tower.__annotations__["height"] = option
    return Shape(offer(Tower), frozenset())


def offer(cls: type) -> Offer:
    by = PluginId(name="fake", distribution="notifykit-fake", version="1.0")
    return Offer(role="senders", name="tower", offered=cls, by=by)


def test_a_class_is_looked_at_once_and_described_where_somebody_asks() -> None:
    shape = shape_of(Level)
    looked = Level.looked
    again = Shape(offer(shape.cls), frozenset())
    assert (Level.looked, Level.described) == (looked, 0)
    assert shape.schema["properties"]["height"]["type"] == "integer"
    assert again.schema is shape.schema
    assert Level.described > 0


def test_an_option_that_cannot_be_described_is_its_authors_mistake() -> None:
    shape = shape_of(Unspeakable)
    with pytest.raises(PluginError, match=r"its type 'tower' .* cannot come from YAML \(there are no words for it\)"):
        _ = shape.schema
