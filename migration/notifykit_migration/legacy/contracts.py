"""What the old program left: the contracts of each campaign, with flag, send-status word and the messages they need.

Records are not kept, only what decisions need of them: there may be hundreds of thousands.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from os import SEEK_END
from pathlib import Path
from typing import Any

from notifykit.campaign.campaign import Campaign, MessagePlan
from notifykit.campaign.columns import tell_source
from notifykit.errors import CampaignError, RenderError
from notifykit.legacy import Disposal, KeepsFlags, LegacyState
from notifykit.model import Problem, Record
from notifykit.pipeline.alike import unusable_key
from notifykit.pipeline.project import Project
from notifykit.wording import Reason
from notifykit.wording.translation import gettext, untranslated
from notifykit_migration.errors import PreflightError
from notifykit_migration.files.paths import shown
from notifykit_migration.files.reading import file_digest
from notifykit_migration.legacy.campaigns import status_path
from notifykit_migration.legacy.refusals import keeper_of, number_of, require_column
from notifykit_migration.legacy.status_file import StatusFile, read_status_file
from notifykit_migration.model import FLAG_COLUMN, FlagState
from notifykit_migration.wording import holds

Redirect = Mapping[Path, Path]
"""Where files are read from instead: to plan from a restored backup."""

SAMPLE = 1_000
"""Records of a campaign that are kept."""

Pair = tuple[str, str]
"""(task_type, recipient)."""


@dataclass(slots=True)
class Contract:
    """One contract of a CSV file."""

    key: str
    number: str
    column: FlagState
    line: int
    required: tuple[str, ...]
    """Names of the messages that its campaign asks for."""
    pairs: tuple[Pair, ...]
    """Of every message, in the campaign's order."""
    doubt: Reason | None = None
    """Why it cannot be told for certain what was done about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retiring:
    """One campaign whose old state is retired, and what stands in its files."""

    campaign: Campaign
    state: LegacyState
    keeper: KeepsFlags
    status_path: Path
    status: StatusFile
    contracts: dict[str, Contract] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    """Keys whose rows cannot be used: key to what is wrong."""
    problems: list[str] = field(default_factory=list)
    read_from: str = ""
    """The CSV file as error texts name it; in a restored backup that is another one."""
    called: str = ""
    """How plans name it."""
    sample: list[Record] = field(default_factory=list)
    """Records of all parts of the file, at most SAMPLE."""
    cut: bool = False
    """The file ends within a row."""
    digests: dict[Path, tuple[str, int]] = field(default_factory=dict)
    """sha256 and size of the two files as they were read; `("", 0)` where there was none."""

    def named(self, what: object) -> str:
        """Return a text with the CSV file named as plans do: the same wherever the file was read from."""
        return str(what).replace(self.read_from, self.called) if self.read_from else str(what)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """One campaign whose status file stays as it is."""

    campaign: Campaign
    status_path: Path
    status: StatusFile


def keeping(project: Project, campaign: Campaign, state: LegacyState, redirect: Redirect) -> Keeping:
    """Look at a campaign whose status file stays."""
    path = status_path(project, state)
    return Keeping(
        campaign=campaign,
        status_path=path,
        status=read_status_file(redirect.get(path, path), shown(project.file.folder, path)),
    )


def retiring(
    project: Project, campaign: Campaign, state: LegacyState, redirect: Redirect, *, recipients: bool = True
) -> Retiring:
    """Read a campaign's files. Raises PreflightError where they are not fit to be migrated.

    Without `recipients` the contracts have no pairs: to render them is most of the work.
    """
    assert state.disposal is Disposal.RETIRE  # noqa: S101
    keeper, number = keeper_of(campaign), number_of(campaign, state)
    project.start(campaign)
    path = status_path(project, state)
    csv_path = keeper.flag_file
    files = {where: redirect.get(where, where) for where in (csv_path.resolve(), path)}
    before = _digests(files)
    world = Retiring(
        campaign=redirected(campaign, redirect),
        state=state,
        keeper=keeper,
        status_path=path,
        status=read_status_file(redirect.get(path, path), shown(project.file.folder, path)),
        read_from=str(redirect.get(csv_path, csv_path)),
        called=shown(project.file.folder, csv_path.resolve()),
        digests=before,
    )
    try:
        broken_last = _read_contracts(world, number, campaign.messages if recipients else ())
    except CampaignError as error:
        raise PreflightError(str(error)) from error
    # Size and time would not tell: a clock may stand still between two writes.
    if changed := [where for where, digest in _digests(files).items() if digest != before[where]]:
        raise PreflightError(
            gettext("was written while it was read"),
            mend=gettext("stop the old program and whoever edits the file, then run again"),
            where=shown(project.file.folder, changed[0]),
        )
    return replace(world, cut=broken_last and not _line_ended(files[csv_path.resolve()]))


def _line_ended(path: Path) -> bool:
    """Whether a file ends with the end of a line, in whatever encoding."""
    with path.open("rb") as file:
        file.seek(max(0, file.seek(0, SEEK_END) - 4))
        return b"\n" in file.read()


def _digests(files: Redirect) -> dict[Path, tuple[str, int]]:
    return {where: _digest(real) for where, real in files.items()}


def _digest(path: Path) -> tuple[str, int]:
    try:
        return file_digest(path), path.stat().st_size
    except OSError:  # where it is there and cannot be read, reading it says so
        return "", 0


def redirected(campaign: Campaign, redirect: Redirect) -> Campaign:
    """Return the campaign with a source that reads other files: those of a restored backup."""
    source: Any = campaign.source
    if not redirect or not is_dataclass(source) or isinstance(source, type):
        return campaign
    changed = {
        item.name: redirect[value]
        for item in fields(source)
        if isinstance(value := getattr(source, item.name), Path) and value in redirect
    }
    if not changed:
        return campaign
    read_elsewhere: Any = replace(source, **changed)
    elsewhere = replace(campaign, source=read_elsewhere)
    tell_source(elsewhere)
    return elsewhere


def records(world: Retiring, keys: Iterable[str]) -> Iterator[Record]:
    """Yield the records of these keys once more, each key once."""
    wanted = set(keys)
    if not wanted:
        return
    for item in world.campaign.records():
        if not wanted:
            return
        if isinstance(item, Record) and item.key in wanted:
            wanted.discard(item.key)
            yield item


def _read_contracts(world: Retiring, number_column: str, addressed: Sequence[MessagePlan]) -> bool:
    """Fill in the contracts; returns whether the last row cannot be used.

    `addressed`: the messages whose recipients are wanted.
    """
    plans = world.campaign.messages
    everything = tuple(plan.name for plan in plans)
    flag_of = world.keeper.flag_of
    contracts = world.contracts
    same: dict[tuple[Any, ...], tuple[Any, ...]] = {}  # thousands of contracts share few recipients
    item: Record | Problem | None = None
    keep = world.sample.append
    step = 1
    for at, item in enumerate(world.campaign.records()):
        if isinstance(item, Record) and not world.campaign.exact_keys and (problem := unusable_key(item)) is not None:
            world.problems.append(world.named(problem))  # no contract has such a key, so none is broken
            continue
        if isinstance(item, Problem):
            world.problems.append(world.named(item))
            if item.key is not None:
                world.broken[item.key] = world.named(item)
            continue
        if at % step == 0:
            keep(item)
            if len(world.sample) > SAMPLE:
                del world.sample[1::2]
                step *= 2
        doubt: Reason | None = None
        required = everything  # where it cannot be told
        pairs: tuple[Pair, ...] = ()
        try:
            with untranslated():  # a plan is the same in every language
                required = tuple(plan.name for plan in plans if plan.when is None or plan.when(item))
                pairs = tuple((plan.task_type, plan.recipient(item)) for plan in addressed)
        except RenderError as error:
            doubt = holds.NOT_TOLD(error=world.named(error))
        column = FLAG_COLUMN[flag_of(item)]
        number = str(item.get(number_column, "")).strip()
        require_column(item, number_column)
        if not number:
            doubt = doubt or holds.NO_NUMBER(column=number_column)
        known = contracts.get(item.key)
        if known is None:
            key = sys.intern(item.key)
            contracts[key] = Contract(
                key,
                number,
                column,
                item.row,
                same.setdefault(required, required),
                same.setdefault(pairs, pairs),
                doubt,
            )
            continue
        if known.column is not column:
            known.column = FlagState.OTHER
        if known.number != number:
            known.doubt = holds.KEY_TWICE(first=known.line, second=item.row)
    return isinstance(item, Problem)
