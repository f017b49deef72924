"""What people read in the place of a code."""

from __future__ import annotations

from notifykit.wording.translation import gettext, gettext_noop

__all__ = ["word"]

_WORDS = {
    # where a message stands
    "pending": gettext_noop("pending"),
    "queued": gettext_noop("waiting"),
    "sending": gettext_noop("sending"),
    "sent": gettext_noop("sent"),
    "completed": gettext_noop("sent and written back"),
    "failed": gettext_noop("failed"),
    "in_doubt": gettext_noop("in doubt"),
    "cancelled": gettext_noop("cancelled"),
    "foreign": gettext_noop("changed by another program"),
    # what the files say of a campaign
    "enabled": gettext_noop("enabled"),
    "disabled": gettext_noop("switched off"),
    "unavailable": gettext_noop("not usable here"),
    "gone": gettext_noop("no file describes it"),
    # what holds a channel up
    "free": gettext_noop("free"),
    "paused": gettext_noop("paused"),
    "outage": gettext_noop("outage"),
    # what an attempt came to
    "accepted": gettext_noop("accepted"),
    "rejected": gettext_noop("rejected"),
    "retry": gettext_noop("not accepted, to be tried again"),
    "unknown": gettext_noop("nobody knows"),
    # what happened to a message, and what people decided
    "adopted": gettext_noop("adopted from the old program"),
    "expired": gettext_noop("waited for too long"),
    "late_legacy_completed": gettext_noop("reported as sent by the old program"),
    "late_result": gettext_noop("a result that came late"),
    "receipt": gettext_noop("told later by the service"),
    "renamed": gettext_noop("renamed"),
    "rerendered": gettext_noop("given another text"),
    "resent": gettext_noop("sent again"),
    "resolved": gettext_noop("resolved"),
    "resumed": gettext_noop("resumed"),
    "retried": gettext_noop("queued again"),
    "set_aside": gettext_noop("set aside"),
    "undone": gettext_noop("undone"),
    "write_back_owed": gettext_noop("to be written back once more"),
    "written_back": gettext_noop("written back"),
}


def word(code: str) -> str:
    """Return the word for a code: a status, a verdict, or the kind of an event or a decision. One that is not known, as
    of a newer version, is returned as it is."""
    return gettext(_WORDS[code]) if code in _WORDS else code
