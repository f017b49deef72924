"""What options name to be written: each takes a new file, or the place of an earlier one of its sort."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from notifykit.pipeline.project import Project
from notifykit.terminal.paths import OutputType
from notifykit.wording.translation import gettext
from notifykit_migration.journal import folder
from notifykit_migration.legacy.campaigns import status_path

PLAN = OutputType(('{\n "format": ', '"max_age": '), kept=[folder.NAME])
PAGE = OutputType(("<!doctype html>", "<title>迁移报告 Migration report"), kept=[folder.NAME])
PATCH = OutputType(("# Takes the contracts' send status out of this code", ""), kept=[folder.NAME])


def require_free(project: Project, *paths: Path | None) -> None:
    """Raise UsageError where a path to write is one of the project's own files, which need not be there just now."""
    own = {path.resolve(): what for path, what in _own(project)}
    campaigns = {file.parent.resolve() for file in project.configuration.campaign_files.files}
    for path in filter(None, paths):
        what = own.get(path.resolve())
        if what is None and path.suffix in (".yaml", ".yml") and path.resolve().parent in campaigns:
            what = gettext("a campaign of the project")
        if what is not None:
            raise click.UsageError(gettext("{path} is {what}, or would be; name another file", path=path, what=what))


def _own(project: Project) -> Iterator[tuple[Path, str]]:
    if (store := project.configuration.settings.store.file) is not None:
        yield from (
            (store.with_name(store.name + suffix), gettext("the store")) for suffix in ("", "-wal", "-shm", "-journal")
        )
    yield project.known_store.file, gettext("what the project knows of its store")
    yield project.file.file, gettext("the project file")
    for campaign in project.described:
        for owner in (campaign.source, campaign.strategy):
            for name in ("reads", "writes", "flag_file"):
                if isinstance(file := getattr(owner, name, None), Path):
                    yield file, gettext("a file of campaign {campaign}", campaign=campaign.name)
        if campaign.legacy is not None:
            yield (
                status_path(project, campaign.legacy),
                gettext("the send-status file of campaign {campaign}", campaign=campaign.name),
            )
