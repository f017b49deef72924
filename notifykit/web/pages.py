"""Which pages there are. A page is a function of a visit; here it gets its address and its place in the navigation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.responses import Response

from notifykit.web.views import (
    campaigns,
    channels,
    decide,
    decisions,
    machines,
    metrics,
    pictures,
    plugins,
    search,
    session,
    status,
    trace,
    undecided,
)
from notifykit.web.visit import Visit
from notifykit.wording.translation import gettext_noop

__all__ = ["ACTIONS", "PAGES", "Action", "Page", "View"]

View = Callable[[Visit], Response]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What can be looked at."""

    path: str
    view: View
    title: str = ""
    """In the navigation; empty where it is not there."""
    data: bool = False
    """Whether it is there as `.json`, too."""
    rows: bool = False
    """Whether it is there as `.csv`, too."""

    @property
    def paths(self) -> Sequence[str]:
        """Its addresses."""
        bare = "/status" if self.path == "/" else self.path
        return [self.path, *([f"{bare}.json"] if self.data else ()), *([f"{bare}.csv"] if self.rows else ())]


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What is done by a POST."""

    path: str
    view: View


PAGES: tuple[Page, ...] = (
    Page(path="/", view=status.status, title=gettext_noop("Status"), data=True),
    Page(path="/in-doubt", view=undecided.doubts, title=gettext_noop("In doubt"), data=True, rows=True),
    Page(path="/failed", view=undecided.failed, title=gettext_noop("Failed"), data=True, rows=True),
    Page(path="/campaigns", view=campaigns.campaigns, title=gettext_noop("Campaigns"), data=True, rows=True),
    Page(path="/campaign", view=campaigns.campaign, data=True),
    Page(path="/held", view=campaigns.held, data=True, rows=True),
    Page(path="/pictures", view=pictures.pictures, title=gettext_noop("Pictures"), data=True),
    Page(path="/channels", view=channels.channels, title=gettext_noop("Channels"), data=True, rows=True),
    Page(path="/decisions", view=decisions.decisions, title=gettext_noop("Decisions"), data=True, rows=True),
    Page(path="/machines", view=machines.machines, title=gettext_noop("Machines"), data=True, rows=True),
    Page(path="/plugins", view=plugins.plugins, title=gettext_noop("Configuration"), data=True),
    Page(path="/search", view=search.search, title=gettext_noop("Search"), data=True, rows=True),
    Page(path="/trace", view=trace.trace, title=gettext_noop("Trace"), data=True),
    Page(path="/metrics", view=metrics.metrics),
    Page(path="/decide", view=decide.ask),
    Page(path="/resend", view=trace.resend),
    Page(path="/resume", view=channels.resume),
    Page(path="/undo", view=decisions.undo),
    Page(path="/decided", view=decide.decided),
)

ACTIONS: tuple[Action, ...] = (
    Action(path="/decide", view=decide.decide),
    Action(path="/language", view=session.language),
)
