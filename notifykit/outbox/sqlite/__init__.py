"""The outbox in SQLite: the default store."""
