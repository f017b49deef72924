"""Defects that pluggy lets pass in silence, or words for the plugin's author badly."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

import pluggy

from notifykit import hookspecs
from notifykit.errors import PluginError
from notifykit.wording.translation import gettext, joined

if TYPE_CHECKING:
    from pluggy import HookimplOpts, HookspecOpts

NEEDED_METHOD = {
    "sources": "read",
    "strategies": "decide",
    "senders": "send",
    "legacy": "state",
    "sections": None,
    "observers": None,
    "stores": "open",
    "secrets": "read",
}
"""What a class must have to be offered under each role, beside its fields."""

_ROLES = {"legacy": "notifykit.legacy", "stores": "notifykit.outbox.address"}
_USUAL_ROLES = "notifykit.roles"
"""Where the roles themselves are: a needed method that stands there was not written."""


class Manager(pluggy.PluginManager):
    """pluggy's manager looks closely at each name of a module. This one looks at what has the mark of a hook."""

    def __init__(self) -> None:
        super().__init__(hookspecs.PROJECT)

    def parse_hookimpl_opts(self, plugin: object, name: str) -> HookimplOpts | None:
        """Return how a function is marked, or None."""
        if isinstance(plugin, ModuleType):
            value = vars(plugin).get(name)
            options: HookimplOpts | None = getattr(value, f"{hookspecs.PROJECT}_impl", None)
            if options is None or isinstance(value, FunctionType):
                return options
        return super().parse_hookimpl_opts(plugin, name)

    def parse_hookspec_opts(self, module_or_class: object, name: str) -> HookspecOpts | None:
        """Return how a hook of `hookspecs` is marked, or None."""
        found: HookspecOpts | None = getattr(vars(module_or_class).get(name), f"{hookspecs.PROJECT}_spec", None)
        return found


def new_manager(hooks: Collection[str] | None = None) -> pluggy.PluginManager:
    """Return a plugin manager that knows these hooks, or all, and no plugin."""
    manager = Manager()
    if hooks is None:
        manager.add_hookspecs(hookspecs)
    elif hooks:
        some = ModuleType("hookspecs")  # pluggy looks longer at a class
        vars(some).update({hook: getattr(hookspecs, hook) for hook in hooks})
        manager.add_hookspecs(some)
    return manager


SPECIFIED = tuple(name for name, value in vars(hookspecs).items() if hasattr(value, f"{hookspecs.PROJECT}_spec"))
"""The names of all hooks."""


def _signature(hook: str) -> str:
    """Return a hook with its arguments, as `task_sent(task, outcome)`."""
    return f"{hook}({', '.join(_arguments(hook))})"


@cache
def _arguments(hook: str) -> Collection[str]:
    return inspect.signature(getattr(hookspecs, hook)).parameters


_NEVER_RUNS = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR | inspect.CO_ITERABLE_COROUTINE
_NAMES_MORE = inspect.CO_VARARGS | inspect.CO_VARKEYWORDS


def _is_plain(hook: str, function: Callable[..., object]) -> bool:
    """Whether a function runs when it is called, and takes nothing but what the hook gives, without a default.

    What is no function, or was decorated with more than the mark, is to be looked at closely.
    """
    if not isinstance(function, FunctionType) or len(vars(function)) != 1:
        return False
    code = function.__code__
    taken = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    return (
        not code.co_flags & (_NEVER_RUNS | _NAMES_MORE)
        and not (function.__defaults__ or function.__kwdefaults__)
        and all(name in _arguments(hook) for name in taken)
    )


def check_module(plugin: object) -> list[str]:
    """Return which hooks a plugin implements.

    Raises PluginError where some are misspelt, unmarked, take wrong arguments or would never run.
    """
    if isinstance(plugin, type):
        raise PluginError(
            gettext("the entry point names the class {qualname}", qualname=plugin.__qualname__),
            mend=gettext("let it name the module, or an instance of the class"),
        )
    hooks = dict(_marked(plugin))
    for name in SPECIFIED:
        value = vars(plugin).get(name) if isinstance(plugin, ModuleType) else inspect.getattr_static(plugin, name, None)
        if value is None or name in hooks:
            continue
        if inspect.isfunction(value) and not hasattr(value, f"{hookspecs.PROJECT}_spec"):
            raise PluginError(
                gettext("{name} is not marked as a hook", name=name), mend=gettext("put @notifykit.hookimpl above it")
            )
    if not hooks:
        raise PluginError(gettext("it implements no hook"), mend=gettext("mark its functions with @notifykit.hookimpl"))
    implemented = []
    for name, (function, options) in hooks.items():
        hook = options.get("specname") or name
        if hook in SPECIFIED:
            implemented.append(hook)
            _check_hook(hook, function, wrapper=bool(options["wrapper"] or options["hookwrapper"]))
        elif not options["optionalhook"]:
            from notifykit.wording.nearest import nearest  # only where something is wrong

            near = nearest(hook, SPECIFIED)
            mend = (
                gettext("did you mean {near!r}?", near=near)
                if near
                else gettext("the hooks are {known}", known=joined(gettext(", "), SPECIFIED))
            )
            raise PluginError(gettext("there is no hook called {hook!r}", hook=hook), mend=mend)
    return implemented


def _marked(plugin: object) -> Iterator[tuple[str, tuple[Callable[..., object], Mapping[str, Any]]]]:
    reader = Manager()
    for name in dir(plugin):
        options = reader.parse_hookimpl_opts(plugin, name)
        if options is not None:
            yield name, (getattr(plugin, name), options)


def _check_hook(hook: str, function: Callable[..., object], *, wrapper: bool) -> None:
    if _is_plain(hook, function):
        return
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise PluginError(
            gettext("{hook} is async, so it would never run", hook=hook), mend=gettext("write it as a plain function")
        )
    if inspect.isgeneratorfunction(function) and not wrapper:
        raise PluginError(
            gettext("{hook} contains a yield, so it would never run", hook=hook),
            mend=gettext("write it as a plain function"),
        )
    for name, parameter in inspect.signature(function).parameters.items():
        if name not in _arguments(hook):
            raise PluginError(
                gettext("{hook} takes {name!r}", hook=hook, name=name),
                mend=gettext("write it as {spec}, or with fewer arguments", spec=_signature(hook)),
            )
        if parameter.default is not parameter.empty:
            raise PluginError(
                gettext("{hook} has a default for {name!r}, which some pluggy never fills", hook=hook, name=name),
                mend=gettext("remove it"),
            )


def _check_observer(name: str, cls: type) -> None:
    heard = [hook for hook in SPECIFIED if callable(getattr(cls, hook, None))]
    if not heard:
        raise PluginError(
            gettext("the class {qualname} of type {name!r} hears nothing", qualname=cls.__qualname__, name=name),
            mend=gettext("give it a method such as {spec}", spec=_signature("task_sent")),
        )
    for hook in heard:
        method = inspect.getattr_static(cls, hook)
        bound = method.__get__(object(), cls) if hasattr(method, "__get__") else method
        _check_hook(hook, bound, wrapper=False)


def is_plain_line(text: object) -> bool:
    """Whether this is a text of one line, without spaces around it."""
    return isinstance(text, str) and bool(text) and text == text.strip() and text.isprintable()


def check_name(name: object) -> None:
    """Raise PluginError where a type cannot be called so."""
    if not is_plain_line(name):
        raise PluginError(
            gettext("a type cannot be called {name!r}", name=name),
            mend=gettext("give it a plain name such as 'acme_sms'"),
        )


def check_class(role: str, name: str, cls: object) -> Callable[..., Any]:
    """Return the class of a type. Raises PluginError where it cannot be used under this role."""
    if not isinstance(cls, type) or not dataclasses.is_dataclass(cls):
        raise PluginError(
            gettext("type {name!r} is offered as {cls!r}", name=name, cls=cls),
            mend=gettext("offer a class marked with @dataclass"),
        )
    if role == "observers":
        _check_observer(name, cls)
    method = NEEDED_METHOD[role]
    if method is None:
        return cls
    found, roles = getattr(cls, method, None), _ROLES.get(role, _USUAL_ROLES)
    if not callable(found) or getattr(found, "__module__", None) == roles:
        raise PluginError(
            gettext(
                "the class {qualname} of type {name!r} has no {method}()",
                qualname=cls.__qualname__,
                name=name,
                method=method,
            ),
            mend=gettext("add it ({roles})", roles=roles),
        )
    if inspect.iscoroutinefunction(found) or inspect.isasyncgenfunction(found):
        raise PluginError(
            gettext("{method}() of type {name!r} is async, so it would never run", method=method, name=name),
            mend=gettext("write it as a plain function"),
        )
    return cls
