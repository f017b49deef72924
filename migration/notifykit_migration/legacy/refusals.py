"""What a project's own files say that no migration can be with: one rule, which every command asks.

`check` and `verify` tell all of it; `migrate`, `rollback` and `retire` stop at the first.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import suppress

from notifykit.campaign.campaign import Campaign
from notifykit.errors import CampaignError, NotifykitError, StoreError
from notifykit.legacy import Disposal, KeepsFlags, LegacyState
from notifykit.model import Record
from notifykit.pipeline.project import Project
from notifykit.wording.translation import gettext
from notifykit_migration.errors import PreflightError
from notifykit_migration.files.paths import shown
from notifykit_migration.files.reading import looked_at
from notifykit_migration.legacy import task_table
from notifykit_migration.legacy.campaigns import (
    described,
    shared_status_files,
    shown_status_file,
    states,
    status_path,
)
from notifykit_migration.legacy.settings import others_of
from notifykit_migration.legacy.status_file import read_status_file
from notifykit_migration.legacy.unnamed import knowing, records_of, unnamed_files
from notifykit_migration.store.migrated import StoredCampaign, migrated_campaigns


def refusals(project: Project, connection: sqlite3.Connection | None) -> Iterator[NotifykitError]:
    """Yield what is wrong with what was migrated, and with what is to come.

    `connection`: of the store; None where there is none. Raises sqlite3.Error where the store cannot be read.
    """
    done = migrated_campaigns(connection) if connection is not None else {}
    yield from not_as_migrated(project, done)
    known = {stored.status_file for stored in done.values()}
    to_come = [
        (campaign, state)
        for campaign, state in states(project)
        if state.disposal is Disposal.RETIRE
        and campaign.name not in done
        and shown_status_file(project.file.folder, state) not in known
    ]
    for campaign, state in to_come:
        try:
            _to_come(project, campaign, state)
        except NotifykitError as error:
            yield error
    try:
        others_of(project.configuration)
        if to_come and connection is not None:
            task_table.tasks_table(connection)
    except NotifykitError as error:
        yield error


def not_as_migrated(project: Project, done: Mapping[str, StoredCampaign]) -> Iterator[NotifykitError]:
    """Yield what stands in the way back of what was migrated. `done`: that."""
    yield from shared_status_files(project)
    for name in done:
        try:
            as_migrated(project, done, name)
        except NotifykitError as error:
            yield error


def refusals_now(project: Project) -> list[NotifykitError]:
    """Return what is wrong, from the store as it is; where it cannot be read, what the files alone tell."""
    store = project.configuration.settings.store.file
    if store is not None and store.exists():
        with suppress(StoreError), looked_at(store) as connection:  # `check` tells it of the store itself
            return list(refusals(project, connection))
    return list(refusals(project, None))


def _to_come(project: Project, campaign: Campaign, state: LegacyState) -> None:
    """Raise PreflightError where a campaign cannot be migrated."""
    keeper, number = keeper_of(campaign), number_of(campaign, state)
    try:
        project.start(campaign)
        first = next((item for item in campaign.records() if isinstance(item, Record)), None)
    except CampaignError as error:
        raise PreflightError(str(error)) from error
    if first is not None:
        require_column(first, number)
    path = status_path(project, state)
    name = shown(project.file.folder, path)
    if read_status_file(path, name).there or not (files := unnamed_files(project, keeper)):
        return
    for other in knowing(project, files, records_of(campaign)):
        raise PreflightError(
            gettext(
                "its send-status file {name} is not there, and {file}, which no campaign names, knows "
                "{keys} of its records",
                name=name,
                file=other.file,
                keys=other.keys,
            ),
            mend=gettext(
                "correct `legacy: status_file:`, or move {file} elsewhere if what it says does not count",
                file=other.file,
            ),
            where=campaign.file,
        )


def require_column(record: Record, number: str) -> None:
    """Raise PreflightError where there is no column that stands in the texts of old messages."""
    if number not in record:
        raise PreflightError(
            gettext("there is no column {number!r}", number=number),
            mend=gettext("name the one that stands in the texts of the old messages with `legacy: {number: …}`"),
            where=record.table.origin,
        )


def keeper_of(campaign: Campaign) -> KeepsFlags:
    """Return what keeps the flags of a campaign. Raises PreflightError where nothing does."""
    if not isinstance(campaign.strategy, KeepsFlags):
        raise PreflightError(
            gettext(
                "its strategy keeps no flags ({kind}), so its old state cannot be read",
                kind=type(campaign.strategy).__name__,
            ),
            mend=gettext("use the strategy `contract` or `csv_flag`; where it was migrated, the one that it had then"),
            where=campaign.file,
        )
    if hasattr(campaign.source, "files"):
        raise PreflightError(
            gettext("its flags are in several files, and what an old program kept is about one"),
            mend=gettext("give that file a campaign of its own, with a source of type `csv`"),
            where=campaign.file,
        )
    return campaign.strategy


def number_of(campaign: Campaign, state: LegacyState) -> str:
    """Return the column that stands in the texts of old messages. Raises PreflightError where none is said."""
    if state.number is None:
        raise PreflightError(
            gettext("`legacy:` does not say which column stands in the texts of the old messages"),
            mend=gettext("name it with `legacy: {number: …}`"),
            where=campaign.file,
        )
    return state.number


def as_migrated(project: Project, done: Mapping[str, StoredCampaign], name: str) -> Campaign:
    """Return a migrated campaign, with its strategy started. `done`: all of them.

    Raises PreflightError where the store does not know it as migrated, where it is not described any more, or names
    another send-status or CSV file than then, and CampaignError where its strategy cannot work.
    """
    folder = project.file.folder
    if (was := done.get(name)) is None:
        raise PreflightError(
            gettext("campaign {name} is not migrated any more: a rollback was begun and not finished", name=name),
            mend=gettext("run `notifykit rollback` to finish it"),
            where=project.configuration.settings.store,
        )
    now = {campaign.name: shown_status_file(folder, state) for campaign, state in states(project)}
    for other, file in now.items():
        if file == was.status_file and other not in done and name not in project.described_names:
            raise PreflightError(
                gettext("campaign {other} was migrated as {name}", other=other, name=name),
                mend=gettext(
                    'run `notifykit campaign rename "{name}" "{other}" --why TEXT`, or put the name back',
                    name=name,
                    other=other,
                ),
                where=file,
            )
    campaign = described(project, name)
    if now.get(name) != was.status_file:
        raise PreflightError(
            gettext(
                "its send-status file is {now} now, and was {status_file} when it was migrated",
                now=now.get(name, gettext("not named")),
                status_file=was.status_file,
            ),
            mend=gettext(
                "put back `legacy: {{status_file: {status_file}}}`: the campaign is known by it",
                status_file=was.status_file,
            ),
            where=campaign.file,
        )
    keeper = keeper_of(campaign)
    project.start(campaign)
    if (flags := shown(folder, keeper.flag_file.resolve())) != was.csv_file:
        raise PreflightError(
            gettext(
                "its flags are in {flags} now, and were in {csv_file} when it was migrated",
                flags=flags,
                csv_file=was.csv_file,
            ),
            mend=gettext("put the old path back; a new file is a new campaign's"),
            where=campaign.file,
        )
    return campaign
