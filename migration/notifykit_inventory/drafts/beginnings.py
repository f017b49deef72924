"""Finds where the making of messages begins: the functions that make some, and those that nothing of them calls."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from notifykit_inventory.drafts.loops import CREATES, MESSAGE
from notifykit_inventory.patch.mentions import files_with
from notifykit_inventory.resolution.bindings import Bindings, FunctionNode, bindings_of, dotted
from notifykit_inventory.resolution.modules import Function, Modules
from notifykit_inventory.source import parse, read_code
from notifykit_inventory.take import TreeScan
from notifykit_inventory.words import FUNCTIONS

Key = tuple[Path, str]
"""(file, qualified name)."""


class Callers:
    """Which functions of a tree make messages or write send status, perhaps by way of others."""

    def __init__(self, scan: TreeScan) -> None:
        self.modules: Modules = scan.modules
        self.making: set[Key] = set()
        """Functions, with an empty name for the top of a module."""
        self.called: set[Key] = set()
        """Those of them that another one calls."""
        self.creations: dict[tuple[str, int, int], str] = {}
        """Where a message is made, to the function in which that is."""
        self.bodies: dict[Key, tuple[Bindings, list[ast.stmt]]] = {}
        names = {*CREATES, "update_send_status", "save_send_status"}
        seen: dict[Path, dict[Key, list[tuple[str, Key | None]]]] = {}
        while True:
            for path in files_with(names, scan.read):
                if path not in seen:
                    seen[path] = dict(self._calls(path))
            before = len(self.making)
            for calls in seen.values():
                for caller, made in calls.items():
                    for name, callee in made:
                        if (callee in self.making or name in CREATES) and caller[1].rpartition(".")[2] not in CREATES:
                            self.making.add(caller)
                            self.called |= {callee} if callee in self.making and callee != caller else set()
            if len(self.making) == before:
                break
            names |= {key[1].rpartition(".")[2] for key in self.making if key[1]}

    def makes(self, found: Function) -> bool:
        """Whether a function makes messages, or hands what it is given on to one that does."""
        return (found.home.path, found.name) in self.making or self._writes(found)

    def beginnings(self) -> Iterator[tuple[Bindings, Function | None, list[ast.stmt]]]:
        """Yield the functions that make messages and that no such function calls, and tops of modules, in order."""
        for key in sorted(self.making - self.called):
            home, body = self.bodies[key]
            yield home, Function(home, key[1]) if key[1] else None, body

    def _writes(self, found: Function) -> bool:
        calls = (node for node in ast.walk(found.definition) if isinstance(node, ast.Call))
        return found.name not in FUNCTIONS and any((dotted(call.func) or ("",))[-1] in FUNCTIONS for call in calls)

    def _calls(self, path: Path) -> Iterator[tuple[Key, list[tuple[str, Key | None]]]]:
        """Yield each function of a file, and the top of it, with what it calls."""
        tree = parse(read_code(path))
        home = self.modules.at(path) or bindings_of(path, tree)
        top = [node for node in tree.body if not isinstance(node, FunctionNode | ast.ClassDef)]
        for name, body in {"": top, **{name: node.body for name, node in home.functions.items()}}.items():
            owner = name.rpartition(".")[0]
            self.bodies[path, name] = (home, body)
            made: list[tuple[str, Key | None]] = []
            for node in (part for statement in body for part in ast.walk(statement)):
                names = dotted(node.func) if isinstance(node, ast.Call) else None
                if not names or not isinstance(node, ast.Call):
                    continue
                creates = names[-1] in CREATES and name.rpartition(".")[2] not in CREATES
                if creates and (len(node.args) + len(node.keywords) >= len(MESSAGE) or _is_starred(node)):
                    self.creations[self.modules.file(path), node.lineno, node.col_offset] = name
                full = (*owner.split("."), *names[1:]) if names[0] in ("self", "cls") and owner else names
                found = self.modules.meaning(home, full)
                key = (found.home.path, found.name) if isinstance(found, Function) else None
                made.append((found.name.rpartition(".")[2] if isinstance(found, Function) else names[-1], key))
            yield (path, name), made


def _is_starred(node: ast.Call) -> bool:
    return any(isinstance(item, ast.Starred) for item in node.args) or any(item.arg is None for item in node.keywords)
