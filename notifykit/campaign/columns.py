"""The columns that a campaign uses, by what its templates and its strategy name."""

from __future__ import annotations

from notifykit.campaign.campaign import Campaign


def columns_of(campaign: Campaign) -> frozenset[str]:
    """Return the names that templates take from a record, that are declared, or that the strategy looks at."""
    found: set[str] = set(campaign.columns)
    for plan in campaign.messages:
        for template in (plan.text, plan.recipient, plan.when, plan.options, plan.send_at):
            found |= getattr(template, "columns", frozenset())
    writes = getattr(campaign.strategy, "writes", None)
    found |= getattr(campaign.strategy, "looks_at", frozenset())
    return frozenset(found | {writes} if isinstance(writes, str) else found)


def tell_source(campaign: Campaign) -> None:
    """Tell a source that asks for it (`expects`) which columns the campaign uses. To be called before it reads."""
    expects = getattr(campaign.source, "expects", None)
    if callable(expects):
        expects(columns_of(campaign))
