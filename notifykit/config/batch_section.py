"""The keys of `batch:`, which has messages gathered into digests."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from notifykit.config.section import Section
from notifykit.options import Seconds
from notifykit.wording.translation import gettext

_MOST = 100


class BatchSection(Section):
    """How messages are gathered into digests: one call for several."""

    by: Literal["recipient"] = Field(default="recipient", description="What is gathered: messages to one recipient.")
    every: Annotated[Seconds, Field(gt=0)] = Field(description="How long the first of them waits for others at most.")
    max: int = Field(
        default=_MOST,
        ge=1,
        description="How many messages there are in one digest at most; so many wait no longer.",
    )
    template: str | None = Field(
        default=None,
        description="The text of the digest, as a template that sees `messages` (each with `text`, `key`, `recipient`, "
        "`name`, `round` and `metadata`), `count` and `campaign`. Default: the messages one below the other.",
    )
    template_file: str | None = Field(
        default=None, description="A file with that template, instead of `template`; relative to notifykit.yaml."
    )

    @model_validator(mode="after")
    def _one_template(self) -> BatchSection:
        if self.template is not None and self.template_file is not None:
            raise ValueError(gettext("takes template or template_file, not both"))
        return self
