"""What the shim refuses to do."""

from __future__ import annotations

from notifykit.errors import ExitCode, NotifykitError


class ShimError(NotifykitError):
    """The shim cannot stand in here; the text says why, and the mend."""

    exit_code = ExitCode.PREFLIGHT_FAILED


class ShimRefusedError(ShimError):
    """Under `--strict`: something that the shim cannot replace safely."""
