"""What a YAML file says, with the place of every part."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from notifykit.config.defects import Place


class Written(str):
    """A scalar that YAML takes for a number or a truth value, as it is written.

    Where an option's type is text it arrives as text (`0`, `no`, `007`); pydantic reads numbers from text as well
    as from numbers. Where any type will do, `natural` is what YAML makes of it.
    """

    __slots__ = ("natural",)
    natural: object

    def __new__(cls, text: str, natural: object) -> Self:
        """Keep both."""
        made = super().__new__(cls, text)
        made.natural = natural
        return made


@dataclass(frozen=True, slots=True)
class Leaf:
    """A scalar."""

    place: Place
    value: str | None
    """Text as it is written (perhaps a `Written`), or None for YAML's null."""
    block: bool = False
    """Whether it is a `|` block, whose first line stands on the line after its place."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A mapping. Its place is its key's, where it has one."""

    place: Place
    entries: Mapping[str, Node]


@dataclass(frozen=True, slots=True)
class Listing:
    """A sequence. Its place is its key's, where it has one."""

    place: Place
    items: Sequence[Node]


Node = Leaf | Branch | Listing
Step = str | int
KeyPath = tuple[Step, ...]


def plain(node: Node) -> object:
    """Return what pydantic is given: dicts, lists, texts and None."""
    match node:
        case Branch():
            return {key: plain(child) for key, child in node.entries.items()}
        case Listing():
            return [plain(child) for child in node.items]
        case Leaf():
            return node.value


def natural(value: object) -> object:
    """Replace every `Written` by what YAML makes of it, for options that take any type.

    Looks into dicts, lists, and the dataclass instances that validation has just made of mappings.
    """
    match value:
        case Written():
            return value.natural
        case dict():
            return {key: natural(child) for key, child in value.items()}
        case list():
            return [natural(child) for child in value]
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            for field in dataclasses.fields(value):
                object.__setattr__(value, field.name, natural(getattr(value, field.name)))
            return value
        case _:
            return value


def without_empty(node: Node) -> Node:
    """Drop the keys that have no value: they count as not written."""
    match node:
        case Branch():
            kept = {
                key: without_empty(child)
                for key, child in node.entries.items()
                if not (isinstance(child, Leaf) and child.value is None)
            }
            return Branch(node.place, kept)
        case Listing():
            return Listing(node.place, [without_empty(child) for child in node.items])
        case Leaf():
            return node


def locate(node: Node, path: KeyPath) -> tuple[Place, KeyPath]:
    """Return where a path leads, and as much of it as exists in the file: see `found`."""
    node, taken = _followed(node, path)
    return node.place, taken


def found(node: Node, path: KeyPath) -> Node:
    """Return the node to which a path leads.

    What leads nowhere is left out: a key that is missing, or a step that pydantic adds for its own sake (the
    member of a union).
    """
    return _followed(node, path)[0]


def _followed(node: Node, path: KeyPath) -> tuple[Node, KeyPath]:
    taken = list[Step]()
    for step in path:
        if isinstance(node, Branch) and isinstance(step, str) and step in node.entries:
            node = node.entries[step]
        elif isinstance(node, Listing) and isinstance(step, int) and step < len(node.items):
            node = node.items[step]
        else:
            continue
        taken.append(step)
    return node, tuple(taken)


def dotted(path: KeyPath) -> str:
    """Return `messages[0].sender`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


def leaves(node: Node, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Leaf]]:
    """Yield every scalar with its path."""
    match node:
        case Branch():
            for key, child in node.entries.items():
                yield from leaves(child, (*path, key))
        case Listing():
            for at, child in enumerate(node.items):
                yield from leaves(child, (*path, at))
        case Leaf():
            yield path, node
