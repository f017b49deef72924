"""What can stop a migration, each with the exit code that the shell sees."""

from __future__ import annotations

from notifykit.errors import ExitCode, NotifykitError


class PreflightError(NotifykitError):
    """The world is not fit to be migrated as it is; nothing was changed."""

    exit_code = ExitCode.PREFLIGHT_FAILED


class UnfinishedError(NotifykitError):
    """What stands in the way of a step, after other steps were done: the same command goes on there."""


class WorldChangedError(NotifykitError):
    """Something is neither as the plan found it nor as the plan leaves it; nothing further was changed."""

    exit_code = ExitCode.WORLD_CHANGED


class MigrationLockedError(NotifykitError):
    """Somebody else migrates, retires or rolls back in this project."""

    exit_code = ExitCode.LOCKED


class VerificationError(NotifykitError):
    """A check failed."""

    exit_code = ExitCode.VERIFICATION_FAILED
