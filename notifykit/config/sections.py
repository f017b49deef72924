"""The keys of configuration files, as models: validation, JSON Schema and docs/configuration.md come from here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, model_validator

from notifykit.campaign.campaign import DispatchSettings, RetryPolicy
from notifykit.campaign.times import QuietHours, zone_of
from notifykit.config.batch_section import BatchSection
from notifykit.config.column_section import COLUMNS, Columns
from notifykit.config.held_address import Held, HeldForWork
from notifykit.config.plugins_section import PluginsSection
from notifykit.config.project import STORE, scheme_of
from notifykit.config.section import Section, listed
from notifykit.model import OnUnknown
from notifykit.options import Seconds, in_project
from notifykit.wording.translation import gettext

_RETRY = RetryPolicy()
_DISPATCH = DispatchSettings()

Positive = Annotated[Seconds, Field(gt=0)]


class TypedSection(BaseModel):
    """A mapping whose `type` says which plugin class the other keys belong to."""

    model_config = ConfigDict(extra="allow", frozen=True, hide_input_in_errors=True, defer_build=True)

    type: str = Field(description="The type, as a plugin offers it. The other keys are its options.")


class LegacySection(BaseModel):
    """A mapping whose `kind` says which plugin class the other keys belong to."""

    model_config = ConfigDict(extra="allow", frozen=True, hide_input_in_errors=True, defer_build=True)

    kind: str = Field(description="The kind, as a plugin offers it. The other keys are its options.")


class LimitSection(Section):
    """A rate that a service allows."""

    count: int = Field(ge=1, description="So many attempts …")
    seconds: Positive = Field(description="… in any window of this length.")


class SenderSection(TypedSection):
    """A channel: a sender under a name of your choice."""

    limits: list[LimitSection] | None = Field(
        default=None, description="Rates that replace those the sender declares; `[]` for none."
    )
    key_limits: list[LimitSection] | None = Field(
        default=None,
        description="Rates of each recipient or chat, which replace those the sender declares; `[]` for none.",
    )
    concurrency: int | None = Field(
        default=None,
        ge=1,
        le=256,
        description="How many calls there may be at once, instead of what the sender declares or `dispatch.workers`.",
    )


class RetrySection(Section):
    """How often and how soon a message is tried again after a refusal that may pass."""

    attempts: int = Field(default=_RETRY.attempts, ge=1, description="Tries in all, before the task is `failed`.")
    first: Seconds = Field(default=_RETRY.first, description="Delay after the first try.")
    factor: float = Field(default=_RETRY.factor, ge=1, description="Each delay is so many times the one before.")
    cap: Seconds = Field(default=_RETRY.cap, description="No delay is longer.")
    jitter: float = Field(
        default=_RETRY.jitter, ge=0, le=1, description="Share of the delay by which it varies at random, 0 to 1."
    )
    patience: Seconds = Field(
        default=_RETRY.patience,
        description="How long a message waits for a channel that cannot be reached or asks to wait.",
    )


def _message_name(name: str) -> str:
    if "." in name:
        raise ValueError(gettext('must not contain "." (it marks the parts of a split message); use "-"'))
    return name


def _plain_name(name: str) -> str:
    if not name or name != name.strip() or not name.isprintable() or "/" in name:
        raise ValueError(gettext('must be a plain name (no "/", no line breaks, no outer spaces)'))
    return name


Name = Annotated[str, AfterValidator(_plain_name)]


def _store(value: str, info: ValidationInfo) -> str:
    return value if scheme_of(value) else str(in_project(value, info))


StoreName = Annotated[str, AfterValidator(_store), Held]
"""A URL, or a path, which is made absolute; or what holds one."""


def _read_by(read: Callable[[str], object]) -> AfterValidator:
    def check(text: str) -> str:
        read(text)
        return text

    return AfterValidator(check)


Zone = Annotated[str, _read_by(zone_of)]
Hours = Annotated[str, _read_by(lambda text: QuietHours.read([text]))]
Hour = Annotated[str, _read_by(lambda text: QuietHours.read([], not_before=text))]


class SendingSection(Section):
    """What may be said for all messages of a campaign, and again for one of them."""

    on_unknown: OnUnknown | None = Field(
        default=None,
        description="What happens to a message that may or may not have been accepted: `hold` it for a person, "
        "`resend` it, or `assume_sent`. Default: `resend` where the sender is repeatable, otherwise `hold`.",
    )
    retry: RetrySection = Field(default_factory=RetrySection, description="How a message is tried again.")
    order: Literal["recipient", "none"] = Field(
        default="recipient", description="Keep the order of messages to one recipient, or not."
    )
    order_patience: Seconds = Field(
        default=600.0, description="How long a waiting retry may hold its recipient's later messages back."
    )
    quiet_hours: Annotated[list[Hours], BeforeValidator(listed, json_schema_input_type=str | list[str])] = Field(
        default=[],
        description='Hours of each day, in `timezone`, at which nothing is sent, such as "22:00-08:00"; one span or '
        "several. What falls due in them is sent when they end.",
    )
    not_before: Hour | None = Field(
        default=None, description='The time of each day, in `timezone`, before which nothing is sent, such as "09:00".'
    )
    expires: Positive | None = Field(
        default=None,
        description="Where a message is not sent so long after it was queued, or after `send_at`, it is cancelled, and "
        "its record is not flagged. Default: it waits until it is sent.",
    )

    @model_validator(mode="after")
    def _time_is_left(self) -> SendingSection:
        QuietHours.read(self.quiet_hours, not_before=self.not_before)
        return self


class MessageSection(SendingSection):
    """One thing to send for a record."""

    name: Annotated[Name, AfterValidator(_message_name)] = Field(description="Its name within the campaign.")
    when: str | None = Field(
        default=None, description="A Jinja expression that gives true or false for the record. Default: always."
    )
    recipient: str = Field(description="A template: whom the channel is to reach.")
    template: str | None = Field(default=None, description="The text, as a template.")
    template_file: str | None = Field(
        default=None, description="A file with the template, instead of `template`; relative to notifykit.yaml."
    )
    sender: str = Field(description="A channel: a name under `senders` of notifykit.yaml.")
    options: dict[str, object] = Field(
        default={},
        description="What the message says beside its text, such as a subject or files: the options that the "
        "channel's type has for messages. Each text is a template.",
    )
    send_at: str | None = Field(
        default=None,
        description="A template that gives a date or a time, in `timezone` unless it says another: the message is not "
        'sent earlier. Such as `{{ record["due"] }} 09:00`. Default: at once.',
    )
    split: Literal["none", "lines"] = Field(
        default="none",
        description="`lines`: cut a text that the channel finds too long on line ends into several messages.",
    )
    batch: BatchSection | None = Field(
        default=None, description="Gather messages to a recipient into one call. Default: each is a call."
    )
    task_type: str = Field(default="notifykit", description="What old readers of the task table see as `task_type`.")

    @model_validator(mode="after")
    def _one_template(self) -> MessageSection:
        if (self.template is None) == (self.template_file is None):
            raise ValueError(gettext("needs either template or template_file"))
        if self.batch is not None and self.split != "none":
            raise ValueError(
                gettext("`batch` and `split` cannot both be said: a digest that is too long takes fewer messages")
            )
        return self


class CampaignSection(SendingSection):
    """A campaign file."""

    extends: str | None = Field(
        default=None, description="A campaign file whose keys count where this one has none; relative to this file."
    )
    name: Name | None = Field(default=None, description="The campaign's name. Default: the file's, without `.yaml`.")
    enabled: bool = Field(default=True, description="`false`: generates nothing.")
    shares_data_with: Annotated[list[Name], BeforeValidator(listed, json_schema_input_type=str | list[str])] = Field(
        default=[],
        description="Campaigns that are meant to read the same source and write the same as this one. Without it, of "
        "several such campaigns only the one that was there first queues messages.",
    )
    replaces_key: Annotated[list[str], BeforeValidator(listed, json_schema_input_type=str | list[str])] = Field(
        default=[],
        description="What the source's `key` was before: it was changed on purpose, and every record is a new one. "
        "Without it, a campaign whose key comes from elsewhere than before queues nothing.",
    )
    keys: Literal["as_read", "exact"] = Field(
        default="as_read",
        description="`as_read`: a new key that a person would read as another one, or as none, is held. `exact`: every "
        "text is a key of its own.",
    )
    place: Name | None = Field(
        default=None,
        description="The machine that its files are on, as `run: place` says there: on a store that several machines "
        "use, nobody else generates or settles it. Default: the machine that queues or writes back first.",
    )
    timezone: Zone | None = Field(
        default=None,
        description="The time zone of its times, by its IANA name, such as Europe/Berlin. Default: the project's.",
    )
    source: TypedSection = Field(description="Where records come from: `type`, and the type's options.")
    columns: Columns = Field(default={}, description=COLUMNS)
    strategy: TypedSection = Field(
        description="What needs notifying and what is written back: `type`, and the type's options."
    )
    messages: list[MessageSection] = Field(min_length=1, description="What is sent for a record, in this order.")
    legacy: LegacySection | None = Field(
        default=None, description="The old state that the campaign owns: its `kind`, and the kind's options."
    )


class DispatchSection(Section):
    """How sending is done."""

    workers: int = Field(
        default=_DISPATCH.workers, ge=1, le=256, description="Concurrent sends of a channel in one process."
    )
    lease: Positive = Field(
        default=_DISPATCH.lease, description="Where a worker gives no sign of life for so long, its sends are in doubt."
    )
    timeout: Positive = Field(default=_DISPATCH.timeout, description="What one call may take.")


class RunSection(Section):
    """The commands `run` and `worker`."""

    interval: Positive = Field(default=180.0, description="Time between two passes.")
    place: Name | None = Field(
        default=None,
        description="What this machine is called where files have one place; the variable NOTIFYKIT_PLACE goes before "
        "it. Default: the host's name.",
    )


class EngineSection(Section):
    """What starts the work on many machines: the command `worker`."""

    address: Annotated[str | None, HeldForWork] = Field(
        default=None,
        description="The PostgreSQL database of its jobs, as a URL without a password, or `{env: NAME}` or "
        "`{file: path}` for what holds one. It must be reached directly, "
        "not through a pooler. Default: the store's.",
    )
    tick: Positive = Field(
        default=15.0, description="How often some machine looks for what fell due: retries, limits, pauses that ended."
    )


def _share(value: object) -> object:
    try:
        text = str(value).strip()
        share = float(text[:-1]) / 100 if text.endswith("%") else float(text)
    except ValueError as error:
        raise ValueError(gettext('must be a share such as 0.95 or "95%"')) from error
    if not 0 <= share <= 1:
        raise ValueError(gettext('must be a share from 0 to 1, such as 0.95 or "95%"'))
    return share


Share = Annotated[
    float, BeforeValidator(_share, json_schema_input_type=str | float), Field(ge=0, le=1)
]  # as editors know it
"""A number from 0 to 1, or a percentage."""


class RouteSection(Section):
    """To whom an alert goes."""

    channel: str = Field(description="A channel: a name under `senders`.")
    recipient: str = Field(description="Whom the channel is to reach, as it is.")


class ConditionSection(Section):
    """One thing that is to be told when it begins, and when it is over."""

    when: str | None = Field(default=None, description="What it is about, one of those below. Default: its name.")
    over: Seconds | None = Field(
        default=None, description="It holds beyond this: a number of messages or errors, or a duration."
    )
    below: Share | None = Field(
        default=None, description="For `success_rate`: it holds below this share, such as `0.95` or `95%`."
    )
    window: Seconds | None = Field(
        default=None, description="What happened within it counts; of a state, how long it must last."
    )
    at_least: int | None = Field(
        default=None,
        ge=1,
        description="Of `success_rate`, `response_time` and `slow_calls`: fewer attempts or calls say nothing.",
    )
    campaigns: Annotated[list[Name], BeforeValidator(listed, json_schema_input_type=str | list[str])] = Field(
        default=[], description="Which campaigns it is about. Default: all."
    )
    channel: str | None = Field(default=None, description="Instead of that of `alerts`.")
    recipient: str | None = Field(default=None, description="Instead of that of `alerts`.")
    second: RouteSection | None = Field(default=None, description="Instead of that of `alerts`.")


class AlertsSection(Section):
    """Of what somebody is to be told in time."""

    channel: str | None = Field(
        default=None,
        description="The channel by which alerts go, a name under `senders`, where a condition names none.",
    )
    recipient: str | None = Field(default=None, description="Whom it is to reach, where a condition says nothing.")
    second: RouteSection | None = Field(
        default=None,
        description="Where an alert goes that is about its own channel or whose channel takes nothing now, and too "
        "where it did not arrive.",
    )
    quiet: Seconds = Field(default=300.0, description="How long a condition must not hold before its end is told.")
    every: Positive = Field(default=60.0, description="Time between two looks, where no pass is made meanwhile.")
    language: Literal["en", "zh"] = Field(default="en", description="In which language alerts are written.")
    conditions: dict[Name, ConditionSection] = Field(
        default={}, description="What is told, each under a name. Default: what `health` looks at in any project."
    )


class ProjectSection(Section):
    """The project file, notifykit.yaml."""

    store: StoreName = Field(
        default=STORE, validate_default=True, description="The outbox: a file, or the URL of a server's database."
    )
    keep: Positive = Field(
        default="180d",
        validate_default=True,
        description="How long what is finished stays in the store: `notifykit store prune` moves what is older to an "
        "archive.",
    )
    timezone: Zone | None = Field(
        default=None,
        description="The time zone of the times in campaigns, by its IANA name, such as Europe/Berlin. Default: each "
        "machine's own.",
    )
    campaigns: Annotated[list[str], BeforeValidator(listed, json_schema_input_type=str | list[str])] = Field(
        default=["campaigns/*.yaml"],
        description="Campaign files, as one pattern or several. Files whose names start with `_` are only bases.",
    )
    senders: dict[Name, SenderSection] = Field(
        default={}, description="The channels, each under a name of your choice."
    )
    dispatch: DispatchSection = Field(default_factory=DispatchSection, description="How sending is done.")
    run: RunSection = Field(default_factory=RunSection, description="The commands `run` and `worker`.")
    engine: EngineSection = Field(
        default_factory=EngineSection, description="What starts the work on many machines: the command `worker`."
    )
    alerts: AlertsSection | None = Field(default=None, description="Of what somebody is to be told in time.")
    observers: dict[Name, TypedSection] = Field(
        default={}, description="Who is told what happens to messages, each under a name: `type`, and its options."
    )
    plugins: PluginsSection = Field(default_factory=PluginsSection, description="Which plugins are loaded.")
