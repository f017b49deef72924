"""`plugins` of notifykit.yaml."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from notifykit.config.section import Section, listed


class PluginsSection(Section):
    """Which plugins are loaded."""

    block: list[str] = Field(default=[], description="Entry points that are not loaded.")
    strict: bool = Field(
        default=False, description="Whether a broken plugin stops everything, as `--strict-plugins` does."
    )
    requires: list[str] = Field(
        default=[],
        description="What is to be installed for this project, such as `notifykit-acme`; named when it is missing.",
    )
    path: Annotated[list[str], BeforeValidator(listed, json_schema_input_type=str | list[str])] = Field(
        default=[], description="Folders of plugins that belong to the project: its modules and packages are plugins."
    )
    outside: bool = Field(
        default=False, description="Whether such a folder, or what is linked there, may be outside of the project's."
    )
