"""The type of options of commands that are durations: written as in YAML."""

from __future__ import annotations

import click

from notifykit.options import LONGEST, seconds

__all__ = ["DurationType"]

_EXAMPLES = {"s": '30, "30s", "10m", "2h" or "7d"', "d": '7, "7d" or "36h"'}


class DurationType(click.ParamType[float]):
    """More than no time, as YAML has it. Arrives in seconds. `unit`: of a bare number, `s` or `d`."""

    name = "duration"

    def __init__(self, unit: str = "s", longest: float = LONGEST) -> None:
        """`longest`: seconds; what is longer is wrong usage."""
        self._unit = unit
        self._longest = longest

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the seconds. Raises BadParameter."""
        text = str(value)
        bare = text.strip()[-1:].isdecimal()
        try:
            found = seconds(f"{text.strip()}{self._unit}" if bare else text)
        except ValueError:
            self.fail(f"{text!r}: must be a duration such as {_EXAMPLES[self._unit]}", param, ctx)
        if not 0 < found <= self._longest:
            self.fail(f"{text!r} is {'no time at all' if not found else 'longer than makes sense'}", param, ctx)
        return found
