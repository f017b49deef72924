"""check: everything that can be known to be wrong before anything is queued or sent, all at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from itertools import islice
from pathlib import Path

from notifykit.campaign.campaign import Campaign, MessagePlan
from notifykit.campaign.lengths import exceeded
from notifykit.campaign.split import split_on_line_ends
from notifykit.campaign.times import read_datetime
from notifykit.config.defects import InvalidConfigurationError
from notifykit.config.open_points import open_points
from notifykit.errors import ConfigError, HeldCampaignError, NotifykitError, StoreError, pass_interrupt, told
from notifykit.model import Problem, Record
from notifykit.operate import archives
from notifykit.operate.archives import archive_path
from notifykit.operate.attention import unreachable
from notifykit.operate.probing import probed
from notifykit.operate.rehearsal import Blank, empty_outbox
from notifykit.operate.writable import unwritable_results
from notifykit.outbox.address import OpenedOutbox
from notifykit.outbox.protocol import Outbox
from notifykit.pipeline.conflicts import decided
from notifykit.pipeline.generate import generate
from notifykit.pipeline.places import ElsewhereError, require_here
from notifykit.pipeline.precedence import Precedence
from notifykit.pipeline.project import Project, open_project
from notifykit.plugins import Plugins
from notifykit.roles import Decision
from notifykit.wording.translation import gettext, gettext_noop

SAMPLE = 100
"""Records of each campaign whose messages are rendered."""

_DEFECT = gettext_noop("this is a defect: report it to the plugin's author")
NOTED_OFFSET = 1.0
"""Seconds by which the clock of the store may differ from this machine's before it is worth knowing."""


class Level(StrEnum):
    """How bad it is."""

    ERROR = "error"
    """It must be mended."""
    HELD = "held"
    """What it concerns waits for a person, or would with `generate`; the rest runs."""
    NOTE = "note"
    """It is worth knowing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was found."""

    level: Level
    about: str
    """`plugins`, `configuration`, `store`, `channel` and its name, or the name of a campaign."""
    what: str
    error: NotifykitError | None = None
    """Where it is, what is wrong and how to mend it; None where there is only `what`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a check came to."""

    findings: tuple[Finding, ...]
    campaigns: tuple[str, ...] = ()
    """The campaigns that were tried."""

    @property
    def failed(self) -> bool:
        """Whether anything must be mended."""
        return any(finding.level is Level.ERROR for finding in self.findings)

    @property
    def held(self) -> bool:
        """Whether `generate` would hold anything for a person, or the files leave something to decide."""
        return any(finding.level is Level.HELD for finding in self.findings)


def check(file: Path, plugins: Plugins, *, online: bool = False) -> Checked:
    """Check a project. Nothing is queued, sent or written. `online`: what it needs is asked, too."""
    plugins.import_offered()
    findings = [_wrong("plugins", plugin.error) for plugin in plugins.failed]
    findings += [_error(gettext("plugins"), warning) for warning in plugins.warnings]
    findings += [
        Finding(level=Level.HELD, about=gettext("configuration"), what=str(point), error=point)
        for point in open_points(file)
    ]
    project = None
    try:
        project = open_project(file, plugins=plugins)
    except ConfigError as error:
        defects = error.defects if isinstance(error, InvalidConfigurationError) else ()
        findings += [_wrong(gettext("configuration"), one) for one in [defect.error for defect in defects] or [error]]
        project = _without_secrets(file, plugins)
        if project is None and isinstance(error, InvalidConfigurationError):
            findings += [_error(gettext("configuration"), what) for what in error.lacking]
    if project is None:
        return Checked(findings=tuple(findings))
    findings += [
        _wrong(item.name if item.kind == "campaign" else gettext("configuration"), item.error, str(item))
        for item in project.configuration.unavailable
    ]
    findings += _of_files(project)
    with ExitStack() as stack:
        stack.callback(project.close)
        if online:
            findings += _of_services(project)
        findings += _of_store(project)
        campaigns = project.configuration.campaigns
        # Before the store is opened here: plugins open it as they need.
        asked = [_alone(campaign, partial(_asked, project, campaign)) for campaign in campaigns]
        outbox: OpenedOutbox | None = None
        with suppress(StoreError):  # found already; the campaigns are compared all the same
            if project.configuration.settings.store.exists():
                outbox = stack.enter_context(closing(_look_at(project)))
        precedence = project.precedence(outbox)
        rehearsed = stack.enter_context(empty_outbox(project.clock)) if outbox is None else outbox
        for campaign, said in zip(campaigns, asked, strict=True):
            findings += said
            findings += _alone(campaign, partial(_of_campaign, project, rehearsed, precedence, campaign))
        if outbox is not None:
            findings += _of_waiting(project, outbox)
            findings += _of_archives(project, outbox)
            outbox.require_unchanged()
    told = {finding.what for finding in findings}
    findings += [finding for finding in _of_plugins(project) if finding.what not in told]
    return Checked(findings=tuple(findings), campaigns=tuple(item.name for item in campaigns))


def _of_files(project: Project) -> Iterator[Finding]:
    """Where no campaign is found, or a file that looks like one is none."""
    files = project.configuration.campaign_files
    if files.none is not None and files.wanted:
        yield _wrong(gettext("configuration"), files.none)
    elif idle := project.idle:
        yield _note(gettext("configuration"), idle)
    for name in files.overlooked if files.none is None else ():
        yield _note(
            gettext("configuration"),
            gettext("{name} is no campaign: no pattern of `campaigns` finds it; rename or remove it", name=name),
        )


def _without_secrets(file: Path, plugins: Plugins) -> Project | None:
    """Return the project for the other checks, where nothing but secrets was wrong with it."""
    try:
        return open_project(file, plugins=plugins, secrets=False)
    except ConfigError:
        return None


def _of_services(project: Project) -> Iterator[Finding]:
    """What each says that was asked."""
    for about, probe in probed(project):
        if probe.ready is None:
            yield _note(about, gettext("not asked: {detail}", detail=probe.detail))
        elif probe.ready:
            yield _note(about, gettext("ready: {detail}", detail=probe.detail))
        else:
            yield _error(about, gettext("not ready: {detail}", detail=probe.detail))


def _of_store(project: Project) -> Iterator[Finding]:
    store = project.configuration.settings.store
    try:
        project.known_store.require_there(store)
        there = store.exists()
    except StoreError as error:
        yield _wrong(gettext("store"), error)
        return
    if there:
        try:
            with closing(_look_at(project)) as outbox:
                ahead = outbox.now() - project.clock.now()
        except StoreError as error:
            yield _wrong(gettext("store"), error)
        else:
            if abs(ahead) > NOTED_OFFSET:
                said = (
                    gettext("its clock is {seconds:,.1f} s ahead of this machine's", seconds=ahead)
                    if ahead > 0
                    else gettext("its clock is {seconds:,.1f} s behind this machine's", seconds=-ahead)
                )
                yield _note(gettext("store"), told(said, mend=gettext("times are the store's")))
    yield from (_error(gettext("store"), what) for what in store.unwritable())


def _of_waiting(project: Project, outbox: Outbox) -> Iterator[Finding]:
    """Where messages wait for a channel that is not there: one that is, and cannot be used, is a finding already."""
    channels = project.configuration.channels
    told = {item.name for item in project.configuration.unavailable if item.kind == "channel"}
    for channel, waiting in unreachable(outbox.pulse(), {*channels, *told}).items():
        what = gettext(
            "`senders` has no {channel}, for which messages wait ({waiting})", channel=channel, waiting=waiting
        )
        mend = gettext(
            "put it back, or drop them: `notifykit tasks --status queued` lists them, `notifykit resolve` cancels"
        )
        error = ConfigError(what, mend=mend, where=project.file.file)
        yield Finding(level=Level.HELD, about=gettext("configuration"), what=str(error), error=error)


def _of_archives(project: Project, outbox: OpenedOutbox) -> Iterator[Finding]:
    """Where an archive is lost, or does not go with the store."""
    archive = archive_path(project.configuration.settings.store, project.file.file.absolute())
    for one in archives.findings(outbox, archive, project.clock, whole=False):
        level = Level.NOTE if one.held else Level.HELD  # the next pass takes as known what was never heard of
        yield Finding(level=level, about="store", what=f"{one.number:,} {one.what}; {one.mend}")


def _of_plugins(project: Project) -> list[Finding]:
    """What the commands of plugins would refuse."""
    try:
        return [
            _wrong(gettext("configuration"), error)
            for said in project.plugins.hook.refusals(project=project)
            for error in said
        ]
    except BaseException as error:  # noqa: BLE001 - third-party code may raise anything
        pass_interrupt(error)
        what = gettext("{kind} while its commands were asked what they would refuse", kind=type(error).__name__)
        return [_error(gettext("plugins"), told(what, mend=gettext(_DEFECT)))]


def _look_at(project: Project) -> OpenedOutbox:
    return project.configuration.settings.store.look(project.clock, identity=project.known_store.identity())


def _alone(campaign: Campaign, check_it: Callable[[], Iterable[Finding]]) -> list[Finding]:
    """Check one campaign: whatever its source, strategy or sender raises is a finding, and ends no other check."""
    try:
        return list(check_it())
    except BaseException as error:  # noqa: BLE001 - third-party code may raise anything
        pass_interrupt(error)
        source, strategy = type(campaign.source).__name__, type(campaign.strategy).__name__
        what = gettext(
            "{kind} with source {source} and strategy {strategy}",
            kind=type(error).__name__,
            source=source,
            strategy=strategy,
        )
        return [_error(campaign.name, told(what, mend=gettext(_DEFECT), where=str(campaign.file)))]


def _asked(project: Project, campaign: Campaign) -> Iterator[Finding]:
    """Ask the plugins whether a campaign may queue messages, unless it cannot start: that is told of the campaign."""
    try:
        project.start(campaign, reads=False)
    except NotifykitError:
        return
    try:
        with suppress(StoreError):  # found already
            project.require_may_generate(campaign)
    except HeldCampaignError as error:
        # What a campaign says of its old state waits for its day; what none says of is to be written.
        level = Level.ERROR if campaign.legacy is None else Level.NOTE
        yield Finding(
            level=level, about=campaign.name, what=gettext("queues nothing: {error}", error=error), error=error
        )


def _of_campaign(project: Project, outbox: Outbox, precedence: Precedence, campaign: Campaign) -> Iterator[Finding]:
    try:
        require_here(campaign, project.configuration.settings.place, outbox)
    except ElsewhereError as error:
        yield Finding(level=Level.NOTE, about=campaign.name, what=str(error), error=error)
        return
    if (reason := precedence.refusal(campaign)) is not None:
        yield _wrong(campaign.name, HeldCampaignError(reason, where=campaign.file))
    try:
        project.start(campaign)
        rehearsed = generate(campaign, outbox, dry_run=True)
        sample = _sample(campaign)
    except NotifykitError as error:
        yield _wrong(campaign.name, error)
        return
    yield from (_error(campaign.name, what) for what in unwritable_results(campaign))
    if rehearsed.neither:
        yield _note(
            campaign.name,
            gettext("skipped: records marked neither as sent nor as not sent: {number}", number=len(rehearsed.neither)),
        )
    for problem in rehearsed.neither[:SAMPLE]:
        yield _note(campaign.name, gettext("skipped: {problem}", problem=problem))
    if len(rehearsed.neither) > SAMPLE:
        yield _note(campaign.name, gettext("skipped: … and {number} more", number=len(rehearsed.neither) - SAMPLE))
    if not sample and not rehearsed.problems:
        yield _note(campaign.name, gettext("no record yet, so its templates were compiled and not rendered"))
    of_messages = [finding for plan in campaign.messages for finding in _of_message(campaign, plan, sample)]
    yield from of_messages
    if not any(finding.level is Level.ERROR for finding in of_messages):  # which would be told again for each record
        yield from _held_records(campaign, rehearsed.problems)


def _held_records(campaign: Campaign, problems: Sequence[Problem]) -> Iterator[Finding]:
    for problem in problems[:SAMPLE]:
        yield _held(campaign.name, str(problem))
    if len(problems) > SAMPLE:
        yield _held(campaign.name, gettext("… and {number} more rows", number=len(problems) - SAMPLE))


def _sample(campaign: Campaign) -> list[Record]:
    """Return the first records that would need notifying if nothing was queued yet; where none does, the first."""
    due, others = list[Record](), list[Record]()
    for item in campaign.records():
        if isinstance(item, Record):
            kept = due if decided(campaign, item, Blank()) is Decision.NOTIFY else others
            if len(kept) < SAMPLE:
                kept.append(item)
            if len(due) == SAMPLE:
                break
    return due or others


def _of_message(campaign: Campaign, plan: MessagePlan, records: Sequence[Record]) -> Iterator[Finding]:
    """Find what is wrong with a message as such: no record can have it. Of single records `generate` tells."""
    rendered = 0
    wrong: list[str] = []
    for record in records:
        try:
            if plan.when is not None and not plan.when(record):
                continue
            text, recipient = plan.text(record), plan.recipient(record)
            if plan.send_at is not None:
                read_datetime(plan.send_at(record), campaign.time.zone)
            wrong += islice(_unsendable(plan, record, text, recipient), 1)
        except (NotifykitError, ValueError) as error:
            wrong.append(str(error))
        rendered += 1
    if records and not rendered:
        yield _note(
            campaign.name,
            gettext(
                "message {name}: none of the first records needs it, so its template was not rendered", name=plan.name
            ),
        )
    elif wrong and len(wrong) == rendered:
        yield _error(
            campaign.name, gettext("message {name}: no record can have it: {wrong}", name=plan.name, wrong=wrong[0])
        )


def _unsendable(plan: MessagePlan, record: Record, text: str, recipient: str) -> Iterator[str]:
    empty = ((text, gettext_noop("the text is empty")), (recipient, gettext_noop("the recipient is empty")))
    for rendered, what in empty:
        if not rendered.strip():
            yield told(gettext(what), mend=gettext("correct the template or the row"), where=record.place)
    bounds = plan.channel.bounds
    bound = exceeded(bounds, text)
    if bound is None or (plan.split and split_on_line_ends(text, bounds)):
        return
    mend = gettext("shorten its longest line") if plan.split else gettext("shorten the template, or set `split: lines`")
    what = gettext(
        "the text has {size} {unit}, and channel {name} takes {limit}",
        size=bound.of(text),
        unit=bound.name,
        name=plan.channel.name,
        limit=bound.most,
    )
    yield told(what, mend=mend, where=record.place)


def _wrong(about: str, error: NotifykitError, what: str | None = None) -> Finding:
    return Finding(level=Level.ERROR, about=about, what=what or str(error), error=error)


def _error(about: str, what: str) -> Finding:
    return Finding(level=Level.ERROR, about=about, what=what)


def _held(about: str, what: str) -> Finding:
    return Finding(level=Level.HELD, about=about, what=what)


def _note(about: str, what: str) -> Finding:
    return Finding(level=Level.NOTE, about=about, what=what)
