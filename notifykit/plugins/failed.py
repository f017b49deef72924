"""Plugins that are left out, each with the reason and the mend."""

from __future__ import annotations

import traceback
from dataclasses import dataclass, field

from notifykit.errors import NotifykitError, PluginError, told
from notifykit.plugins.report import PluginId
from notifykit.wording.translation import gettext


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedPlugin(PluginId):
    """A plugin that is left out, or whose commands are."""

    cause: str
    """The class of the exception."""
    what: str
    mend: str
    traceback: str = field(default="", repr=False, compare=False)
    """For the plugin's author; empty where the text says it all."""

    def __str__(self) -> str:
        return str(self.error)

    @property
    def error(self) -> PluginError:
        """What is wrong with it, as an error."""
        return PluginError(told(self.what, where=self.cause), mend=self.mend, where=PluginId.__str__(self))

    def as_data(self) -> dict[str, object]:
        """Return plain data for JSON."""
        mine = {"cause": self.cause, "what": self.what, "mend": self.mend, "traceback": self.traceback}
        return PluginId.as_data(self) | mine


def described(of: PluginId, error: BaseException, mend: str | None = None) -> FailedPlugin:
    """Describe what a plugin raised, and how to mend it."""
    ours = isinstance(error, NotifykitError)
    if isinstance(error, NotifykitError):
        said, mend = told(error.what, where=error.where), mend or error.mend
    else:
        said = _text(error)
    what = " ".join(said.split()) or gettext("(no message)")
    return FailedPlugin(
        name=of.name,
        distribution=of.distribution,
        version=of.version,
        cause=type(error).__name__,
        what=what,
        mend=mend or _mend(of, error),
        traceback="" if ours else "".join(traceback.format_exception(error)),
    )


def _text(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return gettext("{what} ({file}, line {line})", what=error.msg, file=error.filename, line=error.lineno)
    if isinstance(error, SystemExit):
        return gettext("it ended the program with {code!r}", code=error.code)
    # Survives an exception whose own __str__ raises.
    return "".join(traceback.TracebackException.from_exception(error).format_exception_only()).partition(": ")[2]


def _mend(of: PluginId, error: BaseException) -> str:
    block = gettext("or leave it out ({name!r} under `plugins: block:` in notifykit.yaml)", name=of.name)
    if of.local:
        return gettext("mend it, {block}; `notifykit plugins --json` has the traceback", block=block)
    if isinstance(error, ModuleNotFoundError) and error.name:
        return gettext(
            "install what provides the module {name!r}, reinstall {distribution}, {block}",
            name=error.name,
            distribution=of.distribution,
            block=block,
        )
    return gettext(
        "upgrade or uninstall {distribution}, {block}; its author needs the traceback (`notifykit plugins --json`)",
        distribution=of.distribution,
        block=block,
    )
