"""What a strategy says of a record, and which rows of one key contradict each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from notifykit.campaign.campaign import Campaign
from notifykit.errors import CampaignError
from notifykit.model import Problem, Record
from notifykit.pipeline.alike import unusable_key
from notifykit.roles import Decision, Ledger
from notifykit.wording.translation import gettext


def decided(campaign: Campaign, record: Record, ledger: Ledger) -> Decision:
    """Return what the strategy says of a record. Raises CampaignError where that is no Decision."""
    decision = campaign.strategy.decide(record, ledger)
    if not isinstance(decision, Decision):
        raise no_decision(campaign, record, decision)
    return decision


def no_decision(campaign: Campaign, record: Record, answer: object) -> CampaignError:
    """Make the error of a strategy that returned something else than a Decision."""
    strategy = type(campaign.strategy).__name__
    return CampaignError(
        gettext(
            "decide() of {strategy} returned a {kind} for {key!r} ({place}), not a Decision",
            strategy=strategy,
            kind=type(answer).__name__,
            key=record.key,
            place=record.place,
        ),
        mend=gettext("nothing is queued, and its author must mend that"),
        where=campaign.file,
    )


def conflicts(
    campaign: Campaign, view: Iterable[Record | Problem], repeated: set[str], ledger: Ledger
) -> Iterator[Problem]:
    """Find the repeated keys whose rows contradict each other. Equal rows are one record."""
    rows: dict[str, list[Record]] = defaultdict(list)
    for item in view:
        if isinstance(item, Record) and item.key in repeated:
            rows[item.key].append(item)
    own = campaign.strategy.own_columns
    for key, records in rows.items():
        first, *others = records
        places = gettext(" and ").join(record.place for record in records)
        differing = [
            column
            for column, cell in first.items()
            if column not in own and any(other.get(column) != cell for other in others)
        ]
        decisions = {decided(campaign, record, ledger) for record in records}
        if Decision.NOTIFY not in decisions:
            continue
        if not campaign.exact_keys and (unusable := [problem for one in records if (problem := unusable_key(one))]):
            yield from unusable  # which says more than that they differ
        elif differing:
            yield Problem(
                place=places,
                key=key,
                what=gettext(
                    "key {key!r} stands in {number} rows that differ in {differing}",
                    key=key,
                    number=len(records),
                    differing=", ".join(differing),
                ),
                mend=gettext("nothing is queued for it; correct or remove the wrong row"),
            )
        elif len(decisions) > 1 and not ledger.waiting(key) and not ledger.delivered(key):
            yield Problem(
                place=places,
                key=key,
                what=gettext(
                    "key {key!r} stands in {number} rows, one of which says that it was sent",
                    key=key,
                    number=len(records),
                ),
                mend=gettext("nothing is queued for it; make the rows agree"),
            )
