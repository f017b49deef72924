"""What one file's code says by itself, before the files of a tree are put together."""

from __future__ import annotations

from dataclasses import dataclass, field

from notifykit_inventory.model import Access, Hazard, Owner, Place, UseKind

FunctionKey = tuple[str, str]
"""(file, qualified name); the name is empty for the top of a module."""
Parameter = tuple[FunctionKey, str]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What leads from an expression to a status file."""

    constants: frozenset[str] = frozenset()
    """Names of constants."""
    paths: frozenset[str] = frozenset()
    """Folded texts that name a status file."""
    parameters: frozenset[Parameter] = frozenset()
    """Parameters that it comes from."""

    @property
    def direct(self) -> bool:
        """Whether it says by itself that this is a status file."""
        return bool(self.constants or self.paths)

    def __or__(self, other: Evidence) -> Evidence:
        return Evidence(self.constants | other.constants, self.paths | other.paths, self.parameters | other.parameters)

    def __bool__(self) -> bool:
        return self.direct or bool(self.parameters)


@dataclass(frozen=True, slots=True, kw_only=True)
class RawUse:
    """A use whose owner is not known yet."""

    place: Place
    kind: UseKind
    name: str
    access: Access
    evidence: Evidence = Evidence()
    spelled: str = ""
    """The first name of what is called, or the name that an import binds: as this file says it."""
    marked: Owner | None = None
    """What a comment on the line says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """One argument of a call that may be a status file."""

    at: int | str
    """Its position among the function's parameters, or its keyword."""
    place: Place
    evidence: Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFact:
    """A call that may hand a status file on."""

    place: Place
    caller: FunctionKey
    callee: FunctionKey | None
    """None where the function is not in the tree."""
    name: str
    arguments: tuple[Argument, ...]
    marked: Owner | None = None


@dataclass(slots=True, kw_only=True)
class FunctionFact:
    """A function, or the top of a module."""

    parameters: tuple[str, ...] = ()
    defaults: dict[str, Evidence] = field(default_factory=dict)
    words: set[Owner] = field(default_factory=set)
    """Owners of the words that it contains."""


@dataclass(slots=True)
class FileFacts:
    """What one file says."""

    uses: list[RawUse] = field(default_factory=list)
    calls: list[CallFact] = field(default_factory=list)
    functions: dict[FunctionKey, FunctionFact] = field(default_factory=dict)
    hazards: list[Hazard] = field(default_factory=list)
    other_names: set[str] = field(default_factory=set)
    """Names of its own that this file gives to what it uses: other files may know it by them."""
