"""The outbox: the one durable truth about every message."""

from notifykit.outbox.protocol import Outbox
from notifykit.outbox.sqlite.store import SqliteOutbox

__all__ = ["Outbox", "SqliteOutbox"]
