"""The program's own SQL over its task table: on its connections, what it inserts and updates goes to the outbox.

Such a connection gets a view of its own by the table's name, with triggers that hand on to the shim. Reading is as
before: the table has the old columns first, and rows that notifykit sends are never `pending`, so nobody sends them.
"""

from __future__ import annotations

import inspect
import os
import sqlite3
from types import FrameType

from notifykit.wording.translation import gettext
from notifykit_compat import planned
from notifykit_compat.activation import Staged
from notifykit_compat.errors import ShimError
from notifykit_compat.runtime import Runtime
from notifykit_compat.tasks import Tasks

# The table as the connection sees it: all of it, by its own name.
_VIEW = "CREATE TEMP VIEW tasks AS SELECT * FROM main.tasks"

# What is inserted: to the outbox. A view knows no defaults.
_INSERT = """
CREATE TEMP TRIGGER notifykit_inserts INSTEAD OF INSERT ON tasks BEGIN
    SELECT notifykit_create(NEW.task_type, NEW.recipient, NEW.message, NEW.status, NEW.metadata);
END
"""

# What is updated: a status, as `update_task` writes it.
_UPDATE = """
CREATE TEMP TRIGGER notifykit_updates INSTEAD OF UPDATE ON tasks WHEN NEW.status IS NOT OLD.status BEGIN
    SELECT notifykit_update(OLD.id, NEW.status);
END
"""

# What is updated of a row that no campaign owns, through the shim's connection: a trigger of the view cannot name it.
_OTHER = "UPDATE tasks SET status = ?, updated_at = ? WHERE id = ?"

# What is deleted: nothing.
_DELETE = """
CREATE TEMP TRIGGER notifykit_deletes INSTEAD OF DELETE ON tasks BEGIN
    SELECT RAISE(ABORT, 'notifykit: tasks are kept; `notifykit resolve` cancels what nobody wants');
END
"""


class OwnSql:
    """Dresses connections of the program."""

    def __init__(self, runtime: Runtime, tasks: Tasks) -> None:
        self._runtime = runtime
        self._tasks = tasks

    def dress(self, connection: sqlite3.Connection) -> None:
        """Give a connection the view. One that is no connection to the store stays as it is."""
        store = os.path.realpath(self._runtime.project.store_file())
        files = connection.execute("PRAGMA database_list").fetchall()
        if not any(name == "main" and file and os.path.realpath(file) == store for _, name, file in files):
            return
        connection.create_function("notifykit_create", 5, self._create)
        connection.create_function("notifykit_update", 2, self._update)
        for statement in (_VIEW, _INSERT, _UPDATE, _DELETE):
            connection.execute(statement)

    def _create(self, task_type: str, recipient: str, message: str, status: str | None, metadata: str | None) -> None:
        if status not in (None, "pending"):
            raise ShimError(
                gettext("inserts a task that is {status} already", status=status),
                mend=gettext("let it use `Task.save`"),
            )
        one = Staged(str(task_type), str(recipient), str(message))
        planned.take(self._runtime, _caller(), one, metadata)

    def _update(self, id_: int, status: str) -> None:
        self._tasks.update_task(_caller(), self._update_other, id_, status)

    def _update_other(self, id_: int, status: str) -> None:
        """Update a row that no campaign owns, as the statement would: its own program sends it, and says so."""
        with self._runtime.store.use() as outbox, outbox.transaction():
            db = outbox.db
            db.execute(_OTHER, (status, db.local_time(db.clock.now()), id_))


def _caller() -> FrameType:
    """Return the frame whose statement is running."""
    frame = inspect.currentframe()
    assert frame is not None  # noqa: S101 - CPython has them
    ours = frame.f_back
    assert ours is not None  # noqa: S101 - it called this
    assert ours.f_back is not None  # noqa: S101 - SQLite runs in it
    return ours.f_back
