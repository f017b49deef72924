"""A project around the drafts of an old program's campaigns: notifykit.yaml, and a file for each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from notifykit.errors import NotifykitError
from notifykit.start import ProjectDraft
from notifykit.terminal.progress import progress
from notifykit.wording.translation import gettext
from notifykit_inventory.drafts.drafting import NAMES, Channels, Drafts, draft_campaigns
from notifykit_inventory.drafts.yaml_form import campaign_file, scalar
from notifykit_inventory.report import not_drafted
from notifykit_inventory.take import TreeScan
from notifykit_inventory.wording import said
from notifykit_inventory.words import DATABASE, StatusFiles


def draft_whole_project(program: Path) -> ProjectDraft:
    """Draft the project of an old program whose code is at a path. Nothing of it is run.

    Raises NotifykitError where there is nothing at the path, and where no campaign can be drafted.
    """
    scan, files = TreeScan(program), StatusFiles()
    with progress("looking through the code", "files") as told:
        scan.run(told)
    first = draft_campaigns(scan, files, Channels())
    if not first.campaigns:
        raise NotifykitError(
            gettext("no campaign can be drafted from this code"),
            mend=gettext("make a project from its CSV file: `notifykit init CSV`"),
            where=program,
            more=_left_out(first, scan),
        )
    types = _types(first)
    found = draft_campaigns(scan, files, Channels(named=tuple(types.values()), by_type=types))
    texts = {f"campaigns/{draft.name}.yaml": campaign_file(draft) for draft in found.campaigns}
    texts = {"notifykit.yaml": "".join(f"{line}\n" for line in _project(types)), **texts}
    return ProjectDraft(files=texts, told=(*_told(found, types), *_left_out(found, scan)))


def _types(drafts: Drafts) -> dict[str, str]:
    """Return a channel for each task type that the drafts have."""
    types = {message.task_type for draft in drafts.campaigns for message in draft.messages} - {None}
    return {task_type: NAMES.get(task_type, task_type) for task_type in sorted(filter(None, types))}


def _project(types: Mapping[str, str]) -> Iterator[str]:
    yield gettext(
        "# Made by `notifykit init --from-program`. Paths start at this file: it belongs where the program runs."
    )
    yield gettext("# `notifykit docs migration` is the way from here; `notifykit docs configuration` has every key.")
    yield ""
    yield gettext("# The task table of the old program, which `notifykit migrate` makes the outbox.")
    yield f"store: {DATABASE}"
    yield "campaigns: campaigns/*.yaml"
    yield ""
    yield gettext(
        "# By which channels messages leave, one for each kind of task. Each appends to a file for now; what is\n"
        "# there has reached nobody (`notifykit docs senders` has the others)."
    )
    yield "senders:"
    for task_type, channel in types.items():
        yield gettext("  # TODO by which service messages of {type} leave", type=" ".join(task_type.split()))
        yield f"  {scalar(channel)}: {{type: file, path: {scalar(f'sent/{channel}.jsonl')}}}"
    yield ""
    yield gettext("# Which of them sends which kind of task, for the shim and for drafts.")
    yield "legacy:"
    yield "  channels:"
    yield from (f"    {scalar(task_type)}: {scalar(channel)}" for task_type, channel in types.items())


def _told(found: Drafts, types: Mapping[str, str]) -> Sequence[str]:
    lines = [
        gettext(
            "{path}: {owner} campaign of {file}:{line} {function}",
            path=draft.name,
            owner=said(draft.owner),
            file=draft.file,
            line=draft.line,
            function=draft.function,
        )
        for draft in found.campaigns
    ]
    todo = len(types) + sum(len(draft.marked) for draft in found.campaigns)
    return [*lines, gettext("left to you: {number} x # TODO", number=todo)]


def _left_out(found: Drafts, scan: TreeScan) -> Sequence[str]:
    unread = (gettext("not read: {file}: {reason}", file=item.file, reason=item.reason) for item in scan.unread)
    return [*map(not_drafted, found.undrafted), *unread]
