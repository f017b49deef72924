"""The types that plugins offer, by the name that YAML uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One offered type."""

    name: str
    cls: Callable[..., Any]
    """A dataclass; its fields are its options."""
    plugin: str
    """The entry point that offers it."""
    distribution: str
    """What to install to have it, with its version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """All offered types."""

    sources: Mapping[str, Offer] = field(default_factory=dict)
    strategies: Mapping[str, Offer] = field(default_factory=dict)
    senders: Mapping[str, Offer] = field(default_factory=dict)
