"""The project's outbox, as the threads of a legacy program share it."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from notifykit.errors import CampaignError
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.sqlite import schema
from notifykit.pipeline.project import Project
from notifykit.wording.translation import gettext, gettext_noop
from notifykit_compat.contract_files import ContractFile
from notifykit_compat.errors import ShimError

_MIGRATE = gettext_noop("run `notifykit migrate` first; until then the program may run as it is, without the shim")


class Store:
    """One connection, used by one thread at a time; opened when it is first used."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._outbox: SqliteOutbox | None = None
        self._lock = threading.RLock()

    def open(self) -> None:
        """Open the store, and make it where there is none; not what a rollback gave back. Raises StoreError."""
        self._outbox = self._project.open_file()

    @contextmanager
    def use(self) -> Iterator[SqliteOutbox]:
        """Use it exclusively. Raises StoreError."""
        with self._lock:
            if self._outbox is None:
                self._outbox = self._project.open_file(create=False)
            yield self._outbox

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            if self._outbox is not None:
                self._outbox.close()


def require_migrated(project: Project, files: Mapping[Path, ContractFile]) -> None:
    """Raise ShimError where old state is about that no migration has read: what it knows would be sent again."""
    path = project.store_file()
    if _is_old(path):
        raise ShimError(
            gettext("holds the old program's tasks, which were not migrated"), mend=gettext(_MIGRATE), where=path
        )
    for file in files.values():
        try:
            project.require_may_generate(file.campaign)
        except CampaignError as error:
            raise ShimError(
                gettext("campaign {campaign}: {error}", campaign=file.campaign.name, error=error)
            ) from error


def _is_old(path: Path) -> bool:
    """Whether the store holds what the old program queued. One that is not there, or empty, does not."""
    if not path.exists():
        return False
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return schema.is_old_table(connection)
    except sqlite3.Error as error:
        raise ShimError(f"{error}", mend=gettext("check `store:` in notifykit.yaml"), where=path) from error
    finally:
        connection.close()
