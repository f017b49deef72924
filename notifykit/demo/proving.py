"""Proves the demonstration's claim: what the services accepted and what the files say, against what was due.

Nothing here asks the outbox what was sent: only which messages it lists as in doubt.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from notifykit.demo.contracts import FLAG, ID, NUMBER, read_rows
from notifykit.demo.proof import ChannelProof, FlagProof, Proof
from notifykit.demo.request_log import ACCEPTED, Entry
from notifykit.demo.world import DESKTOP, ContractFile, Due, World

Name = tuple[str, str, str]
"""Campaign, key, message."""


def prove(world: World, entries: Sequence[Entry], doubts: Collection[Name]) -> Proof:
    """Compare what was accepted, and what the CSV files say now, with what was due in this world."""
    due = list(world.due())
    return Proof(
        tuple(prove_channels(due, entries, doubts)),
        tuple(prove_flags(file, due, entries, doubts) for file in world.contracts),
    )


def name_of(due: Due) -> Name:
    """Return what the outbox calls a message."""
    return due.campaign, due.key, due.message


def prove_channels(due: Iterable[Due], entries: Iterable[Entry], doubts: Collection[Name]) -> list[ChannelProof]:
    """Compare, channel by channel, what was due with what was accepted."""
    by_channel: dict[str, list[Due]] = {}
    for item in due:
        by_channel.setdefault(item.channel, []).append(item)
    accepted: dict[str, list[Entry]] = {name: [] for name in by_channel}
    for entry in entries:
        if entry.answer == ACCEPTED:
            accepted.setdefault(entry.robot, []).append(entry)
    return [_channel(name, by_channel.get(name, []), found, doubts) for name, found in accepted.items()]


def _channel(name: str, due: Sequence[Due], entries: Sequence[Entry], doubts: Collection[Name]) -> ChannelProof:
    times = Counter({item: sum(entry.tells_of(item.subject) for entry in entries) for item in due})
    doubted = {item for item in due if name_of(item) in doubts}
    return ChannelProof(
        channel=name,
        due=len(due),
        once=sum(times[item] == 1 for item in due if item not in doubted),
        in_doubt=sum(times[item] <= 1 for item in doubted),
        twice=tuple(item.subject for item in due if times[item] > 1),
        never=tuple(item.subject for item in due if times[item] == 0 and item not in doubted),
        strange=sum(not any(entry.tells_of(item.subject) for item in due) for entry in entries),
    )


def prove_flags(
    file: ContractFile, due: Iterable[Due], entries: Sequence[Entry], doubts: Collection[Name] = ()
) -> FlagProof:
    """Compare each row's flag with what was accepted for its contract."""
    wanted: dict[str, list[Due]] = {}
    for item in due:
        if item.campaign == file.campaign:
            wanted.setdefault(item.key, []).append(item)
    accepted = [entry for entry in entries if entry.answer == ACCEPTED]
    after = file.path.read_bytes()
    expected, found = [*file.rows, *file.added], read_rows(after)
    wrong, set_at, held = [], set(), 0
    for at, (before, row) in enumerate(zip(expected, found, strict=False)):
        due_here = wanted.get(before[ID], ())
        told = all(
            any(entry.robot == item.channel and entry.tells_of(item.subject) for entry in accepted) for item in due_here
        )
        if row[FLAG] != before[FLAG]:
            set_at.add(at)
        right = "Y" if told else "N"
        if any(name_of(item) in doubts for item in due_here):
            held += 1
            right = before[FLAG]
        if row[ID] != before[ID] or row[FLAG] != right:
            wrong.append(before[NUMBER])
    differing = sum(old != new for old, new in zip(file.before, after, strict=False))
    whole = len(found) == len(expected) if file.added else len(after) == len(file.before)
    return FlagProof(
        file=file.path.name,
        rows=len(expected),
        set_now=len(set_at),
        wrong=tuple(wrong),
        other_bytes=differing - sum(at < len(file.rows) for at in set_at) if whole else -1,
        held=held,
    )


def typed_entries(path: Path) -> list[Entry]:
    """Read the desktop's stand-in: a file with one line of JSON for each message."""
    if not path.exists():
        return []
    entries = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            key = json.loads(line)["key"]
        except ValueError:
            continue  # torn by the kill: it never counted as a message
        entries.append(Entry(robot=DESKTOP, answer=ACCEPTED, text=key))
    return entries
