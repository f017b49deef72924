"""What is wrong in configuration files, gathered so that all of it is told at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from notifykit.errors import ConfigError, told


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something stands."""

    file: str
    """As the person named it: relative where the project's file was."""
    line: int = 0
    """From 1; 0 where the file as a whole is meant."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Defect:
    """One thing to mend."""

    place: Place
    path: str
    """Where in the structure, as `messages[0].sender`; empty for a file as a whole."""
    what: str
    mend: str = ""
    """Empty where what is wrong says it all."""

    def __str__(self) -> str:
        return told(told(self.what, mend=self.mend, where=self.path), where=str(self.place))

    @property
    def error(self) -> ConfigError:
        """The defect as an error of its own."""
        return ConfigError(told(self.what, where=self.path), mend=self.mend, where=self.place)


class InvalidConfigurationError(ConfigError):
    """The files do not hold together; the text has one defect a line, by file and line."""

    def __init__(self, defects: tuple[Defect, ...], lacking: tuple[str, ...] = ()) -> None:
        self.defects = defects
        self.lacking = lacking
        """What cannot be used here, which alone would not keep the rest from being used: told after the defects."""
        first, *more = *map(str, defects), *lacking
        super().__init__(first, more=more)


@dataclass(slots=True)
class Defects:
    """The defects found so far."""

    _found: dict[Defect, None] = field(default_factory=dict)

    def add(self, place: Place, path: str, what: str, mend: str = "") -> None:
        """Record a defect. One that several campaigns inherit from a base counts once."""
        self._found[Defect(place, path, what, mend)] = None

    def __bool__(self) -> bool:
        return bool(self._found)

    def __iter__(self) -> Iterator[Defect]:
        return iter(self._found)

    def at(self, place: Place) -> bool:
        """Whether anything is wrong at this place already."""
        return any(defect.place == place for defect in self._found)

    def raise_if_any(self, lacking: Iterable[object] = ()) -> None:
        """Raise InvalidConfigurationError where anything was recorded. `lacking`: what is told with it, and is none."""
        if self._found:
            found = tuple(sorted(self._found, key=lambda defect: defect.place))
            raise InvalidConfigurationError(found, tuple(map(str, lacking)))
