"""What a reason's code says: one sentence, in each language, with names where it has parameters."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from string import Formatter
from typing import NamedTuple

from notifykit.wording.reason import Param, Reason
from notifykit.wording.translation import ENGLISH, english, gettext, spoken

_parse = Formatter().parse


class _LeftOut:
    """Stands for a parameter that is not shown, whatever form its sentence asks for."""

    def __format__(self, spec: str) -> str:
        return "…"

    def __repr__(self) -> str:
        return "…"


_LEFT_OUT = _LeftOut()


def filled(template: str, params: Mapping[str, Param]) -> str:
    """Put parameters into a sentence. Raises ValueError, KeyError or TypeError where they do not fit it."""
    if None in params.values():
        return template.format_map({name: _LEFT_OUT if value is None else value for name, value in params.items()})
    return template.format_map(params)


@dataclass(frozen=True)
class Sentence:
    """A code and its words. Called with its parameters, it makes a `Reason`.

    A name may have a format: `{row:d}` is a whole number, `{days:g}` and `{hours:.1f}` a number, `{word!r}` a text in
    quotes, `{cause:why}` another reason. Any other is a text.
    """

    code: str
    english: str
    chinese: str
    before: tuple[str, ...] = ()
    """What earlier versions said in English, with the same names."""
    names: tuple[str, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        names = _names(self.english)
        for other in (self.chinese, *self.before):
            if unknown := set(_names(other)) - set(names):
                raise ValueError(
                    gettext(
                        "{code}: {other!r} names {unknown}, the English does not",
                        code=self.code,
                        other=other,
                        unknown=", ".join(sorted(unknown)),
                    )
                )
        object.__setattr__(self, "names", names)

    def __call__(self, **params: Param) -> Reason:
        """Make the reason. Raises TypeError where the parameters are not those that the sentence names."""
        if not self.names and not params:
            return self._bare
        values = tuple([params[name] for name in self.names if name in params])
        if len(values) != len(self.names) or len(values) != len(params):
            raise TypeError(f"the reason {self.code} takes {', '.join(self.names) or 'no parameter'}, not {params}")
        if spoken() != ENGLISH:  # a reason is stored: what it is made of must not depend on who looks
            params = {name: english(value) if isinstance(value, str) else value for name, value in params.items()}
            values = tuple([params[name] for name in self.names])
        return Reason(filled(self.english, params), self.code, self.names, values)

    @cached_property
    def _bare(self) -> Reason:
        return Reason(self.english.format(), self.code)

    @cached_property
    def patterns(self) -> tuple[Pattern, ...]:
        """By what its English text is recognised; none where the text is all parameter."""
        return tuple(
            _pattern(template)
            for template in (self.english, *self.before)
            if any(letter.isalpha() for literal, *_ in _parse(template) for letter in literal)
        )


class Pattern(NamedTuple):
    """How a template looks when it is filled in."""

    literal: int
    """Characters that are always the same: of two patterns that fit, the one with more of them is meant."""
    start: str
    """What it begins with."""
    match: re.Pattern[str]
    read: Mapping[str, Callable[[str], Param]]
    """What makes a parameter of its text."""


def _pattern(template: str) -> Pattern:
    expression = ""
    read: dict[str, Callable[[str], Param]] = {}
    literals: list[str] = []
    for literal, name, spec, conversion in _parse(template):
        literals.append(literal)
        expression += re.escape(literal)
        if name is None:
            continue
        if name in read:
            expression += f"(?P={name})"
            continue
        look, read[name] = _QUOTED if conversion == "r" else _LOOKS.get(spec or "", _TEXT)
        expression += f"(?P<{name}>{look})"
    return Pattern(sum(map(len, literals)), literals[0], re.compile(expression, re.DOTALL), read)


_TEXT = (".*", str)
_QUOTED = (r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", ast.literal_eval)
_LOOKS: Mapping[str, tuple[str, Callable[[str], Param]]] = {
    "d": (r"-?\d+", int),
    ".1f": (r"-?\d+\.\d", float),
    "g": (r"-?[\d.]+(?:e[+-]?\d+)?|inf", float),
    "why": (".*", Reason),
}


def _names(template: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for _, name, _, _ in _parse(template) if name is not None))


class Sentences:
    """The sentences of one area, in the order in which they are written down."""

    def __init__(self) -> None:
        self._kept: list[Sentence] = []

    def __call__(self, code: str, english: str, chinese: str, *before: str) -> Sentence:
        """Write a sentence down. `before`: what earlier versions said in English."""
        made = Sentence(code, english, chinese, before)
        self._kept.append(made)
        return made

    def __iter__(self) -> Iterator[Sentence]:
        return iter(self._kept)
