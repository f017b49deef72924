"""A section of a file against its model."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from notifykit.config.defects import Defects
from notifykit.config.explain import TolerantJsonSchema, explain
from notifykit.config.tree import Branch, KeyPath, plain, without_empty
from notifykit.secrets import Surroundings

Model = TypeVar("Model", bound=BaseModel)


def validated(
    model: type[Model], section: Branch, prefix: KeyPath, around: Surroundings, defects: Defects, **also: object
) -> Model | None:
    """Return the section as its model, with the values of `also` where the file has none.

    None where anything is wrong with it, which is recorded.
    """
    written = plain(without_empty(section))
    assert isinstance(written, dict)  # noqa: S101 - a Branch is one
    try:
        return model.model_validate(also | written, context=around)
    except ValidationError as error:
        schema = model.model_json_schema(schema_generator=TolerantJsonSchema)
        explain(error, section, prefix, schema, defects)
        return None
