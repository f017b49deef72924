"""Errors that a user can mend: caught once at the top, shown without a traceback.

Anything else that escapes is a defect of ours and keeps its traceback.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from enum import IntEnum
from typing import TYPE_CHECKING

from notifykit.wording.translation import gettext, joined

if TYPE_CHECKING:
    from notifykit.wording import Reason

__all__ = [
    "CampaignError",
    "ConfigError",
    "ExitCode",
    "HeldCampaignError",
    "NotifykitError",
    "PluginClash",
    "PluginError",
    "RenderError",
    "StoreError",
    "pass_interrupt",
]


class ExitCode(IntEnum):
    """The exit codes, which are the same for every command."""

    DONE = 0
    ERROR = 1
    USAGE = 2
    HELD = 3
    PREFLIGHT_FAILED = 4
    WORLD_CHANGED = 5
    LOCKED = 6
    VERIFICATION_FAILED = 7
    INTERRUPTED = 130


class NotifykitError(Exception):
    """Something a person can mend: its text is `where: what; mend`, of which only `what` must be there."""

    exit_code = ExitCode.ERROR

    def __init__(self, what: str, *, mend: str = "", where: object = "", more: Sequence[str] = ()) -> None:
        self.where = str(where)
        """A file, `file:line`, a store, a folder; empty where the text names it, or nothing in particular is meant."""
        self.what = "\n".join((what, *more))
        self.mend = mend
        self.lines = (told(what, mend=mend, where=self.where), *more)
        """What is shown: the text, and `more` lines. A line end within one comes from data."""
        super().__init__("\n".join(self.lines))

    def __str__(self) -> str:
        """Return the lines, which know their English: what is stored of an error is that."""
        return joined("\n", self.lines)

    def as_data(self) -> dict[str, str | None]:
        """Return plain data for JSON: `where`, `what`, `mend`, null where they are empty."""
        return {"where": self.where or None, "what": self.what, "mend": self.mend or None}


class ConfigError(NotifykitError):
    """The configuration is invalid. Nothing was started; the text lists every defect at once."""

    exit_code = ExitCode.PREFLIGHT_FAILED


class CampaignError(NotifykitError):
    """One campaign cannot go on (a torn file, a missing column); the others can."""


class HeldCampaignError(CampaignError):
    """One campaign may queue nothing, since that would be sent again."""

    def __init__(self, reason: Reason | str, *, where: object = "") -> None:
        super().__init__(f"{reason}", where=where)
        self.reason = reason
        """With its code, where it has one."""


class RenderError(NotifykitError):
    """A template cannot be rendered for one record; the others can."""


class StoreError(NotifykitError):
    """The outbox cannot be opened or written: not a database, too new, read-only, disk full, locked."""

    def __init__(self, what: str, *, mend: str = "", where: object = "", passing: bool = False) -> None:
        super().__init__(what, mend=mend, where=where)
        self.passing = passing
        """Whether the same may succeed later: the store is locked, the disk is full."""


class StoreChangedError(StoreError):
    """A store was written to while it was read without locks: what was read may not fit together."""

    def __init__(self, where: object) -> None:
        super().__init__(gettext("is being written to just now"), mend=gettext("try again"), where=where, passing=True)


class StoreDamagedError(StoreError):
    """A store is there, and what is in it is not whole: `notifykit store check` lists what it lacks."""


class PluginError(NotifykitError):
    """A plugin is broken, missing, or claims a name that another one holds."""


class PluginClash(PluginError):  # noqa: N818 - the name that plugin authors read in the hook pages
    """Two plugins offer the same type name."""


def told(what: str, *, mend: str = "", where: str = "") -> str:
    """Return `where: what; mend`, of which only `what` must be there."""
    said = gettext("{what}; {mend}", what=what, mend=mend) if mend else what
    return gettext("{where}: {what}", where=where, what=said) if where else said


def pass_interrupt(error: BaseException) -> None:
    """Raise `error` again where it is the user's Ctrl-C, which Python raises in the main thread alone.

    Called where BaseException is caught around third-party code: whatever else that raises (SystemExit, GeneratorExit,
    the panic of an extension module) is a failure of that code, and ends nothing else.
    """
    if isinstance(error, KeyboardInterrupt) and threading.current_thread() is threading.main_thread():
        raise error
