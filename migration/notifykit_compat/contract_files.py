"""Which files of the old program belong to which campaign, and what a campaign's CSV holds now."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from notifykit_migration.legacy.campaigns import legacy_states, status_path

from notifykit.campaign.campaign import Campaign
from notifykit.errors import CampaignError, ConfigError
from notifykit.legacy import Disposal, FlagWords, KeepsFlags, LegacyState
from notifykit.model import Problem, Record
from notifykit.pipeline.alike import AlikeKeys, unusable_key
from notifykit.pipeline.project import Project
from notifykit.wording.translation import gettext


def real(path: str | os.PathLike[str]) -> Path:
    """Return the file that a path leads to from the working directory, as the old program means it."""
    return Path(os.path.realpath(path))


@dataclass(frozen=True, kw_only=True)
class ContractFile:
    """A campaign whose status file was retired, with its two files."""

    campaign: Campaign
    state: LegacyState
    status_file: Path
    csv_file: Path
    keeper: KeepsFlags

    @property
    def words(self) -> FlagWords:
        """How the CSV says what was sent."""
        return self.keeper.flag_words

    def read(self) -> Sheet:
        """Return the rows as they stand now. Raises CampaignError where the file tells nothing."""
        sheet = Sheet(self.csv_file, self._items(), self.words, self.campaign.strategy.own_columns)
        sheet.alike = AlikeKeys(self.campaign, sheet.records.keys() | sheet.problems.keys())
        return sheet

    def read_if_there(self) -> Sheet:
        """Do so; where there is no such file yet, there are no rows."""
        try:
            return self.read()
        except CampaignError:
            if self.csv_file.exists():
                raise
            return Sheet(self.csv_file, (), self.words, frozenset())

    def _items(self) -> Iterator[Record | Problem]:
        """Yield the rows; one whose key can be none is a problem."""
        for item in self.campaign.records():
            if isinstance(item, Record) and not self.campaign.exact_keys:
                yield unusable_key(item) or item
            else:
                yield item


class Sheet:
    """The rows of a CSV file at one moment, by contract id."""

    def __init__(self, file: Path, items: Any, words: FlagWords, own_columns: frozenset[str]) -> None:
        self.records: dict[str, Record] = {}
        self.problems: dict[str, str] = {}
        """Contract id to why nothing may be sent for it."""
        self.alike: AlikeKeys | None = None
        """What its keys may be taken for; None where there is no file yet."""
        self.words = words
        rows: dict[str, list[Record]] = defaultdict(list)
        for item in items:
            if isinstance(item, Problem):
                if item.key is not None:
                    self.problems[item.key] = str(item)
            else:
                rows[item.key].append(item)
        for key, (first, *others) in rows.items():
            self.records[key] = first
            if any(_differ(first, other, own_columns) for other in others):
                lines = gettext(" and ").join(str(row.row) for row in (first, *others))
                self.problems[key] = gettext(
                    "{file}:{row}: contract {key} stands in rows that differ (lines {lines}); nothing is "
                    "queued for it; correct or remove the wrong row",
                    file=file,
                    row=first.row,
                    key=key,
                    lines=lines,
                )

    def flagged(self) -> Iterator[str]:
        """Yield the ids whose flag says sent."""
        flag, sent = self.words.flag, self.words.sent
        return (key for key, record in self.records.items() if record.get(flag) == sent)


def _differ(one: Record, other: Record, own_columns: frozenset[str]) -> bool:
    return any(column not in own_columns and other.get(column) != cell for column, cell in one.items())


@dataclass(frozen=True, slots=True)
class FileMap:
    """All files that campaigns own."""

    by_status: Mapping[Path, ContractFile] = field(default_factory=dict)
    by_csv: Mapping[Path, ContractFile] = field(default_factory=dict)
    kept: Mapping[Path, str] = field(default_factory=dict)
    """Status files that stay as they are, with their campaigns."""

    @classmethod
    def of(cls, project: Project) -> FileMap:
        """Ask the plugins which old state each campaign owns, and start their strategies.

        Raises ConfigError, and CampaignError where a strategy cannot work there.
        """
        by_status: dict[Path, ContractFile] = {}
        by_csv: dict[Path, ContractFile] = {}
        kept: dict[Path, str] = {}
        for campaign, state in legacy_states(project):
            status_file = real(status_path(project, state))
            if state.disposal is Disposal.KEEP:
                kept[status_file] = campaign.name
                continue
            project.start(campaign)
            keeper = _keeper_of(campaign)
            csv_file = real(keeper.flag_file)
            made = ContractFile(
                campaign=campaign, state=state, status_file=status_file, csv_file=csv_file, keeper=keeper
            )
            if csv_file in by_csv:
                raise ConfigError(
                    gettext(
                        "{file} belongs to both campaigns {one} and {other}",
                        file=csv_file,
                        one=by_csv[csv_file].campaign.name,
                        other=campaign.name,
                    ),
                    mend=gettext("correct one"),
                    where=campaign.file,
                )
            by_status[status_file] = by_csv[csv_file] = made
        return cls(by_status, by_csv, kept)


def _keeper_of(campaign: Campaign) -> KeepsFlags:
    """Return what keeps the flags of a campaign."""
    if not isinstance(campaign.strategy, KeepsFlags) or hasattr(campaign.source, "files"):
        raise ConfigError(
            gettext(
                "campaign {campaign} has the old state of a contract job, and no source and strategy of one",
                campaign=campaign.name,
            ),
            mend=gettext("use a source of type `contract_csv` and the strategy `contract`"),
            where=campaign.file,
        )
    return campaign.strategy
