"""Which records are held because a person would read their keys as another key, or as none.

Only new keys are held: what a campaign knows by its exact text goes on as it is.
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from notifykit.campaign.campaign import Campaign
from notifykit.keys.normal import is_plain, is_programs_number, is_spreadsheets_error, normal_form
from notifykit.keys.shown import shown
from notifykit.model import Problem, Record
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.values import Filter
from notifykit.wording import Reason, Wording
from notifykit.wording.host import (
    HOST,
    KEY_ERROR,
    KEY_IN_SOURCE,
    KEY_NUMBER,
    KEY_QUEUED,
    KEY_READS_AS,
    KEY_TOLD,
    KEY_UNSEEN,
)
from notifykit.wording.translation import gettext

_WORDING = Wording(HOST)


def unusable_key(record: Record) -> Problem | None:
    """Say why a record's key can be none: nothing of it can be seen, or a program made it of another."""
    key = record.key
    if is_plain(key):
        return None
    if is_programs_number(key):
        reason = KEY_NUMBER(key=key)
        mend = gettext(
            "put the digits back from where they came, with the column formatted as text, or say `keys: exact` in the "
            "campaign if its keys are written so"
        )
    elif is_spreadsheets_error(key):
        reason = KEY_ERROR(key=shown(key))
        mend = gettext(
            "mend the formula that gives it, or say `keys: exact` in the campaign if its keys are written so"
        )
    elif not normal_form(key):
        reason, mend = KEY_UNSEEN(key=shown(key)), gettext("fill the key in, or delete the row")
    else:
        return None
    return _problem(record, reason, mend)


def in_words(reason: Reason) -> str:
    """Return what holds a record, in the language that is spoken."""
    return _WORDING.said(reason)


def _problem(record: Record, reason: Reason, mend: str) -> Problem:
    mend = gettext("nothing is queued for it; {mend}", mend=mend)
    return Problem(place=record.place, key=record.key, what=in_words(reason), mend=mend, reason=reason)


class AlikeKeys:
    """What of one source reads as the same as its new keys."""

    def __init__(
        self, campaign: Campaign, in_source: AbstractSet[str] = frozenset(), told: AbstractSet[str] = frozenset()
    ) -> None:
        """`in_source`: every key of the source, whatever becomes of it. `told`: those that the strategy knows."""
        self._campaign = campaign
        self._told = told
        self._groups = {} if campaign.exact_keys else _groups(in_source | told if told else in_source)

    def held(self, records: Sequence[Record], outbox: Outbox | None) -> list[Problem]:
        """Return the problems of those of the records that are to be held. `outbox`: None where there is none yet."""
        if self._campaign.exact_keys:
            return []
        name = self._campaign.name
        queued = outbox.other_spellings(name, [record.key for record in records]) if outbox is not None else {}
        found = []
        for record in records:
            if is_plain(record.key) and record.key not in queued and record.key not in self._groups:
                continue  # nearly all of them
            alike = {*queued.get(record.key, ()), *self._groups.get(record.key, ())} - {record.key}
            problem = unusable_key(record)
            if problem is None and alike and (others := _undecided(outbox, name, record.key, alike)):
                problem = self._reads_as(record, others, queued.get(record.key, ()))
            if problem is not None and not _is_known(outbox, name, record.key):
                found.append(problem)
        return found

    def _reads_as(self, record: Record, others: Sequence[str], queued: Collection[str]) -> Problem:
        known = ((KEY_QUEUED, queued), (KEY_TOLD, self._told), (KEY_IN_SOURCE, others))  # what counts most first
        whence, alike = next((of(), found) for of, keys in known if (found := [key for key in others if key in keys]))
        listed = ", ".join(f'"{shown(other)}"' for other in alike)
        pair = shlex.join([shown(record.key), shown(alike[0])])
        command = f"notifykit keys distinct --campaign {shlex.quote(self._campaign.name)} --why TEXT -- {pair}"
        return _problem(
            record,
            KEY_READS_AS(key=shown(record.key), others=listed, whence=whence),
            gettext("correct it, or, if both keys are right, run `{command}`", command=command),
        )


def _undecided(outbox: Outbox | None, campaign: str, key: str, alike: Iterable[str]) -> list[str]:
    """Return those of which nobody has said that they are different from the key."""
    pairs = outbox.distinct_keys(campaign) if outbox is not None else ()
    distinct = {pair.one if pair.other == key else pair.other for pair in pairs if key in (pair.one, pair.other)}
    return sorted(other for other in alike if other not in distinct)


def _is_known(outbox: Outbox | None, campaign: str, key: str) -> bool:
    return outbox is not None and any(True for _ in outbox.tasks(Filter(campaign=campaign, key=key, limit=1)))


def _groups(keys: AbstractSet[str]) -> Mapping[str, Collection[str]]:
    """Return, for each key that shares its normal form with others, all those that do."""
    first: dict[str, str] = {}  # by normal form: nearly always the only one
    several: dict[str, set[str]] = {}
    for key in keys:
        if not is_plain(key) and (form := normal_form(key)) != key and (other := first.setdefault(form, key)) != key:
            several.setdefault(form, {other}).add(key)
    for form in first.keys() & keys:
        several.setdefault(form, {first[form]}).add(form)
    return {key: group for group in several.values() for key in group}
