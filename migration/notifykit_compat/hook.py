"""Replaces functions as each module of the program finishes executing, before anybody can bind their names."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

AfterExecution = Callable[[str, ModuleType], None]
"""Called with the part of the program, and its module."""


class ImportHook(importlib.abc.MetaPathFinder):
    """Finds nothing by itself: the other finders find the program's modules, and a step is added to their loading."""

    def __init__(self, modules: Mapping[str, str], then: AfterExecution) -> None:
        self._parts = {name: part for part, name in modules.items()}
        self._then = then

    def install(self) -> None:
        """Come before all other finders. Modules that are there already are dealt with at once."""
        sys.meta_path.insert(0, self)
        for name, part in self._parts.items():
            module = sys.modules.get(name)
            if module is not None:
                self._then(part, module)

    def remove(self) -> None:
        """Leave. What was replaced stays replaced."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Find one of the program's modules, with the step added."""
        part = self._parts.get(fullname)
        if part is None:
            return None
        for finder in sys.meta_path:
            if finder is self:
                continue
            spec = finder.find_spec(fullname, path, target)
            if spec is not None:
                self._add_step(spec, part)
                return spec
        return None

    def _add_step(self, spec: importlib.machinery.ModuleSpec, part: str) -> None:
        """Let the loader of this one module call us when it is done. It stays the loader that it was."""
        loader: Any = spec.loader
        execute = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            execute(module)
            self._then(part, module)

        loader.exec_module = exec_module
