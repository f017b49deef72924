"""What is to be taken out of one file."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

Spot = tuple[int, int]
"""(line from 1, column from 0), in characters."""


@dataclass(slots=True)
class Removals:
    """What is to be taken out of one file, by place."""

    loads: set[Spot] = field(default_factory=set)
    """Calls of `load_send_status` for contracts."""
    writes: set[Spot] = field(default_factory=set)
    """Calls of `save_send_status` and `update_send_status` for contracts."""
    arguments: set[Spot] = field(default_factory=set)
    """Arguments of calls."""
    parameters: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Qualified names of functions to names of their parameters."""
    constants: set[str] = field(default_factory=set)
    """Names that are defined here."""
    imports: set[str] = field(default_factory=set)
    """Names that are imported here, as this file binds them."""
    named: set[Spot] = field(default_factory=set)
    """Expressions that name a contract's status file: a variable that only holds one goes with its last use."""
    left_alone: set[str] = field(default_factory=set)
    """Qualified names of functions in which nothing can be taken out; the empty one for the top of the module."""
