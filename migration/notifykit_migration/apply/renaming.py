"""Takes what is kept of a migrated campaign along when it gets another name: the fence, and the record in the store.

Plans, backups and archives are never written to: a campaign is known in them by its send-status file, which belongs to
it alone, and the store says which campaign that is now.
"""

from __future__ import annotations

from pathlib import Path

from notifykit.errors import CampaignError
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.protocol import Outbox
from notifykit.wording.translation import gettext
from notifykit_migration.errors import PreflightError
from notifykit_migration.journal.folder import MigrationFolder
from notifykit_migration.journal.journal import Journal
from notifykit_migration.journal.lock import migration_lock
from notifykit_migration.journal.phase import Phase, state_of
from notifykit_migration.store import migrated
from notifykit_migration.store.fence import OTHERS

_GO_ON = {Phase.MIGRATING: "migrate", Phase.ROLLING_BACK: "rollback"}


def rename_kept(old: str, new: str, outbox: Outbox, folder: Path, *, who: str, why: str) -> bool:
    """Rename a migrated campaign, within the store's open transaction. Returns whether it is one.

    The journal tells that it was begun, and of every time that it was begun again.

    Raises CampaignError where both names are of migrated campaigns, or one is that of other programs' messages;
    PreflightError where a migration or a rollback is half done; MigrationLockedError.
    """
    if not isinstance(outbox, SqliteOutbox):
        return False
    connection = outbox.db.connection
    place = MigrationFolder.of(folder)
    if not (place.journal.exists() or migrated.is_migrated(connection)):
        return False
    if OTHERS in (old, new):
        raise CampaignError(
            gettext('"{others}" is the name under which the messages of other programs are kept', others=OTHERS),
            mend=_keep(old),
        )
    done = migrated.migrated_campaigns(connection)
    if new in done:
        raise CampaignError(
            gettext("campaign {new} was migrated itself, and two campaigns cannot become one", new=new), mend=_keep(old)
        )
    with migration_lock(place, "campaign rename"), Journal(place.journal) as journal:
        phase = state_of(journal.entries).phase
        if (command := _GO_ON.get(phase)) is not None:
            raise PreflightError(
                gettext("the project is {phase}", phase=gettext(phase.value)),
                mend=gettext(
                    "put the name back (`name: {old}` in the file), run `notifykit {command}`, then rename",
                    old=old,
                    command=command,
                ),
                where=place.journal,
            )
        if old not in done:
            return False
        migrated.rename(outbox.db, old, new)
        journal.append("rename_begun", old=old, new=new, why=why, who=who)
    return True


def _keep(old: str) -> str:
    return gettext("nothing was changed: keep the name with `name: {old}` in the file", old=old)
