"""What the shim cannot replace safely: told once, with file and line, and refused where it is strict."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from notifykit.wording.translation import gettext
from notifykit_compat.errors import ShimRefusedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that a person should know."""

    place: str
    """`file:line`, or a file, or a campaign."""
    what: str
    mend: str

    def __str__(self) -> str:
        return gettext("{place}: {what}; {mend}", place=self.place, what=self.what, mend=self.mend)


class Findings:
    """Collects findings of any thread, and tells each of them once."""

    def __init__(self, tell: Callable[[str], None], *, strict: bool) -> None:
        self._tell = tell
        self.strict = strict
        self._lock = threading.Lock()
        self._known: dict[Finding, None] = {}

    def anew(self) -> Findings:
        """Return one for a process that was forked off: with what was told, and a lock of its own."""
        made = Findings(self._tell, strict=self.strict)
        made._known.update(self._known)
        return made

    def note(self, finding: Finding) -> None:
        """Tell something that is worth knowing, and is safe."""
        with self._lock:
            if finding in self._known:
                return
            self._known[finding] = None
        self._tell(gettext("notifykit shim: {finding}", finding=finding))

    def unsafe(self, finding: Finding) -> None:
        """Report something that bypasses the shim. Raises ShimRefusedError where the shim is strict."""
        if self.strict:
            with self._lock:
                self._known[finding] = None
            raise ShimRefusedError(gettext("{finding} (refused because of --strict)", finding=finding))
        self.note(finding)

    @property
    def all(self) -> tuple[Finding, ...]:
        """What was found until now."""
        with self._lock:
            return tuple(self._known)
