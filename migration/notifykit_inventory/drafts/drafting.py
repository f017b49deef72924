"""Makes drafts of campaigns of the loops that were read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from notifykit.wording.translation import gettext
from notifykit_inventory.drafts.beginnings import Callers
from notifykit_inventory.drafts.conditions import column_of
from notifykit_inventory.drafts.loops import Loop, Made
from notifykit_inventory.drafts.model import CampaignDraft, Mark, MessageDraft, Undrafted
from notifykit_inventory.drafts.symbols import UNDECIDED, Kind, numbers, plain, single, template
from notifykit_inventory.drafts.values import Values, column_name
from notifykit_inventory.drafts.walking import Walker
from notifykit_inventory.model import Owner, Place
from notifykit_inventory.resolution.folding import Texts
from notifykit_inventory.take import TreeScan
from notifykit_inventory.words import FLAG_COLUMN, HOLE, StatusFiles, owner_of_path

NUMBER = "合同编号(contractdocNum)"
"""The column by which old rows are found, unless a campaign names another."""
NAMES = {"send_wecom_message": "group", "send_wechat_message": "person"}
_COLUMN = re.compile(r'record\["((?:\\.|[^"\\])*)"\]')


@dataclass(frozen=True, slots=True)
class Channels:
    """What a project says of its channels."""

    named: tuple[str, ...] = ()
    """Names under `senders`."""
    by_type: Mapping[str, str] = field(default_factory=dict)
    """Task type to channel: `legacy: channels`."""

    def of(self, task_type: str | None) -> str | None:
        """Return the channel for messages of a type; None where the project does not tell."""
        if task_type is not None and task_type in self.by_type:
            return self.by_type[task_type]
        return self.named[0] if len(self.named) == 1 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafts:
    """What was drafted of a tree, and what was not."""

    campaigns: tuple[CampaignDraft, ...]
    undrafted: tuple[Undrafted, ...]


def draft_campaigns(scan: TreeScan, files: StatusFiles, channels: Channels) -> Drafts:
    """Draft the campaigns of a tree that was looked through. Nothing is executed."""
    callers = Callers(scan)
    campaigns: list[CampaignDraft] = []
    undrafted: dict[Undrafted, None] = {}
    read: set[tuple[str, int, int]] = set()
    for home, function, body in callers.beginnings():
        walker = Walker(scan.modules, callers.makes)
        walker.read(home, function, body)
        if not walker.read_whole:
            continue  # what it makes is listed as not followed
        made = (place for loop in walker.loops for place in loop.made)
        read |= {(place.file, place.line, place.column) for place in (*walker.outside, *made)}
        for place in walker.outside:
            undrafted[_undrafted(place, gettext("its messages are not made in a loop over records"))] = None
        for loop in walker.loops:
            found = _drafted(loop, walker.values, files, channels)
            if isinstance(found, Undrafted):
                undrafted[found] = None
            elif found not in campaigns:  # or one job is called in two places
                campaigns.append(found)
    for (file, line, column), name in callers.creations.items():
        if (file, line, column) not in read:
            why = gettext("what it makes could not be followed: it never runs, or is made in a way that is not read")
            undrafted[Undrafted(file=file, line=line, function=name, why=why)] = None
    return Drafts(campaigns=tuple(_named(campaigns)), undrafted=tuple(undrafted))


def _undrafted(place: Place, why: str) -> Undrafted:
    return Undrafted(file=place.file, line=place.line, function=place.function, why=why)


def _drafted(loop: Loop, values: Values, files: StatusFiles, channels: Channels) -> CampaignDraft | Undrafted:
    place = loop.place
    flag = _flag(loop)
    statuses = sorted(path for path in loop.statuses if path)
    status = _posix(statuses[0]) if len(statuses) == 1 else None
    source = _posix(loop.rows.path) if loop.rows else None
    if flag is None and not loop.statuses:
        return _undrafted(place, gettext("it keeps no send status"))
    if not statuses and source is None:
        return _undrafted(place, gettext("nothing tells which files it is given: nobody calls it, or only at run time"))
    for path in (status, source):
        if path is not None and (known := files.campaign(path)) is not None:
            return _undrafted(
                place, gettext("campaign {campaign} names its file {path} already", campaign=known, path=path)
            )
    marks: dict[str, tuple[Mark, ...]] = {}

    def mark(key: str, what: str) -> None:
        marks[key] = (*marks.get(key, ()), Mark(file=place.file, line=place.line, what=what))

    if len(statuses) != 1:
        named = ", ".join(statuses) or gettext("none is named")
        mark("legacy.status_file", gettext("which send-status file it is ({named})", named=named))
    told = owner_of_path(statuses[0], files) if statuses else None
    owner = Owner.TECHNICIAN if told is Owner.TECHNICIAN else Owner.CONTRACT
    if source is None:
        mark("source.path", gettext("where its records come from"))
    columns = {column for one in loop.keys if (column := column_of(one)) is not None}
    if len(columns) != 1:
        looked_up = ", ".join(sorted(columns)) or gettext("none is looked up")
        mark("source.key", gettext("which column the key is ({columns})", columns=looked_up))
    positions = values.positions if owner is Owner.TECHNICIAN else set()
    words = sorted(loop.words)
    if len(words) > 1:
        mark("legacy.sent_word", gettext("which word it writes ({words})", words=", ".join(words)))
    unsent, sent = (loop.unsent.get(flag), loop.flags.get(flag)) if flag else (None, None)
    if flag and (unsent is None or sent is None):
        mark("strategy", gettext("with which words {flag} is read and written", flag=flag))
    if owner is Owner.CONTRACT and flag is None:
        mark("strategy", gettext("which flag column it keeps"))
    messages = _messages(loop, values, channels)
    number = None
    if owner is Owner.CONTRACT and (number := _number(messages)) != NUMBER:
        mark("legacy.number", gettext("which column's value stands in all its texts, so that old rows can be matched"))
    return CampaignDraft(
        name=_name(status, place.function),
        owner=owner,
        file=place.file,
        line=place.line,
        function=place.function,
        source=source,
        status_file=status,
        key=columns.pop() if len(columns) == 1 else None,
        columns=tuple(column_name(at) if at in positions else "_" for at in range(max(positions, default=-1) + 1)),
        flag=flag,
        unsent=unsent,
        sent=sent,
        word=words[0] if len(words) == 1 else None,
        exact=loop.exact,
        number=number,
        messages=messages,
        marks=marks,
    )


def _flag(loop: Loop) -> str | None:
    """Return the column that is looked at, and set, to know who was notified."""
    known = {column for column in loop.unsent if loop.flags.get(column) is not None} or set(loop.unsent)
    return FLAG_COLUMN if FLAG_COLUMN in known else min(known, default=None)


def _messages(loop: Loop, values: Values, channels: Channels) -> tuple[MessageDraft, ...]:
    found: list[MessageDraft] = []
    for made in sorted(loop.made.values(), key=lambda one: (one.place.line, one.place.column)):
        task_type = plain(made.task_type)
        name = NAMES.get(task_type or "", task_type or "message")
        taken = sum(one.name.partition("-")[0] == name for one in found)
        found.append(_message(f"{name}-{taken + 1}" if taken else name, task_type, made, values, channels))
    return tuple(found)


def _message(name: str, task_type: str | None, made: Made, values: Values, channels: Channels) -> MessageDraft:
    marks: dict[str, tuple[Mark, ...]] = {}
    for key, texts in (("task_type", made.task_type), ("recipient", made.recipient), ("template", made.text)):
        if told := _untold(texts, made, values):
            marks[key] = told
    sender = channels.of(task_type)
    if sender is None:
        what = gettext(
            "by which channel of notifykit.yaml messages of {type} leave", type=task_type or gettext("this type")
        )
        marks["sender"] = (Mark(file=made.place.file, line=made.place.line, what=what),)
    unclear = tuple(test for test in made.tests if isinstance(test, Mark))
    told_tests = [test for test in made.tests if isinstance(test, str)]
    if unclear:
        marks["when"] = unclear
        told_tests.append(UNDECIDED)
    return MessageDraft(
        name=name,
        task_type=task_type,
        sender=sender or UNDECIDED,
        recipient=template(made.recipient),
        template=template(made.text),
        when=" and ".join(dict.fromkeys(told_tests)) or None,
        marks=marks,
    )


def _untold(texts: Texts, made: Made, values: Values) -> tuple[Mark, ...]:
    """Return what could not be told of a text."""

    def mark(what: str) -> Mark:
        return Mark(file=made.place.file, line=made.place.line, what=what)

    if len(texts) > 1:
        return (mark(gettext("which of {number} texts it is", number=len(texts))),)
    found = [values.marks[number] for number in dict.fromkeys(numbers(texts, Kind.UNKNOWN)) if number >= 0]
    if not found and HOLE in texts[0]:
        found = [mark(gettext("a part of it is known only at run time"))]
    kind = single(texts)
    if not found and kind and kind[0] not in (Kind.VALUE, Kind.NUMBER):
        found = [mark(gettext("it is no text"))]
    return tuple(found)


def _number(messages: Sequence[MessageDraft]) -> str | None:
    """Return the column by which old rows are found, or may be: one whose value stands in all texts."""
    texts = [set(_COLUMN.findall(one.template)) for one in messages]
    common = set.intersection(*texts) if texts else set()
    if NUMBER in common:
        return NUMBER
    return common.pop() if len(common) == 1 else None


def _posix(path: str) -> str:
    return path if "://" in path else PurePosixPath(path.replace("\\", "/")).as_posix()


def _name(status: str | None, function: str) -> str:
    """Return a campaign's name by its send-status file, or else by its function."""
    stem = PurePosixPath(status).stem if status else function.rpartition(".")[2]
    short = re.sub(r"send_status|status_record", "", stem) or stem
    return re.sub(r"[^\w]+|_+", "-", short).strip("-").lower() or "campaign"


def _named(campaigns: Sequence[CampaignDraft]) -> list[CampaignDraft]:
    """Return the drafts with names of their own."""
    found: list[CampaignDraft] = []
    for one in campaigns:
        taken = {other.name for other in found}
        others = [
            other.name for other in found if other.status_file is not None and other.status_file == one.status_file
        ]
        if others:
            what = gettext("one file belongs to one campaign, and {other} has the same", other=others[0])
            mark = Mark(file=one.file, line=one.line, what=what)
            key = "legacy.status_file"
            one = replace(one, marks={**one.marks, key: (*one.marks.get(key, ()), mark)})
        names = [one.name, *(f"{one.name}-{number}" for number in range(2, len(campaigns) + 2))]
        found.append(replace(one, name=next(name for name in names if name not in taken)))
    return found
