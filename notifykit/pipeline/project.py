"""The host: a project's configuration with its plugins loaded, ready to work."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from notifykit.alerts.conditions import KINDS, Condition
from notifykit.alerts.messages import own_campaign
from notifykit.campaign.campaign import Campaign
from notifykit.campaign.columns import tell_source
from notifykit.clock import Clock, SystemClock
from notifykit.config.known_store import KnownStore
from notifykit.config.project import ProjectFile, read_project
from notifykit.config.resolve import Configuration, resolve
from notifykit.errors import CampaignError, HeldCampaignError, NotifykitError, pass_interrupt
from notifykit.operate.activity import Baseline
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.address import OpenedOutbox, required_file
from notifykit.outbox.protocol import Outbox
from notifykit.pipeline.dispatch import Dispatcher
from notifykit.pipeline.observers import ProjectObservers
from notifykit.pipeline.precedence import Precedence
from notifykit.pipeline.selection import EVERYTHING, Selection
from notifykit.plugins import Plugins, load_plugins
from notifykit.plugins.find import own_version
from notifykit.redaction import redact
from notifykit.roles import ObserverContext, SourceContext, StrategyContext
from notifykit.session import PROJECT_FILE
from notifykit.wording import Reason
from notifykit.wording.nearest import hint
from notifykit.wording.translation import gettext

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """Everything that the verbs need. Build it with `open_project`."""

    file: ProjectFile
    plugins: Plugins
    configuration: Configuration
    clock: Clock = field(default_factory=SystemClock)

    @property
    def about(self) -> str:
        """What is at work, for people: the version, the project, its place, store, campaigns and channels."""
        settings = self.configuration.settings
        names = ", ".join(campaign.name for campaign in self.campaigns()) or gettext("none")
        channels = ", ".join(self.configuration.channels) or gettext("none")
        return gettext(
            "notifykit {version}, {file}, place {place}, store {store}; campaigns: {campaigns}; channels: {channels}",
            version=own_version(),
            file=settings.file,
            place=settings.place,
            store=settings.store,
            campaigns=names,
            channels=channels,
        )

    @property
    def described(self) -> tuple[Campaign, ...]:
        """Every usable campaign, disabled ones included: what they queued may still be under way."""
        found = self.configuration
        return (*found.campaigns, *found.disabled, *found.unsendable)

    def campaigns(self, names: tuple[str, ...] = ()) -> tuple[Campaign, ...]:
        """Return the campaigns that can run: all of them, or those named. Raises NotifykitError for an unknown name.

        All but those whose files say that they are for another machine.
        """
        self._check(names)
        if off := [campaign.name for campaign in self.configuration.disabled if campaign.name in names]:
            raise NotifykitError(
                gettext('campaign "{off}" says `enabled: false`', off=off[0]),
                mend=gettext("remove that line to run it"),
            )
        return tuple(item for item in self.configuration.campaigns if self._is_meant(item, names))

    def selected(self, only: Selection) -> tuple[Campaign, ...]:
        """Return the campaigns that can run, of those that are named, and that have a message on a channel that is.

        Raises NotifykitError for an unknown name, of a campaign or of a channel.
        """
        self.require_channels(only.channels)
        chosen = self.campaigns(only.campaigns)
        return tuple(item for item in chosen if self._is_over(item, only))

    def require_channels(self, names: tuple[str, ...]) -> None:
        """Raise NotifykitError where one of these is no channel, or one that cannot be used here."""
        lacking = {item.name: item.failure for item in self.configuration.unavailable if item.kind == "channel"}
        for name in names:
            if name in lacking:
                raise lacking[name]
            if name not in self.configuration.channels:
                known = sorted({*self.configuration.channels, *lacking})
                raise NotifykitError(gettext('no channel is called "{name}"{hint}', name=name, hint=hint(name, known)))

    def described_of(self, only: Selection) -> tuple[Campaign, ...]:
        """Return the usable campaigns, disabled ones included, of those that are named and over a channel that is."""
        return tuple(
            item
            for item in self.described
            if (not only.campaigns or item.name in only.campaigns) and self._is_over(item, only)
        )

    def _is_over(self, campaign: Campaign, only: Selection) -> bool:
        return not only.channels or any(only.has_channel(message.channel.name) for message in campaign.messages)

    @property
    def idle(self) -> str | None:
        """Why there is nothing to try: no campaign is enabled, or the project says that it has none. Else None."""
        if self.configuration.campaigns or self.unavailable():
            return None
        none = self.configuration.campaign_files.none
        return gettext("no campaign is enabled") if none is None else str(none)

    def require_campaigns(self) -> None:
        """Raise ConfigError where campaigns are looked for and there is none: for commands that queue messages."""
        found = self.configuration.campaign_files
        if found.none is not None and found.wanted:
            raise found.none

    def settling(self, names: tuple[str, ...] = ()) -> tuple[Campaign, ...]:
        """Return the campaigns that can write results back: as `campaigns`, with disabled ones."""
        self._check(names)
        return tuple(item for item in self.described if self._is_meant(item, names))

    def _is_meant(self, campaign: Campaign, names: tuple[str, ...]) -> bool:
        settings = self.configuration.settings
        if names:
            return campaign.name in names
        return settings.store.file is not None or campaign.place in (None, settings.place)

    def unavailable(self, names: tuple[str, ...] = ()) -> dict[str, NotifykitError]:
        """Return the campaigns that cannot run here, all of them or those named, each with the reason and the mend."""
        lacking = (item for item in self.configuration.unavailable if item.kind == "campaign")
        return {item.name: item.failure for item in lacking if not names or item.name in names}

    @property
    def described_names(self) -> frozenset[str]:
        """The names of all campaigns that have a file, also of those that are off or cannot run here."""
        return frozenset((*(campaign.name for campaign in self.described), *self.unavailable()))

    def _check(self, names: tuple[str, ...]) -> None:
        known = self.described_names
        for name in names:
            if name not in known:
                raise NotifykitError(
                    gettext('no campaign is called "{name}"{hint}', name=name, hint=hint(name, sorted(known)))
                )

    @property
    def known_store(self) -> KnownStore:
        """What the project remembers of its store."""
        return self.file.known_store

    def store_file(self) -> Path:
        """Return the file of the outbox, for what has to do with an old program. Raises StoreError where it is none."""
        mend = gettext(
            "let `store:` name a file until the move is over; `notifykit store copy` takes it to a server then"
        )
        return required_file(
            self.configuration.settings.store, gettext("what has to do with an old program"), mend=mend
        )

    def open_file(self, *, create: bool = True) -> SqliteOutbox:
        """Do as `open_outbox`, for what has to do with an old program."""
        self.store_file()
        outbox = self.open_outbox(create=create)
        assert isinstance(outbox, SqliteOutbox)  # noqa: S101 - a file is SQLite's
        return outbox

    def open_outbox(self, *, create: bool = True, remember: bool = True) -> OpenedOutbox:
        """Open the store that the project names, and remember which one it is.

        Whoever does not send, decide or settle need not `remember`: without a store of which nothing was sent, nobody
        is told twice. Raises StoreError, also where it is not the one that the project has had, or holds what an old
        program left and nobody migrated.
        """
        store, known = self.configuration.settings.store, self.known_store
        known.require_there(store)
        outbox = store.open(self.clock, create=create, identity=known.identity())
        if remember:
            known.remember(outbox.identity)
        return outbox

    def start(self, campaign: Campaign, *, reads: bool = True, state: Mapping[str, Any] | None = None) -> None:
        """Tell a campaign's source what is used of it, and its strategy where it is. Both are opened.

        `reads`: whether the source will be read; otherwise it stays as it is. `state`: how far it has read; None: it
        reads all. Raises CampaignError where one of them cannot be opened, or the strategy cannot work there.
        """
        name, clock, folder = campaign.name, self.clock, self.file.folder
        if reads:
            context = SourceContext(campaign=name, clock=clock, folder=folder)
            with _of(campaign, campaign.source):
                context = campaign.source_opening.require(campaign.source, context)
            context.state = state
        tell_source(campaign)
        strategy = campaign.strategy
        now = campaign.time.now
        strategy.start(StrategyContext(campaign=name, source=campaign.source, clock=clock, folder=folder, now=now))
        with _of(campaign, strategy):
            campaign.strategy_opening.require(strategy)

    @property
    def observers(self) -> ProjectObservers:
        """Who is told what happens."""
        context = ObserverContext(clock=self.clock, folder=self.file.folder)
        return ProjectObservers(self.plugins, self.configuration.observers, context)

    def close(self) -> None:
        """Close the senders, sources, strategies and observers that were opened. None of them is in use any more."""
        for observer in self.configuration.observers:
            observer.opening.close()
        for channel in self.configuration.channels.values():
            channel.opening.close()
        for campaign in self.described:
            campaign.source_opening.close()
            campaign.strategy_opening.close()

    def precedence(self, outbox: Outbox | None) -> Precedence:
        """Return which campaigns may queue messages, where several are over the same data."""
        return Precedence(outbox, self.configuration.campaigns, self.described_names, self.file.folder)

    def require_may_generate(self, campaign: Campaign) -> None:
        """Ask the plugins whether a campaign may queue messages. Raises HeldCampaignError, and StoreError."""
        if not self.plugins.observed("may_generate"):
            return
        refusals = self.plugins.hook.may_generate(
            campaign=campaign.name,
            legacy=campaign.legacy,
            store=self.configuration.settings.store,
            folder=self.file.folder,
            project=self,
        )
        if refusals:
            raise HeldCampaignError(refusals[0])

    def rename_kept(self, old: str, new: str, outbox: Outbox, *, who: str, why: str) -> bool:
        """Let the plugins rename what they keep of a campaign, within the transaction that is open.

        Returns whether any of them had something. What a plugin raises comes through.
        """
        if not self.plugins.observed("rename_kept"):
            return False
        folder = self.file.folder
        return any(self.plugins.hook.rename_kept(old=old, new=new, outbox=outbox, folder=folder, who=who, why=why))

    def troubles(self) -> dict[str, Reason]:
        """Ask the plugins what is wrong that a person must see to, each under a name."""
        found: dict[str, Reason] = {}
        if self.plugins.observed("troubles"):
            for told in self.plugins.hook.troubles(project=self):
                found |= {name: why if isinstance(why, Reason) else Reason(str(why)) for name, why in told.items()}
        return found

    def baseline(self, log: Path | None) -> Baseline | None:
        """Ask the plugins how the work went before notifykit took it over. Raises what they raise."""
        found = self.plugins.hook.report_baseline(project=self, log=log)
        return max(found, key=lambda one: one.at, default=None)

    def advice(self, condition: Condition, subject: str) -> tuple[Reason, ...]:
        """Ask the plugins what else people are to know when a condition begins to hold. `subject`: a finding's."""
        if not self.plugins.observed("alert_advice"):
            return ()
        about = {subject} if subject and KINDS[condition.kind].by_campaign else condition.campaigns
        names = frozenset(about or self.configuration.expected)
        try:
            found = self.plugins.hook.alert_advice(kind=condition.kind.value, campaigns=names, project=self)
        except BaseException as error:  # people are told all the same
            pass_interrupt(error)
            log.exception("alert_advice of a plugin fails")
            return ()
        return tuple(one if isinstance(one, Reason) else Reason(str(one)) for one in found)

    def dispatcher(
        self,
        outbox: Outbox,
        *,
        workers: int | None = None,
        progress: Callable[[Sequence[str]], None] | None = None,
        only: Selection = EVERYTHING,
        worker: str | None = None,
    ) -> Dispatcher:
        """Build a dispatcher for `only` what is named. `worker`: its name, instead of a new one."""
        settings = self.configuration.settings.dispatch
        if workers is not None:
            settings = replace(settings, workers=workers)
        own = own_campaign(self.configuration.channels)
        return Dispatcher(
            outbox,
            self.configuration.channels,
            {campaign.name: campaign for campaign in (*self.described, *((own,) if own else ()))},
            settings,
            self.clock,
            observers=self.observers,
            rng=random.Random(),  # noqa: S311 - jitter
            progress=progress,
            only=only,
            worker=worker,
        )


@contextmanager
def _of(campaign: Campaign, part: object) -> Iterator[None]:
    """Say what cannot be opened, whatever its `open` raises."""
    try:
        yield
    except NotifykitError:
        raise
    except BaseException as error:
        pass_interrupt(error)
        told = gettext(
            "{part} cannot be opened: {kind}: {error}",
            part=type(part).__name__,
            kind=type(error).__name__,
            error=redact(str(error)),
        )
        raise CampaignError(told, where=campaign.file) from error


def open_project(
    file: Path = PROJECT_FILE,
    *,
    strict_plugins: bool = False,
    secrets: bool = True,
    plugins: Plugins | None = None,
    clock: Clock | None = None,
) -> Project:
    """Read a project, load its plugins (unless they were loaded before), and validate everything.

    It goes by the machine's clock unless it is given another.

    Without `secrets`, unset ones are no error: for commands that only look. Raises ConfigError (every defect at
    once) and, where plugins are strict, PluginError.
    """
    project = read_project(file)
    if plugins is None:
        plugins = load_plugins(
            block=project.plugins.block,
            strict=strict_plugins or project.plugins.strict,
            local=project.local_plugins,
        )
    configuration = resolve(project, plugins.registry, secrets=secrets)
    return Project(file=project, plugins=plugins, configuration=configuration, clock=clock or SystemClock())
