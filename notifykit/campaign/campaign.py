"""A campaign as the host runs it: validated, its plugins built, its templates compiled."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from notifykit.campaign.facts import read_facts
from notifykit.campaign.lengths import Bound
from notifykit.campaign.opening import Opening
from notifykit.legacy import LegacyState
from notifykit.model import Batch, Metadata, OnUnknown, Problem, Record, Task
from notifykit.roles import Rate, Sender, Source, Strategy

if TYPE_CHECKING:
    from notifykit.campaign.cells import Column
    from notifykit.campaign.message_options import MessageOptions
    from notifykit.campaign.times import PassTime, QuietHours
    from notifykit.messages.attachments import Attachment
    from notifykit.outbox.address import StoreAddress

Escape = Callable[[str], str]
"""Defuses the markup of a channel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """Exponential backoff: `first * factor ** (try - 1)` seconds, at most `cap`, plus or minus `jitter` of it."""

    attempts: int = 8
    first: float = 5.0
    factor: float = 2.0
    cap: float = 600.0
    jitter: float = 0.2
    """A share of the delay, 0 to 1."""
    patience: float = 3 * 86_400.0
    """Seconds that a message waits for a channel that cannot be reached or asks to wait, before it is `failed`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A configured sender under the name that YAML gives it, with its declared facts."""

    name: str
    sender: Sender
    type: str
    limits: tuple[Rate, ...] = ()
    repeatable: bool = False
    repeatable_for: float | None = None
    """Seconds for which the service drops a repeat; None: without end."""
    repeatable_with_files: bool = True
    """Whether that is so of messages that carry files, too."""
    concurrency: int | None = None
    """How many calls there may be at once; None: as many as `dispatch.workers` says."""
    resource: str | None = None
    """The one thing of this machine that its calls use, and that other channels and processes may use too."""
    batch_size: int = 1
    """How many messages `send_many` takes at most in one call; 1: the sender takes them one by one."""
    max_bytes: int | None = None
    """UTF-8 bytes of text that the service takes in one message."""
    escape: Escape | None = None
    """Defuses markup in record data (never in the template's own text)."""
    escapes: Mapping[str, Escape | None] = field(default_factory=dict)
    """`escape` of messages whose option `format` says one of these; None: nothing need be defused there."""
    max_bytes_in: Mapping[str, int | None] = field(default_factory=dict)
    """`max_bytes` of messages whose option `format` says one of these; None: it takes any."""
    options: MessageOptions | None = None
    """What its messages say beside their texts."""
    max_length: int | None = None
    """How long a text it takes, in `length_unit`."""
    length_unit: str = "characters"
    """`bytes`, `characters` or `utf16`."""
    key_limits: tuple[Rate, ...] = ()
    """Rates of each recipient, chat or whatever the sender's `limit_key` says."""
    opening: Opening = field(default_factory=Opening, compare=False, repr=False)
    """Of its sender."""

    @classmethod
    def of(cls, name: str, type_: str, sender: Sender) -> Channel:
        """Read the optional facts that the sender declares. Raises PluginError where one of them will not do."""
        return cls(name=name, sender=sender, type=type_, **read_facts(sender))

    def in_format(self, format_: str | None) -> Channel:
        """Return the channel as it is for messages of a format; None: of those that say none."""
        if format_ is None or not (self.escapes or self.max_bytes_in):
            return self
        return replace(
            self,
            escape=self.escapes.get(format_, self.escape),
            max_bytes=self.max_bytes_in.get(format_, self.max_bytes),
        )

    @property
    def bounds(self) -> tuple[Bound, ...]:
        """How long a text of one message may be: all of these count."""
        if self.max_bytes is None and self.max_length is None:
            return ()
        both = ((self.max_bytes, "bytes"), (self.max_length, self.length_unit))
        return tuple(Bound(most, unit) for most, unit in both if most is not None)


class Template(Protocol):
    """A compiled template."""

    def __call__(self, record: Record) -> str:
        """Render for one record. Raises RenderError, which names the template, the place and the record."""
        ...


@dataclass(frozen=True, slots=True)
class RenderedOptions:
    """What a message says beside its text."""

    stored: Metadata
    """As JSON, for the store."""
    attachments: tuple[Attachment, ...] = ()


class OptionsTemplate(Protocol):
    """The options of a message, to be rendered."""

    @property
    def columns(self) -> frozenset[str]:
        """The columns that it takes from a record."""
        ...

    @property
    def carries(self) -> bool:
        """Whether a message carries files."""
        ...

    def __call__(self, record: Record) -> RenderedOptions:
        """Render for one record. Raises RenderError, which names the option, its place and the record."""
        ...


class DigestText(Protocol):
    """The compiled template of a digest."""

    def __call__(self, messages: Sequence[Task]) -> str:
        """Render for these messages. Raises RenderError, which names the template and the place."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchPlan:
    """How messages are gathered into digests."""

    batch: Batch
    template: DigestText | None = None
    """None: the messages one below the other, with an empty line between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagePlan:
    """One of a campaign's messages."""

    name: str
    channel: Channel
    recipient: Template
    text: Template
    options: OptionsTemplate | None = None
    """None: the defaults of the sender's options, where it has any."""
    when: Callable[[Record], bool] | None = None
    """None: always."""
    on_unknown: OnUnknown = OnUnknown.HOLD
    retry: RetryPolicy = RetryPolicy()
    ordered: bool = True
    order_patience: float = 600.0
    """Seconds that a waiting retry may hold its recipient's later messages back."""
    split: bool = False
    """Cut a text that is too long for the channel on line ends into several messages."""
    batch: BatchPlan | None = None
    """None: each message is a call."""
    task_type: str = "notifykit"
    send_at: Template | None = None
    """Gives a date or a time: it is not sent earlier. None: at once."""
    quiet: QuietHours | None = None
    expires: float | None = None
    """Seconds after which it is cancelled where it is not sent, from when it was to be sent. None: never."""

    @property
    def uses_time(self) -> bool:
        """Whether it differs from pass to pass for one and the same record."""
        return any(getattr(one, "uses_time", False) for one in (self.text, self.recipient, self.when, self.options))


def _pass_time() -> PassTime:
    from notifykit.campaign.times import PassTime  # for those that have campaigns

    return PassTime()


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """A source, a strategy and messages."""

    name: str
    file: Path
    source: Source
    strategy: Strategy
    messages: tuple[MessagePlan, ...]
    legacy: LegacyState | None = None
    """The old state that it owns."""
    shares_data_with: frozenset[str] = frozenset()
    """Other campaigns, by name, that are meant to read and write the same."""
    replaces_key: frozenset[str] = frozenset()
    """What the keys were taken from before, and are not any more, on purpose."""
    exact_keys: bool = False
    """Whether every text is a key of its own, whatever a person would read it as."""
    place: str | None = None
    """The machine that its files are on, on a store that several machines use; None: the one that queues first."""
    source_opening: Opening = field(default_factory=Opening, compare=False, repr=False)
    strategy_opening: Opening = field(default_factory=Opening, compare=False, repr=False)
    time: PassTime = field(default_factory=_pass_time)
    """What `now` is for its templates and its strategy, in its time zone."""
    columns: Mapping[str, Column] = field(default_factory=dict)
    """How the cells of these columns are written: see `records`."""

    def records(self) -> Iterable[Record | Problem]:
        """Return what the source reads now, the cells of declared columns as values. May be iterated more than once.

        Raises CampaignError, also while it is iterated, where nothing can be read.
        """
        view = self.source.read()
        if not self.columns:
            return view
        from notifykit.campaign.cells import TypedView  # not for those who declare none

        return TypedView(view, self.columns, self.file)

    @property
    def opens_periods(self) -> bool:
        """Whether its strategy may say that a record is told again in another period."""
        return getattr(type(self.strategy), "period", Strategy.period) is not Strategy.period

    def message(self, name: str) -> MessagePlan | None:
        """Return the plan that made a task's message; parts of a split one (`group.2`) included."""
        for plan in self.messages:
            if name == plan.name or name.startswith(plan.name + "."):
                return plan
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchSettings:
    """How sending is done."""

    workers: int = 4
    """Concurrent sends of one channel in one process, where its `concurrency` says nothing else."""
    lease: float = 120.0
    """Seconds for which a worker's heartbeat number must stand still before its sends are in doubt."""
    timeout: float = 20.0
    """Seconds one call may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """What starts the work on many machines."""

    address: str | None = None
    """The PostgreSQL database of its jobs; None: the store's."""
    tick: float = 15.0
    """Seconds between two looks for what fell due, over all machines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What `notifykit.yaml` says beside the senders."""

    file: Path
    store: StoreAddress
    dispatch: DispatchSettings = DispatchSettings()
    interval: float = 180.0
    """Seconds between two passes of `run`."""
    place: str = field(default_factory=socket.gethostname)
    """What this machine is called where files have one place."""
    engine: EngineSettings = EngineSettings()
