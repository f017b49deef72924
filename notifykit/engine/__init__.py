"""The engine: starts the work of one project on many machines.

Its jobs are bells, never messages: `drain` a channel, `generate` or `settle` a campaign, look for what fell due
(`tick`). The outbox decides what is done, so a bell that is lost, heard twice or heard late changes nothing but the
moment. procrastinate carries the bells, in tables of its own in a PostgreSQL database.
"""

from __future__ import annotations

from importlib import import_module

from notifykit.errors import NotifykitError
from notifykit.wording.translation import gettext

__all__ = ["EngineError", "require_libraries"]

EXTRA = 'pip install "notifykit-outbox[postgres]"'


class EngineError(NotifykitError):
    """The engine's database cannot be used, or what the engine needs is not installed."""


def require_libraries() -> None:
    """Raise EngineError where procrastinate or psycopg are not installed."""
    try:
        for name in ("procrastinate", "psycopg"):
            import_module(name)
    except ImportError as error:
        raise EngineError(
            gettext("the engine needs procrastinate and psycopg ({error})", error=error), mend=EXTRA
        ) from error
