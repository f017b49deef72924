"""Campaign files to campaigns."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from notifykit.campaign.campaign import BatchPlan, Campaign, Channel, MessagePlan, OptionsTemplate, RetryPolicy
from notifykit.campaign.cells import Column
from notifykit.campaign.digest_text import DigestTemplate
from notifykit.campaign.render import Condition, Template
from notifykit.campaign.times import PassTime, QuietHours, zone_of
from notifykit.config.batch_section import BatchSection
from notifykit.config.channels import Channels
from notifykit.config.column_section import ColumnSection
from notifykit.config.defects import Defects
from notifykit.config.factory import ComponentFactory, Role, Unavailable
from notifykit.config.message_options import OptionsReader
from notifykit.config.sections import CampaignSection, MessageSection, SendingSection
from notifykit.config.templates import Compiler
from notifykit.config.tree import Branch, Leaf, Listing
from notifykit.config.validate import validated
from notifykit.errors import PluginError
from notifykit.legacy import LegacyState
from notifykit.model import Batch, OnUnknown
from notifykit.options import no_sender
from notifykit.secrets import SecretMissingError, Surroundings
from notifykit.wording.translation import gettext


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadCampaign:
    """What came of one campaign file: a campaign, why it cannot be used, or only defects.

    Both, where only a channel of it cannot be used: it can still write back what was sent.
    """

    name: str
    enabled: bool
    campaign: Campaign | None = None
    lacking: tuple[Unavailable, ...] = ()

    @property
    def unavailable(self) -> Unavailable | None:
        """The first thing for which it cannot be used."""
        return self.lacking[0] if self.lacking else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """What a message is made of, as far as it holds together."""

    channel: Channel | None
    recipient: Template | None
    text: Template | None
    options: OptionsTemplate | None
    when: Condition | None
    send_at: Template | None
    digest: DigestTemplate | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignReader:
    """Reads campaign files. Everything is looked at even where something is wrong already."""

    offers: ComponentFactory
    channels: Channels
    around: Surroundings
    folder: Path
    """The project's folder as the person named it."""
    defects: Defects
    timezone: str | None = None
    """The project's, by its IANA name; None: the machine's."""

    def read(self, file: Path, root: Branch) -> ReadCampaign:
        """Return what a file, with all that it inherits, comes to."""
        name = campaign_name(file, root)
        section = validated(CampaignSection, root, (), self.around, self.defects, name=name)
        lacking: list[Unavailable] = []
        source = self._built("source", root, name, lacking)
        strategy = self._built("strategy", root, name, lacking)
        legacy = self._old_state(root, name, lacking)
        self._check_columns(root, strategy)
        zone = (section.timezone if section else None) or self.timezone
        time = PassTime(zone_of(zone) if zone else None)
        compiler = Compiler(campaign=name, folder=self.folder, defects=self.defects, time=time)
        messages = root.entries.get("messages")
        parts = [
            self._parts(message, at, name, compiler, lacking)
            for at, message in enumerate(messages.items if isinstance(messages, Listing) else ())
            if isinstance(message, Branch)
        ]
        enabled = section is None or section.enabled
        if section is None or source is None or strategy is None:
            return ReadCampaign(name=name, enabled=enabled, lacking=tuple(lacking))
        plans = [_plan(section, message, part, time) for message, part in zip(section.messages, parts, strict=True)]
        if None in plans and not lacking and not self.defects:
            raise AssertionError(f"{file}: a message has no plan, and nothing says why")
        campaign = Campaign(
            name=name,
            file=file,
            source=source,
            strategy=strategy,
            messages=tuple(plan for plan in plans if plan is not None),
            legacy=legacy,
            shares_data_with=frozenset(section.shares_data_with),
            replaces_key=frozenset(section.replaces_key),
            exact_keys=section.keys == "exact",
            place=section.place,
            time=time,
            columns={name: _column(column) for name, column in section.columns.items()},
        )
        return ReadCampaign(name=name, enabled=enabled, campaign=campaign, lacking=tuple(lacking))

    def _built(self, role: Role, root: Branch, name: str, lacking: list[Unavailable]) -> Any:
        section = root.entries.get(role)
        if not isinstance(section, Branch):
            return None
        try:
            return self.offers.build(role, section, (role,))
        except (PluginError, SecretMissingError) as error:
            place = str(section.entries["type"].place)
            lacking.append(Unavailable(kind="campaign", name=name, place=place, error=error))
            return None

    def _check_columns(self, root: Branch, strategy: Any) -> None:
        """Record where a column has a type in which the strategy writes its words."""
        columns, writes = root.entries.get("columns"), getattr(strategy, "writes", None)
        if isinstance(columns, Branch) and isinstance(writes, str) and (declared := columns.entries.get(writes)):
            what = gettext("the strategy writes into {column!r}, which it compares as it is", column=writes)
            self.defects.add(declared.place, f"columns.{writes}", what, mend=gettext("leave it out of `columns`"))

    def _old_state(self, root: Branch, name: str, lacking: list[Unavailable]) -> LegacyState | None:
        section = root.entries.get("legacy")
        if not isinstance(section, Branch):
            return None
        try:
            return self.offers.old_state(name, section)
        except (PluginError, SecretMissingError) as error:
            place = str(section.entries["kind"].place)
            lacking.append(Unavailable(kind="campaign", name=name, place=place, error=error))
            return None

    def _parts(self, message: Branch, at: int, name: str, compiler: Compiler, lacking: list[Unavailable]) -> _Parts:
        channel = self._channel(message, at, name, lacking)
        path = f"messages[{at}]"
        options = None
        if channel is not None:
            options, channel = self._options(channel, message, at, compiler)
        escape = channel.escape if channel else None
        text = None
        if leaf := _text(message, "template"):
            text = compiler.template(leaf, f"{path}.template", escape)
        elif leaf := _text(message, "template_file"):
            text = compiler.template_file(leaf, f"{path}.template_file", escape)
        digest = None
        batch = message.entries.get("batch")
        if isinstance(batch, Branch) and (leaf := _text(batch, "template")):
            digest = compiler.digest(leaf, f"{path}.batch.template", escape)
        elif isinstance(batch, Branch) and (leaf := _text(batch, "template_file")):
            digest = compiler.digest_file(leaf, f"{path}.batch.template_file", escape)
        recipient, when, send_at = (_text(message, key) for key in ("recipient", "when", "send_at"))
        return _Parts(
            channel=channel,
            recipient=compiler.template(recipient, f"{path}.recipient") if recipient else None,
            text=text,
            options=options,
            when=compiler.condition(when, f"{path}.when") if when else None,
            send_at=compiler.template(send_at, f"{path}.send_at") if send_at else None,
            digest=digest,
        )

    def _options(
        self, channel: Channel, message: Branch, at: int, compiler: Compiler
    ) -> tuple[OptionsTemplate | None, Channel]:
        """Return what renders a message's options, and the channel as it is for messages of their format."""
        reader = OptionsReader(
            channel=channel, message=message, prefix=("messages", at), compiler=compiler, around=self.around
        )
        options, split = reader.read(), _text(message, "split")
        if options is not None and options.carries and split is not None and split.value == "lines":
            what = gettext("a message that carries files is not cut: each part would carry them")
            self.defects.add(split.place, f"messages[{at}].split", what, mend=gettext("take one of the two out"))
        return options, reader.channel_of_format

    def _channel(self, message: Branch, at: int, name: str, lacking: list[Unavailable]) -> Channel | None:
        leaf = _text(message, "sender")
        if leaf is None or leaf.value is None:
            return None
        if leaf.value not in self.channels.named:
            self.defects.add(
                leaf.place,
                f"messages[{at}].sender",
                no_sender(leaf.value, self.channels.named),
            )
        elif (missing := self.channels.unavailable.get(leaf.value)) and not lacking:
            error = PluginError(
                gettext(
                    'its channel "{name}" cannot be used ({place}: {why})',
                    name=missing.name,
                    place=missing.place,
                    why=missing.why,
                )
            )
            lacking.append(Unavailable(kind="campaign", name=name, place=str(leaf.place), error=error))
        return self.channels.usable.get(leaf.value)


def campaign_name(file: Path, root: Branch) -> str:
    """Return the name that a campaign has or, without one, gets from its file."""
    leaf = _text(root, "name")
    return leaf.value if leaf is not None and leaf.value is not None else file.stem


def _text(section: Branch, key: str) -> Leaf | None:
    """Return the scalar under a key; None where there is none, or nothing is written."""
    node = section.entries.get(key)
    return node if isinstance(node, Leaf) and node.value is not None else None


def _column(section: ColumnSection) -> Column:
    said: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in section if value is not None
    }
    return Column(**said)


def _repeatable(channel: Channel, options: OptionsTemplate | None) -> bool:
    """Whether the service drops a repeat of a message."""
    return channel.repeatable and (channel.repeatable_with_files or options is None or not options.carries)


def _plan(campaign: CampaignSection, message: MessageSection, parts: _Parts, time: PassTime) -> MessagePlan | None:
    """Return the plan of a message; None where something of it is defective."""
    if parts.channel is None or parts.recipient is None or parts.text is None:
        return None
    on_unknown = _said(campaign, message, "on_unknown").on_unknown
    ordered = _said(campaign, message, "order").order == "recipient"
    return MessagePlan(
        name=message.name,
        channel=parts.channel,
        recipient=parts.recipient,
        text=parts.text,
        options=parts.options,
        when=parts.when,
        on_unknown=on_unknown or (OnUnknown.RESEND if _repeatable(parts.channel, parts.options) else OnUnknown.HOLD),
        retry=_retry(campaign, message),
        ordered=ordered,
        order_patience=_said(campaign, message, "order_patience").order_patience,
        split=message.split == "lines",
        batch=_batch(message.batch, parts.digest, ordered=ordered),
        task_type=message.task_type,
        send_at=parts.send_at,
        quiet=_quiet(campaign, message, time),
        expires=_said(campaign, message, "expires").expires,
    )


def _quiet(campaign: CampaignSection, message: MessageSection, time: PassTime) -> QuietHours | None:
    """Return the quiet hours of a message: its own two keys, where it has one of them, or else the campaign's."""
    said: SendingSection = campaign if message.model_fields_set.isdisjoint(("quiet_hours", "not_before")) else message
    if not (said.quiet_hours or said.not_before):
        return None
    return QuietHours.read(said.quiet_hours, time.zone, not_before=said.not_before)


def _batch(section: BatchSection | None, template: DigestTemplate | None, *, ordered: bool) -> BatchPlan | None:
    if section is None:
        return None
    return BatchPlan(batch=Batch(wait=section.every, most=section.max, ordered=ordered), template=template)


def _said(campaign: CampaignSection, message: MessageSection, key: str) -> SendingSection:
    """Return whichever of the two says it; the message first."""
    return message if key in message.model_fields_set else campaign


def _retry(campaign: CampaignSection, message: MessageSection) -> RetryPolicy:
    said = campaign.retry.model_dump(exclude_unset=True) | message.retry.model_dump(exclude_unset=True)
    return RetryPolicy(**said)
