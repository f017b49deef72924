"""What was moved of a key to an archive, for whoever asks for its story."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from notifykit.errors import StoreChangedError, StoreError
from notifykit.operate.archives import archive_path, files_here
from notifykit.outbox.address import OpenedOutbox
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.pruned import KeepsPruned

if TYPE_CHECKING:
    from notifykit.operate.pruning import Archived
    from notifykit.pipeline.project import Project

__all__ = ["archived_of"]


def archived_of(
    project: Project, outbox: Outbox, key: str, campaign: str | None, warn: Callable[[StoreError], None]
) -> Archived | None:
    """Return what was moved of the key, also where only an archive knows of it.

    An archive that cannot be read is an error where messages of the key are there, and else `warn` is told of it.
    """
    if not isinstance(outbox, KeepsPruned):
        return None
    path = archive_path(project.configuration.settings.store, project.file.file.absolute())
    known = outbox.pruned(key, campaign)
    if not known and not files_here(path, outbox.archives()):
        return None
    from notifykit.operate.pruning import archived  # seldom needed

    identity = cast(OpenedOutbox, outbox).identity  # the project opened it
    try:
        return archived(outbox, path, key, campaign, project.clock, identity=identity)
    except StoreChangedError:
        raise
    except StoreError as error:
        if known:
            raise
        warn(error)
        return None
