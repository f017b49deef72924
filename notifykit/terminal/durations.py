"""The type of options of commands that are durations: written as in YAML."""

from __future__ import annotations

import math

import click

from notifykit.options import LONGEST, TooLongError, in_days, seconds
from notifykit.wording.translation import gettext, gettext_noop

__all__ = ["DurationType"]

_WRONG = {
    "s": gettext_noop('{text!r}: must be a duration such as 30, "30s", "10m", "2h" or "7d"'),
    "d": gettext_noop('{text!r}: must be a duration such as 7, "7d" or "36h"'),
}


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
        except TooLongError:
            found = math.inf
        except ValueError:
            self.fail(gettext(_WRONG[self._unit], text=text), param, ctx)
        if not found:
            self.fail(gettext("{text!r} is no time at all", text=text), param, ctx)
        if found > self._longest:
            most = in_days(self._longest)
            self.fail(gettext("{text!r} is longer than can be: {most} at most", text=text, most=most), param, ctx)
        return found
