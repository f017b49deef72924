"""Puts the shim's functions in the place of the program's own, module by module."""

from __future__ import annotations

import ast
import functools
import inspect
import sys
import sysconfig
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, FunctionType, ModuleType
from typing import Any, Protocol

from notifykit.terminal.console import count
from notifykit.wording.translation import gettext
from notifykit_compat.errors import ShimError
from notifykit_compat.findings import Finding, Findings
from notifykit_compat.names import FUNCTIONS, PLAN, TASK_CLASS
from notifykit_compat.reading import parsed

StandIn = Callable[..., Any]
"""Called with the caller's frame, the program's own function, and the arguments."""

_MARK = "__notifykit_shim__"
_INSTALLED = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")})
_TASK_METHODS = {"save": 0, "update_status": 1}
"""Parameters beside `self`."""


class StandsIn(Protocol):
    """What the shim offers once the project is read."""

    def function(self, part: str, name: str) -> StandIn:
        """Return what a function becomes. Of the class `Task`, `part` is its name."""
        ...


@dataclass(slots=True)
class Replacing:
    """Replaces functions in modules that have finished executing. The shim itself may come later."""

    findings: Findings
    shim: StandsIn | None = None
    replaced: list[str] = field(default_factory=list)
    """`module.function`, in order."""

    def replace_in(self, part: str, module: ModuleType) -> None:
        """Replace what can be, and tell of what cannot."""
        originals: dict[int, str] = {}
        for name, expected in {**FUNCTIONS.get(part, {}), **PLAN}.items():
            original = vars(module).get(name)
            if name in PLAN and getattr(original, "__module__", None) != module.__name__:
                continue  # it is imported from where it is replaced
            if original is None:
                place = module.__file__ or module.__name__
                self._note(
                    place,
                    gettext("there is no {name}", name=name),
                    gettext("what it would have done is left to the program"),
                )
            elif is_ours(original):
                continue
            elif why := _unlike(original, expected.takes, expected.more):
                self._odd(_place(original, module), gettext("{name} {why}, so it is not replaced", name=name, why=why))
            else:
                originals[id(original)] = name
                setattr(module, name, self._stand_in(part, name, original))
                self.replaced.append(f"{module.__name__}.{name}")
        if part == "task_manager":
            originals |= self._replace_task(module)
        if originals:
            for place, name in _bound_early(originals, module):
                self._unsafe(
                    place,
                    gettext("bound {module}.{name} before the shim replaced it", module=module.__name__, name=name),
                    gettext("import notifykit_compat and call install() before that, or use `notifykit shim`"),
                )

    def _replace_task(self, module: ModuleType) -> dict[int, str]:
        original = vars(module).get(TASK_CLASS)
        if not inspect.isclass(original) or is_ours(original):
            return {}
        for name, takes in _TASK_METHODS.items():
            method = vars(original).get(name)
            if why := _unlike(method, takes + 1):
                place = _place(method if method is not None else original, module)
                method_name = f"{TASK_CLASS}.{name}"
                self._odd(place, gettext("{name} {why}, so the class is not replaced", name=method_name, why=why))
                return {}
        methods = {name: self._method(name, getattr(original, name)) for name in _TASK_METHODS}
        members = {"__doc__": original.__doc__, "__module__": original.__module__, _MARK: True, "id": self._id()}
        setattr(module, TASK_CLASS, type(TASK_CLASS, (original,), {**members, **methods}))
        self.replaced.append(f"{module.__name__}.{TASK_CLASS}")
        return {id(original): TASK_CLASS}

    def _stand_in(self, part: str, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        signature = inspect.signature(original)
        takes = len(signature.parameters)

        @functools.wraps(original)
        def stand_in(*args: Any, **kwargs: Any) -> Any:
            if kwargs or len(args) != takes:
                bound = signature.bind(*args, **kwargs)
                bound.apply_defaults()
                args = bound.args
            return self._found(part, name)(_caller(), original, *args)

        setattr(stand_in, _MARK, True)
        return stand_in

    def _method(self, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def stand_in(this: Any, *args: Any, **kwargs: Any) -> Any:
            return self._found(TASK_CLASS, name)(_caller(), original, this, *args, **kwargs)

        return stand_in

    def _id(self) -> property:
        """Return the attribute `id`, which is looked up when it is asked for, unless the program set it."""

        def read(this: Any) -> Any:
            own = vars(this).get("id")
            return self._found(TASK_CLASS, "id")(_caller(), read, this) if own is None else own

        def write(this: Any, value: Any) -> None:
            vars(this)["id"] = value

        return property(read, write)

    def _found(self, part: str, name: str) -> StandIn:
        if self.shim is None:
            raise ShimError(
                gettext("is called while notifykit.yaml is being read"),
                mend=gettext("let no sender's module call it"),
                where=name,
            )
        return self.shim.function(part, name)

    def _odd(self, place: str, what: str) -> None:
        mend = gettext("give it the usual parameters, or keep the program away from migrated campaigns")
        self._unsafe(place, what, mend)

    def _unsafe(self, place: str, what: str, mend: str) -> None:
        self.findings.unsafe(Finding(place=place, what=what, mend=mend))

    def _note(self, place: str, what: str, mend: str) -> None:
        self.findings.note(Finding(place=place, what=what, mend=mend))


def _caller() -> FrameType:
    """Return the frame that called a stand-in."""
    frame = inspect.currentframe()
    assert frame is not None  # noqa: S101 - CPython has them
    stand_in = frame.f_back
    assert stand_in is not None  # noqa: S101 - it called this
    assert stand_in.f_back is not None  # noqa: S101 - it was called
    return stand_in.f_back


def is_ours(thing: object) -> bool:
    """Whether the shim put it there."""
    return bool(getattr(thing, _MARK, False))


def unlike(parameters: int, *, others: bool, takes: int, more: int = 0) -> str:
    """Say how a signature differs from what is expected; empty where it does not."""
    if others or not takes <= parameters <= takes + more:
        if others:
            return gettext("takes other parameters, not {takes}", takes=takes)
        return gettext("takes {parameters}, not {takes}", parameters=count(parameters, "parameter"), takes=takes)
    return ""


def _unlike(thing: object, takes: int, more: int = 0) -> str:
    if not isinstance(thing, FunctionType):
        return gettext("is a {name}, not a plain function", name=type(thing).__name__)
    parameters = inspect.signature(thing).parameters.values()
    plain = [one for one in parameters if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
    return unlike(len(plain), others=len(plain) != len(parameters), takes=takes, more=more)


def _place(thing: object, module: ModuleType) -> str:
    code = getattr(thing, "__code__", None)
    if code is not None:
        return f"{code.co_filename}:{code.co_firstlineno}"
    return str(module.__file__ or module.__name__)


def _bound_early(originals: dict[int, str], home: ModuleType) -> Iterator[tuple[str, str]]:
    """Yield where other modules hold the program's own functions: place, and the function's name."""
    for module in list(sys.modules.values()):
        # Python's own modules and installed packages are hundreds, and none imports from the program.
        file = getattr(module, "__file__", None)
        if module is home or file is None or file.startswith(_INSTALLED):
            continue
        for bound, value in list(vars(module).items()):
            if (name := originals.get(id(value))) is not None:
                yield _line_that_binds(file, bound), name


def _line_that_binds(file: str, name: str) -> str:
    """Return `file:line` of the statement by which a module has a name; the file alone where none is found."""
    if (tree := parsed(Path(file))) is None:
        return file
    star = 0
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            if any((alias.asname or alias.name) == name for alias in node.names):
                return f"{file}:{node.lineno}"
            if any(alias.name == "*" for alias in node.names):
                star = node.lineno
        elif isinstance(node, ast.Assign) and any(isinstance(to, ast.Name) and to.id == name for to in node.targets):
            return f"{file}:{node.lineno}"
    return f"{file}:{star}" if star else file
