"""What of a pass's trouble is new: a pass that cron repeats tells a shell about each trouble once.

The trouble of the latest pass is kept in the store. What was there then, and did not grow, is known; what went away and
comes back is new.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping

from notifykit.alerts import notes
from notifykit.alerts.conditions import Kind
from notifykit.alerts.settings import Alerts
from notifykit.alerts.state import Change
from notifykit.model import Status
from notifykit.operate.attention import Attention
from notifykit.outbox.protocol import Outbox
from notifykit.pipeline.run import Pass
from notifykit.wording.translation import english

__all__ = ["is_new"]

TOPIC = "trouble"

Trouble = Mapping[str, int]
"""What is wrong, each with how much of it there is."""


def is_new(outbox: Outbox, alerts: Alerts, this_pass: Pass, waiting: Attention, orphans: Mapping[str, int]) -> bool:
    """Whether anything is wrong that was not known after the latest pass; keeps what is known now.

    What is silenced is known. `waiting`, `orphans`: what waits for a person after the pass.
    """
    found = dict(_trouble(this_pass, waiting, orphans))
    kept = outbox.notes(TOPIC).get("")
    known: Trouble = json.loads(kept) if kept else {}
    if found != known:
        outbox.keep_note(TOPIC, "", json.dumps(found, ensure_ascii=False, sort_keys=True) if found else None)
    silenced = _silenced(outbox, alerts)
    grown = any(number > known.get(what, 0) for what, number in found.items() if what.partition("/")[0] not in silenced)
    by_status = this_pass.dispatched.by_status
    made = (
        (by_status[Status.FAILED] and Kind.FAILED not in silenced)
        or (by_status[Status.IN_DOUBT] and Kind.IN_DOUBT not in silenced)
        or any(one.change is Change.BEGAN for one in this_pass.alerts)
    )
    return bool(grown or made)


def _trouble(this_pass: Pass, waiting: Attention, orphans: Mapping[str, int]) -> Iterator[tuple[str, int]]:
    for campaign, error in this_pass.failures.items():
        yield f"{Kind.FAILING}/{campaign}/{_digest(english(str(error)))}", 1
    for item in this_pass.generated:
        for problem in item.problems:
            yield f"held/{item.campaign}/{_digest(problem.key or problem.place, english(problem.what))}", 1
    for settled in this_pass.settled:
        for reason, number in settled.refused.items():
            yield f"refused/{settled.campaign}/{_digest(*map(str, reason.kind))}", number
    for name in orphans:
        yield f"undescribed/{name}", 1
    for kind, number in (
        (Kind.FAILED, waiting.failed.number),
        (Kind.IN_DOUBT, waiting.in_doubt.number),
        (Kind.FOREIGN, waiting.foreign),
    ):
        if number:
            yield kind.value, number
    for pause in waiting.paused:
        yield f"{Kind.PAUSED}/{pause.channel}", 1
    for channel in waiting.unreachable:
        yield f"{Kind.UNUSABLE}/{channel}", 1


def _silenced(outbox: Outbox, alerts: Alerts) -> frozenset[str]:
    """Return the kinds of which a condition over all campaigns is silenced."""
    silences = notes.silences(outbox)
    return frozenset(
        condition.kind.value
        for condition in alerts.conditions
        if condition.name in silences and not condition.campaigns
    )


def _digest(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode("utf-8", "surrogatepass")).hexdigest()[:12]
