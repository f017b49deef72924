"""What an alert says of a campaign that was migrated: that there is a way back."""

from __future__ import annotations

from collections.abc import Collection

from notifykit.pipeline.project import Project
from notifykit.wording import Reason
from notifykit_migration.files.reading import looked_at
from notifykit_migration.store.migrated import migrated_campaigns
from notifykit_migration.wording.advice import ROLL_BACK

KINDS = frozenset(("perhaps_twice", "in_doubt", "dead_letters", "success_rate", "failing", "errors_logged", "reported"))
"""What can be a duplicate, a loss, or something that does not do its work any more."""


def advice(kind: str, campaigns: Collection[str], project: Project) -> Reason | None:
    """Say that `rollback` is the way back, where any of the campaigns was migrated. Raises StoreError."""
    file = project.configuration.settings.store.file
    if kind not in KINDS or file is None or not file.exists():
        return None
    with looked_at(file) as connection:
        found = [name for name in migrated_campaigns(connection) if name in campaigns]
    return ROLL_BACK(campaigns=", ".join(found)) if found else None
