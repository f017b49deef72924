"""The old state that a rollback builds on: what the old program wrote last, and what its files say now."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from notifykit.campaign.campaign import Campaign
from notifykit.durable import mend
from notifykit.durable.ordinary import read_ordinary
from notifykit.errors import CampaignError
from notifykit.legacy import Disposal, Flag, KeepsFlags, LegacyState
from notifykit.model import Record
from notifykit.pipeline.alike import unusable_key
from notifykit.pipeline.project import Project
from notifykit.wording.translation import gettext
from notifykit_migration.backup import make as backups
from notifykit_migration.backup.in_force import decided, retired_path, under_present_names
from notifykit_migration.errors import PreflightError
from notifykit_migration.files.paths import resolved, shown
from notifykit_migration.journal.folder import MigrationFolder
from notifykit_migration.legacy.campaigns import legacy_states, status_path
from notifykit_migration.legacy.refusals import as_migrated, keeper_of
from notifykit_migration.legacy.status_file import StatusFile, parse_status
from notifykit_migration.model import FLAG_COLUMN, ContractPlan, FlagState
from notifykit_migration.store.migrated import migrated_campaigns, migrations


@dataclass(frozen=True, slots=True, kw_only=True)
class OldCampaign:
    """One campaign whose old state the migration retired."""

    campaign: Campaign
    keeper: KeepsFlags
    csv_file: str
    status_file: str
    status_path: Path
    retired: Path | None
    """Where `retire` puts the send-status file; None where this campaign was never migrated."""
    sent_word: str
    backed_up: bytes | None
    """The send-status file as the old program left it; None: there was none."""
    status: StatusFile
    """The same, read."""
    contracts: Mapping[str, ContractPlan]
    """What was decided, by key; see `decided`."""
    store_copy: Path | None
    """The store as it was before its migration; None where there was none."""

    @property
    def name(self) -> str:
        """The campaign's name."""
        return self.campaign.name

    def columns(self) -> dict[str, FlagState]:
        """Return what the CSV says now: see `columns_of`."""
        return columns_of(self.campaign, self.keeper)

    def now(self) -> bytes | None:
        """Return the send-status file as it is now; None where there is none. Raises PreflightError."""
        return content_of(self.status_path, self.status_file)


def columns_of(campaign: Campaign, keeper: KeepsFlags) -> dict[str, FlagState]:
    """Return what a CSV says now, by key: unsent where any row of a key is. Raises PreflightError."""
    found: dict[str, FlagState] = {}
    flag_of = keeper.flag_of
    try:
        for item in campaign.records():
            if isinstance(item, Record) and (campaign.exact_keys or unusable_key(item) is None):
                flag = flag_of(item)
                if flag is Flag.UNSENT or item.key not in found:
                    found[sys.intern(item.key)] = FLAG_COLUMN[flag]
    except CampaignError as error:
        raise PreflightError(f"{error}", mend=gettext("then run this again")) from error
    return found


def content_of(path: Path, name: str) -> bytes | None:
    """Return a file's content; None where there is none. Raises PreflightError where it cannot be read."""
    try:
        return read_ordinary(path, None)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise PreflightError(
            gettext("cannot be read {mend}; nothing was changed", mend=mend(error)), where=name
        ) from error


def old_campaigns(
    project: Project, folder: MigrationFolder, connection: sqlite3.Connection, active: Collection[str]
) -> list[OldCampaign]:
    """Return the campaigns that were migrated, and those of the same kind that were not and have tasks all the same.

    `connection`: of the store. `active`: the campaigns that have tasks. Raises PreflightError where one is not
    described as it was, and VerificationError where a backup is damaged.
    """
    owning = legacy_states(project)
    found = []
    done = migrated_campaigns(connection)
    for migration in migrations(connection):
        backup = backups.find(folder, migration.backup)
        plan = under_present_names(decided(backup), backup, connection)
        for number, part in enumerate(plan.campaigns):
            campaign = as_migrated(project, done, part.campaign)
            path = resolved(project.file.folder, part.status_file)
            data = backups.content(backup, path)
            found.append(
                _old(
                    project,
                    campaign,
                    status_file=part.status_file,
                    retired=retired_path(backup, number, part.status_file),
                    sent_word=part.sent_word,
                    backed_up=data,
                    contracts={contract.key: contract for contract in part.contracts},
                    store_copy=backups.store_copy(backup),
                )
            )
    known = {old.name for old in found}
    for campaign, state in owning:
        if state.disposal is Disposal.RETIRE and campaign.name in active and campaign.name not in known:
            found.append(_never_migrated(project, campaign, state))
    return found


def _never_migrated(project: Project, campaign: Campaign, state: LegacyState) -> OldCampaign:
    """Return a campaign that was run beside its old files: they are what the old program goes by."""
    path = status_path(project, state)
    return _old(
        project,
        campaign,
        status_file=shown(project.file.folder, path),
        retired=None,
        sent_word=state.sent_word,
        backed_up=content_of(path, shown(project.file.folder, path)),
        contracts={},
        store_copy=None,
    )


def _old(
    project: Project,
    campaign: Campaign,
    *,
    status_file: str,
    retired: Path | None,
    sent_word: str,
    backed_up: bytes | None,
    contracts: Mapping[str, ContractPlan],
    store_copy: Path | None,
) -> OldCampaign:
    keeper = keeper_of(campaign)
    project.start(campaign)
    return OldCampaign(
        campaign=campaign,
        keeper=keeper,
        csv_file=shown(project.file.folder, keeper.flag_file.resolve()),
        status_file=status_file,
        status_path=resolved(project.file.folder, status_file),
        retired=retired,
        sent_word=sent_word,
        backed_up=backed_up,
        status=StatusFile(words={}, there=False) if backed_up is None else parse_status(backed_up),
        contracts=contracts,
        store_copy=store_copy,
    )
