"""The outbox in PostgreSQL 15 or newer, for several machines. Needs psycopg: `notifykit-outbox[postgres]`."""
