"""The subjects of a run, and the figures that they are for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.harness import Figure, Sample, Subject


@dataclass(slots=True)
class Plan:
    """Subjects in the order of a round, and the figures they are for."""

    subjects: dict[str, Subject] = field(default_factory=dict)
    figures: list[Figure] = field(default_factory=list)

    def measure(self, name: str, work: int, how: Callable[[Path], Sample], *, rounds: int | None = None) -> str:
        """Add a subject, once; returns its name. `rounds`: how often at most, where it is dear."""
        self.subjects.setdefault(name, Subject(name=name, work=work, measure=how, rounds=rounds))
        return name

    def only(self, word: str) -> Plan:
        """Return the figures whose title holds `word`, and the subjects they need."""
        figures = [figure for figure in self.figures if word.lower() in figure.title.lower()]
        needed = {name for figure in figures for name in (figure.ours, *figure.others, *figure.rivals)}
        subjects = {name: subject for name, subject in self.subjects.items() if name in needed}
        return Plan(subjects, figures)
