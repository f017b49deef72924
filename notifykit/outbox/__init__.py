"""The outbox: the one durable truth about every message. `protocol` says what a store does."""

from notifykit.outbox.sqlite.store import SqliteOutbox

__all__ = ["SqliteOutbox"]
