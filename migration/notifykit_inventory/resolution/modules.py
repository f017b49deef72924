"""Finds modules by their import names, and what a dotted name means, across the files of a tree."""

from __future__ import annotations

import ast
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from notifykit_inventory.resolution.bindings import Bindings, FunctionNode, ImportBinding, bindings_of
from notifykit_inventory.source import UnreadableError, parse, read_code

KEPT = 128
"""Modules whose names are kept in memory."""


@dataclass(frozen=True, slots=True)
class Constant:
    """A name that is assigned at the top of a module, or in a class."""

    home: Bindings
    name: str

    @property
    def values(self) -> list[ast.expr | None]:
        """All that is assigned to it."""
        return self.home.constants[self.name]


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the tree."""

    home: Bindings
    name: str
    """Qualified."""

    @property
    def definition(self) -> FunctionNode:
        """Its syntax."""
        return self.home.functions[self.name]


@dataclass(frozen=True, slots=True)
class Class:
    """A class of the tree."""

    home: Bindings
    name: str


@dataclass(frozen=True, slots=True)
class Module:
    """A module of the tree."""

    home: Bindings


@dataclass(frozen=True, slots=True)
class ExternalName:
    """Something that is not in the tree, by its full name."""

    name: str


Meaning = Constant | Function | Class | Module | ExternalName


class Modules:
    """The modules of one tree. Read as they are needed; only the last few are kept."""

    def __init__(self, root: Path) -> None:
        self.root = root if root.is_dir() else root.parent
        self._kept: OrderedDict[Path, Bindings | None] = OrderedDict()
        self._replaced: dict[Path, Bindings] = {}
        self._found: dict[tuple[Path, str], Path | None] = {}

    def at(self, path: Path) -> Bindings | None:
        """Return the names of a file; None where it cannot be read."""
        if path in self._replaced:
            return self._replaced[path]
        if path in self._kept:
            self._kept.move_to_end(path)
            return self._kept[path]
        try:
            found = bindings_of(path, parse(read_code(path)))
        except (UnreadableError, RecursionError):
            found = None
        self._kept[path] = found
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return found

    def replace(self, path: Path, bindings: Bindings) -> None:
        """Use these names for a file instead of those on disk."""
        self._replaced[path] = bindings

    def file(self, path: Path) -> str:
        """Return a path as places say it: relative to the tree where it is inside."""
        return (path.relative_to(self.root) if path.is_relative_to(self.root) else path).as_posix()

    def imported(self, importer: Path, module: str, level: int) -> Path | None:
        """Return the file of a module as a file imports it; None where it is not in the tree.

        An absolute name is looked for beside the importing file first, then in each folder above it.
        """
        key = (importer.parent, f"{'.' * level}{module}")
        if key not in self._found:
            self._found[key] = self._look(importer.parent, module, level)
        return self._found[key]

    def meaning(self, home: Bindings, names: tuple[str, ...]) -> Meaning | None:
        """Return what a dotted name means at the top of a module; None where that is unknown."""
        found = self._name(home, names[0], frozenset())
        for name in names[1:]:
            if isinstance(found, Module):
                found = self._member(found.home, name, frozenset())
            elif isinstance(found, Class):
                found = _own(found.home, f"{found.name}.{name}")
            elif isinstance(found, ExternalName):
                found = ExternalName(f"{found.name}.{name}")
            else:
                return None
        return found

    def exports(self, home: Bindings, name: str) -> Meaning | None:
        """Return what `from module import name` gives."""
        return self._member(home, name, frozenset())

    def _member(self, home: Bindings, name: str, seen: frozenset[tuple[Path, str]]) -> Meaning | None:
        found = self._name(home, name, seen)
        if found is None and home.path.name == "__init__.py":
            path = self._look(home.path.parent, name, 1)
            below = self.at(path) if path else None
            return Module(below) if below else None
        return found

    def _name(self, home: Bindings, name: str, seen: frozenset[tuple[Path, str]]) -> Meaning | None:
        if (home.path, name) in seen:
            return None
        seen |= {(home.path, name)}
        if own := _own(home, name):
            return own
        if name in home.imports:
            return self._import(home, home.imports[name], seen)
        for star in reversed(home.stars):
            target = self.imported(home.path, star.module, star.level)
            other = self.at(target) if target else None
            if other and (found := self._name(other, name, seen)):
                return found
        return None

    def _import(self, home: Bindings, what: ImportBinding, seen: frozenset[tuple[Path, str]]) -> Meaning:
        full = f"{what.module}.{what.name}" if what.name else what.module
        path = self.imported(home.path, what.module, what.level)
        if what.name is None:
            module = self.at(path) if path else None
            return Module(module) if module else ExternalName(full)
        if path is not None and (module := self.at(path)) and (found := self._member(module, what.name, seen)):
            return found
        # A package without __init__.py is a folder only.
        path = self.imported(home.path, f"{what.module}.{what.name}".lstrip("."), what.level)
        module = self.at(path) if path else None
        return Module(module) if module else ExternalName(full)

    def _look(self, folder: Path, module: str, level: int) -> Path | None:
        parts = module.split(".") if module else []
        if level:
            for _ in range(level - 1):
                folder = folder.parent
            return _module_file(folder, parts)
        if not parts:
            return None
        for base in (folder, *folder.parents):
            inside = base == self.root or self.root in base.parents
            if not inside and parts[0] not in self.root.parts:
                break
            if found := _module_file(base, parts):
                return found
            if base == self.root and parts[0] not in self.root.parts:
                break
        return None


def _own(home: Bindings, name: str) -> Meaning | None:
    if name in home.functions:
        return Function(home, name)
    if name in home.classes:
        return Class(home, name)
    return Constant(home, name) if name in home.constants else None


def _module_file(folder: Path, parts: list[str]) -> Path | None:
    base = folder.joinpath(*parts)
    for path in (base / "__init__.py", base.parent / f"{base.name}.py"):
        if path.is_file():
            return path
    return None
