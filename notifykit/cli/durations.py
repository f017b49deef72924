"""Durations as arguments."""

from __future__ import annotations

import click

from notifykit.options import seconds


class Duration(click.ParamType[float]):
    """A duration as the configuration has it, and not none."""

    name = "seconds"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return it in seconds."""
        try:
            found = seconds(value)
        except ValueError as error:
            self.fail(f"{value!r}: {error}", param, ctx)
        if not found:
            self.fail(f"{value!r} is no time at all", param, ctx)
        return found
