"""The outbox that a project has had, remembered beside its project file.

A store that was moved or deleted must not be followed by an empty one: everything whose flag does not say so yet would
be sent again. So a project remembers the identity of its store, and works with no other until a person says so. What
looks at a store looks at that one, and once more where it was written to meanwhile.
"""

from __future__ import annotations

import json
import logging
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, ParamSpec, Self, TypeVar

from notifykit import durable
from notifykit.clock import Clock
from notifykit.durable.ordinary import read_ordinary
from notifykit.errors import StoreChangedError, StoreError, told
from notifykit.wording.translation import gettext, gettext_noop

if TYPE_CHECKING:
    from notifykit.config.project import ProjectFile
    from notifykit.outbox.address import OpenedOutbox, StoreAddress

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

_LOOKS = 5
"""Times that a store is read anew, before it is told that it is written to all the time."""

ACCEPT = gettext_noop("where a new one is meant, run `notifykit store accept`")
_ABOUT = "The outbox that this project works with; `notifykit docs states` says why. Written by notifykit."


class KnownStore(NamedTuple):
    """What a project remembers, in a file of its own."""

    file: Path
    project: Path
    """The project file: whoever may read it may read this."""

    @classmethod
    def of(cls, project: Path) -> Self:
        """Return that of the project with this project file: `notifykit-store.json` beside `notifykit.yaml`."""
        return cls(project.with_name(f"{project.stem}-store.json"), project)

    def identity(self) -> str | None:
        """Return the identity of the outbox that the project has had; None where it has had none.

        None also where this account may not read it. Raises StoreError where it is damaged, or no file.
        """
        try:
            said = json.loads(read_ordinary(self.file))
        except FileNotFoundError:
            return None
        except PermissionError as error:
            log.info("%s cannot be read: %s", self.file, error)
            return None
        except OSError as error:
            raise StoreError(
                gettext("cannot be read ({why})", why=error.strerror),
                mend=gettext("delete it; {accept}", accept=gettext(ACCEPT)),
                where=self.file,
            ) from error
        except (ValueError, RecursionError):
            said = None
        if isinstance(said, dict) and isinstance(found := said.get("identity"), str) and found:
            return found
        raise StoreError(
            gettext("does not say which outbox this project has"),
            mend=gettext("delete it; {accept}", accept=gettext(ACCEPT)),
            where=self.file,
        )

    def require_there(self, store: StoreAddress) -> None:
        """Raise StoreError where the project has had an outbox, and there is none at this address."""
        if self.identity() is not None and not store.exists():
            gone = store.gone()
            raise type(gone)(gone.what, mend=told(gone.mend, mend=gettext(ACCEPT)), where=gone.where)

    def remember(self, identity: str) -> None:
        """Keep which outbox the project has. Where the folder cannot be written, nothing is kept."""
        if self.identity() == identity:
            return
        beginning = f".{self.file.name}."
        fresh = self.file.with_name(beginning + os.urandom(4).hex())
        text = json.dumps({"about": _ABOUT, "identity": identity}, indent=2) + "\n"
        try:
            for left in self.file.parent.iterdir():  # by a process that was killed; one that is alive says the same
                if left.name.startswith(beginning):
                    left.unlink(missing_ok=True)
            durable.write_new(fresh, text.encode())
            fresh.chmod(stat.S_IMODE(self.project.stat().st_mode) & 0o666)
            durable.replace(fresh, self.file)
        except OSError as error:
            with suppress(OSError):
                fresh.unlink()
            log.info("%s cannot be written (%s): a store that is moved away is not noticed later", self.file, error)

    def forget(self) -> None:
        """Take any outbox for that of the project, a new one too. Raises OSError."""
        self.file.unlink(missing_ok=True)
        durable.sync_folder(self.file.parent)


@contextmanager
def looking(project: ProjectFile, store: StoreAddress, clock: Clock) -> Iterator[OpenedOutbox]:
    """Look at a store. Raises StoreChangedError at the end where it is to be read again: see `looks`."""
    with closing(store.look(clock, identity=project.known_store.identity())) as outbox:
        try:
            yield outbox
        finally:
            outbox.require_unchanged()


def looks(look: Callable[P, T]) -> Callable[P, T]:
    """Have what looks do so again where the store was written to meanwhile.

    It tells nothing before it has read everything.
    """

    @wraps(look)
    def again(*args: P.args, **kwargs: P.kwargs) -> T:
        for _ in range(_LOOKS):
            with suppress(StoreChangedError):
                return look(*args, **kwargs)
        return look(*args, **kwargs)

    return again
