"""What the old program would do next. Pure: it is what a rollback is proven by, and what a migration is compared with.

The old scheduler sends every pending row. The old job makes the messages of a contract anew where its flag is exactly
the unsent word and the send-status file does not have exactly the sent word under its key; one that the published
upgrade plan changed, where its flag is that and no row waits that names it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from notifykit_migration.model import FlagState, StatusFileState

PENDING, COMPLETED = "pending", "completed"
"""The statuses that the old program knows."""

TASK_TYPES = frozenset({"send_wecom_message", "send_wechat_message"})
"""What the old scheduler knows how to send. It marks a row of any other type completed without sending it."""


def json_says(words: Mapping[str, object], key: str, sent_word: str) -> StatusFileState:
    """Return what a send-status file says of a key."""
    if key not in words:
        return StatusFileState.ABSENT
    return StatusFileState.SENT if words[key] == sent_word else StatusFileState.OTHER


def generates(column: FlagState, json: StatusFileState, *, waits: bool | None = None) -> bool:
    """Whether the old job would make the messages of a contract (again).

    `waits`: whether a row waits that names the contract, which a job asks that the published upgrade plan changed, in
    place of the send-status file. None: it was not changed.
    """
    blocked = json is StatusFileState.SENT if waits is None else waits
    return column is FlagState.UNSENT and not blocked


def generated_keys(
    columns: Mapping[str, FlagState],
    words: Mapping[str, object],
    sent_word: str,
    waiting: Collection[str] | None = None,
) -> frozenset[str]:
    """Return the keys of a campaign whose messages the old job would make. `waiting`: those with `waits`, or None."""
    return frozenset(
        key
        for key, column in columns.items()
        if generates(column, json_says(words, key, sent_word), waits=None if waiting is None else key in waiting)
    )
