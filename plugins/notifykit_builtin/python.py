"""Messages to any Python function: how an existing desktop sender is used.

The function gets (recipient, text). Only what it returns counts: a function that returns nothing has proved nothing,
which is `unknown`. A campaign for such a sender sets `on_unknown: assume_sent`, as the program did that called it
before.
"""

from __future__ import annotations

import importlib
import inspect
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Literal

from notifykit.errors import PluginError, pass_interrupt
from notifykit.model import Message, Outcome
from notifykit.options import OptionError, ProjectPath
from notifykit.roles import Probe, SendContext
from notifykit.wording import Reason
from notifykit.wording.translation import gettext
from notifykit_builtin import NotSent, wording

_desktop = threading.Lock()
"""One for all senders of the process: they share one keyboard and one clipboard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Python:
    """Call a function with (recipient, text) for each message."""

    call: str
    """`module:function`; the function may be an attribute of something: `module:object.method`."""
    search_path: ProjectPath | None = None
    """Folder to look for the module in, after the installed packages."""
    one_at_a_time: bool = True
    """Make calls one after the other, over all such senders of the machine. A desktop needs it."""
    on_false: Literal["unknown", "retry", "rejected"] = "unknown"
    """What it means where the function returns False. It seldom proves that nothing was sent."""
    concurrency: int | None = field(init=False, repr=False, compare=False)
    resource: str | None = field(init=False, repr=False, compare=False)
    _function: Callable[[str, str], object] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "concurrency", 1 if self.one_at_a_time else None)
        object.__setattr__(self, "resource", "desktop" if self.one_at_a_time else None)
        object.__setattr__(self, "_function", _find(self.call, self.search_path))

    def send(self, message: Message, context: SendContext) -> Outcome:
        """Call the function once, and judge by what it returns."""
        turn: AbstractContextManager[object] = _desktop if self.one_at_a_time else nullcontext()
        with turn:
            if not context.still_held():
                return Outcome.retry("claim_taken", wording.CLAIM_TAKEN().text)
            try:
                result = self._function(message.recipient, message.text)
            except NotSent as error:
                return Outcome.retry(error.code, wording.NOT_SENT().text, after=error.after)
            except BaseException as error:  # noqa: BLE001 - recorded as the outcome
                pass_interrupt(error)
                context.log.warning("%s: %s", self.call, _raised(error))
                return Outcome.unknown(type(error).__name__, wording.FAILED(error=_raised(error)).text)
        return self._believe(result)

    def probe(self, timeout: float) -> Probe:  # noqa: ARG002 - part of the role
        """Say that only a call tells."""
        return Probe.not_asked(gettext("a function is there to be called; only a message tells"))

    def _believe(self, result: object) -> Outcome:
        if isinstance(result, Outcome):
            return result
        if result is True:
            return Outcome.accepted()
        if result is None:
            return Outcome.unknown("returned_none", wording.RETURNED_NOTHING().text)
        if result is False and self.on_false == "retry":
            return Outcome.retry("returned_false", wording.RETURNED_FALSE().text)
        if result is False and self.on_false == "rejected":
            return Outcome.rejected("returned_false", wording.RETURNED_FALSE().text)
        word = type(result).__name__ if result is not False else "False"
        return Outcome.unknown(f"returned_{word.lower()}", wording.NO_YES(word=word).text)


def _find(call: str, search_path: Path | None) -> Callable[[str, str], object]:
    """Return the function. Raises ValueError that says what is missing where."""
    module_name, colon, path = call.partition(":")
    if not colon or not all(part.isidentifier() for part in [*module_name.split("."), *path.split(".")]):
        raise OptionError("call", gettext('must be "module:function", not {call!r}', call=call))
    found: object = _import(module_name, search_path)
    for name in path.split("."):
        if not hasattr(found, name):
            raise OptionError(
                "call",
                gettext("{module_name} has no {path}", module_name=module_name, path=path),
                mend=gettext("write the name as it stands there"),
            )
        found = getattr(found, name)
    if not callable(found):
        raise OptionError(
            "call", gettext("{call} is a {kind}", call=call, kind=type(found).__name__), mend=gettext("name a function")
        )
    if inspect.iscoroutinefunction(found):
        raise OptionError(
            "call",
            gettext("{call} is a coroutine function", call=call),
            mend=gettext("name one that has sent when it returns"),
        )
    try:
        inspect.signature(found).bind("recipient", "text")
    except TypeError as error:
        raise OptionError(
            "call",
            gettext("{call} cannot be called with (recipient, text): {error}", call=call, error=error),
            mend=gettext("wrap it in one that can"),
        ) from error
    except ValueError:
        pass  # Functions written in C may have no signature to ask for.
    return found


def _import(name: str, search_path: Path | None) -> ModuleType:
    if search_path is not None:
        if not search_path.is_dir():
            raise OptionError(
                "search_path",
                gettext("{search_path} is not a folder", search_path=search_path),
                mend=gettext("name the one that holds {name}", name=name),
            )
        if str(search_path) not in sys.path:
            sys.path.append(str(search_path))
    importlib.invalidate_caches()  # a module may be younger than the last look at its folder, within one tick
    try:
        module = importlib.import_module(name)
    except BaseException as error:
        pass_interrupt(error)
        # The text of an import error names a module; that of another error may hold anything.
        why = (
            f"{type(error).__name__}: {error}"
            if isinstance(error, ImportError)
            else wording.WORDING.said(_raised(error))
        )
        if isinstance(error, SyntaxError):
            raise PluginError(
                gettext("call: {name} is not Python ({why})", name=name, why=why), mend=gettext("correct that line")
            ) from error
        mend = (
            gettext("install what it needs")
            if search_path
            else gettext("install it, or name its folder in search_path")
        )
        what = gettext("{name} cannot be imported ({why})", name=name, why=why)
        if isinstance(error, ModuleNotFoundError) and error.name and f"{name}.".startswith(f"{error.name}."):
            raise OptionError("call", what, mend=mend) from error  # there is no such module: a wrong configuration
        raise PluginError(
            gettext("call: {what}", what=what), mend=mend
        ) from error  # it does not work here: no display, no desktop
    if search_path is not None:
        _check_origin(module, search_path)
    return module


def _check_origin(module: ModuleType, search_path: Path) -> None:
    """Refuse a module of the same name from elsewhere: the wrong function would be called."""
    origin = module.__spec__.origin if module.__spec__ else None
    if origin is None or not Path(origin).resolve().is_relative_to(search_path.resolve()):
        raise OptionError(
            "call",
            gettext(
                "{module} came from {origin}, not from search_path {search_path}",
                module=module.__name__,
                origin=origin,
                search_path=search_path,
            ),
            mend=gettext("rename one of the two, or drop search_path"),
        )


def _raised(error: BaseException) -> Reason:
    """Say what was raised, and where, without its text, which may hold a secret."""
    if isinstance(error, SyntaxError):  # its text speaks of the code's form
        return Reason(f"{error.filename}:{error.lineno}: {error.msg}")
    *_, (frame, line) = traceback.walk_tb(error.__traceback__)
    return wording.RAISED(kind=type(error).__name__, place=f"{Path(frame.f_code.co_filename).name}:{line}")
