"""`alerts` of notifykit.yaml: conditions, and to whom each is told."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from notifykit.alerts.conditions import KINDS, STANDARD, Condition, Kind, Route
from notifykit.alerts.settings import Alerts
from notifykit.config.channels import Channels
from notifykit.config.defects import Defects
from notifykit.config.sections import AlertsSection, ConditionSection
from notifykit.config.tree import Branch, KeyPath, Leaf, dotted, locate
from notifykit.options import in_days, no_sender
from notifykit.wording import Language
from notifykit.wording.nearest import hint
from notifykit.wording.translation import gettext

_BASE: KeyPath = ("alerts",)
_NEVER_NOTHING = (
    Kind.RESPONSE_TIME,
    Kind.SILENT_SOURCE,
    Kind.NO_PASS,
    Kind.NOT_RUNNING,
    Kind.SLOW_CALLS,
    Kind.WORKER_GONE,
    Kind.OLD_SNAPSHOT,
)
"""Kinds that measure what always takes time: beyond 0 they would hold whatever happens."""


def read_alerts(
    root: Branch, section: AlertsSection | None, channels: Channels, campaigns: Collection[str], defects: Defects
) -> Alerts:
    """Return the alerts of a project; what is wrong with them is recorded."""
    if section is None:
        return Alerts()
    reader = _Reader(root, section, channels, campaigns, defects)
    written = root.entries.get("alerts")
    conditions = reader.conditions(written if isinstance(written, Branch) else Branch(root.place, {}))
    whole = {condition.kind for condition in conditions if not condition.campaigns}
    names = {condition.name for condition in conditions}
    standard = (one for one in STANDARD if one.kind not in whole and one.name not in names)
    return Alerts(
        conditions=(*conditions, *standard),
        quiet=section.quiet,
        every=section.every,
        language=Language(section.language),
    )


class _Reader:
    def __init__(
        self,
        root: Branch,
        section: AlertsSection,
        channels: Channels,
        campaigns: Collection[str],
        defects: Defects,
    ) -> None:
        self._root = root
        self._section = section
        self._channels = channels
        self._campaigns = campaigns
        self._defects = defects

    def conditions(self, written: Branch) -> list[Condition]:
        section = self._section
        named = written.entries.get("conditions")
        for name, node in named.entries.items() if isinstance(named, Branch) else ():
            if isinstance(node, Leaf) and node.value is None:
                self._wrong(
                    ("conditions", name), gettext("says nothing"), gettext("write {} behind it for what is usual")
                )
        if section.conditions:
            return [one for name, said in section.conditions.items() if (one := self._condition(name, said))]
        route = self._route(section, ())
        if route is None and section.model_fields_set & {"channel", "recipient", "second"}:
            self._wrong((), gettext("names a channel or a recipient, and not both"), "write `channel` and `recipient`")
        return [Condition(name=one.name, kind=one.kind, route=route) for one in STANDARD] if route is not None else []

    def _condition(self, name: str, said: ConditionSection) -> Condition | None:
        path: KeyPath = ("conditions", name)
        word = said.when or name
        if word not in set(Kind):
            mend = gettext("`when` says what it is about, or its name does")
            self._wrong(
                path,
                gettext('there is no condition "{word}"{near}', word=word, near=hint(word, list(Kind))),
                mend,
            )
            return None
        kind = Kind(word)
        known = KINDS[kind]
        if said.at_least is not None and known.at_least == 1:
            self._wrong((*path, "at_least"), gettext("does not go with {kind}", kind=kind), gettext("take it out"))
        if said.campaigns and not known.by_campaign:
            self._wrong(
                (*path, "campaigns"),
                gettext("does not go with {kind}, which is about no campaign", kind=kind),
                gettext("take it out"),
            )
        for campaign in said.campaigns:
            if campaign not in self._campaigns:
                self._wrong(
                    (*path, "campaigns"),
                    gettext(
                        'no campaign is called "{campaign}"{near}',
                        campaign=campaign,
                        near=hint(campaign, sorted(self._campaigns)),
                    ),
                )
        if known.looks_back and said.window == 0:
            self._wrong((*path, "window"), gettext("is no time at all"), gettext("write a duration such as 1h"))
        kept = known.kept
        if kept is not None and said.window is not None and said.window > kept:
            what = gettext("is longer than what {kind} counts is kept, which is {days}", kind=kind, days=in_days(kept))
            self._wrong((*path, "window"), what, gettext("write {days} or less", days=in_days(kept)))
        route = self._route(said, path) or self._route(self._section, ())
        if route is None:
            self._wrong(
                path,
                gettext("is told to nobody"),
                gettext("write `channel` and `recipient`, here or for all under `alerts`"),
            )
        return Condition(
            name=name,
            kind=kind,
            threshold=self._threshold(kind, said, path),
            window=known.window if said.window is None else said.window,
            at_least=known.at_least if said.at_least is None else said.at_least,
            campaigns=frozenset(said.campaigns),
            route=route,
        )

    def _threshold(self, kind: Kind, said: ConditionSection, path: KeyPath) -> float:
        known = KINDS[kind]
        key, other = ("below", "over") if known.measures == "share" else ("over", "below")
        if getattr(said, other) is not None:
            mend = gettext("take it out") if known.measures == "nothing" else gettext("write `{key}`", key=key)
            self._wrong((*path, other), gettext("does not go with {kind}", kind=kind), mend)
        value: float | None = said.below if known.measures == "share" else said.over
        if value is None:
            return known.threshold
        if known.measures == "nothing":
            self._wrong((*path, key), gettext("does not go with {kind}", kind=kind), gettext("take it out"))
        if known.measures == "share" and value == 0:
            self._wrong(
                (*path, key), gettext("is 0, and no share is below it"), gettext("write one such as 0.95 or 95%")
            )
        if kind in _NEVER_NOTHING and value == 0:
            self._wrong((*path, key), gettext("is 0, which anything is over"), gettext("write a duration such as 1h"))
        if known.measures == "count" and not self._is_count((*path, key)):
            self._wrong((*path, key), gettext("must be a whole number: it counts messages or errors"))
        return value

    def _is_count(self, path: KeyPath) -> bool:
        node: object = self._root
        for step in (*_BASE, *path):
            node = node.entries.get(str(step)) if isinstance(node, Branch) else None
        return isinstance(node, Leaf) and node.value is not None and node.value.strip().isdecimal()

    def _route(self, said: AlertsSection | ConditionSection, path: KeyPath) -> Route | None:
        if said.channel is None and said.recipient is None and said.second is None:
            return None
        channel = self._section.channel if said.channel is None else said.channel
        recipient = self._section.recipient if said.recipient is None else said.recipient
        if channel is None or recipient is None:
            return None
        first = self._checked(channel, recipient, path)
        second = said.second or self._section.second
        if second is None:
            return first
        at = (*path, "second") if said.second else ("second",)
        instead = self._checked(second.channel, second.recipient, at)
        if instead == first:
            self._wrong(
                at, gettext("is the very channel and recipient that it is to stand in for"), gettext("name another")
            )
        return replace(first, second=instead)

    def _checked(self, channel: str, recipient: str, path: KeyPath) -> Route:
        self._check_channel(channel, (*path, "channel"))
        if not recipient.strip():
            self._wrong(
                (*path, "recipient"),
                gettext('is "{recipient}", which reaches nobody', recipient=recipient),
                gettext("write whom to reach"),
            )
        return Route(channel=channel, recipient=recipient)

    def _check_channel(self, name: str, path: KeyPath) -> None:
        if name not in self._channels.named:
            self._wrong(path, no_sender(name, self._channels.named))
        elif (channel := self._channels.usable.get(name)) and channel.options and not channel.options.takes_text:
            what = gettext(
                "`{channel}` cannot send an alert: its messages need the option {option}, and an alert is only a text",
                channel=name,
                option=channel.options.required[0],
            )
            self._wrong(path, what, gettext("name another channel"))

    def _wrong(self, path: KeyPath, what: str, mend: str = "") -> None:
        place, _ = locate(self._root, (*_BASE, *path))
        self._defects.add(place, dotted((*_BASE, *path)), what, mend)
