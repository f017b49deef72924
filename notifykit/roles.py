"""What a plugin's classes must look like: sources, strategies, senders.

A class that is offered to the host is a dataclass: its fields are its options in YAML, validated by their
types (see `notifykit.options` for paths, secrets and durations). Nothing else is needed; no base class is
required, though `Strategy` supplies harmless defaults.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self, runtime_checkable

from notifykit.clock import Clock
from notifykit.model import Message, Outcome, Problem, Record, Task
from notifykit.wording import Reason

__all__ = [
    "BatchSender",
    "ChecksOnline",
    "Decision",
    "Ledger",
    "ObserverContext",
    "OnlineContext",
    "Probe",
    "Prober",
    "Rate",
    "SecretKind",
    "SendContext",
    "Sender",
    "Source",
    "SourceContext",
    "Strategy",
    "StrategyContext",
    "WriteBack",
]


@dataclass(slots=True, kw_only=True)
class SourceContext:
    """What a source is told when it is opened. The host renews `state` before each pass: keep the context, and look."""

    campaign: str
    clock: Clock
    folder: Path | None = None
    """The folder of notifykit.yaml. None outside a project."""
    state: Mapping[str, Any] | None = None
    """What `cursor()` returned that was committed latest. None: read from the beginning. That is so before the first
    pass, where the source has other options now, and for whoever looks at all records (`check`, `preview`,
    `rerender`)."""


@runtime_checkable
class Source(Protocol):
    """Yields the records of a campaign.

    A source may also have `reads`: the file (a Path) or the address (text) that its records come from. By this two
    campaigns over the same data are recognised. Without it, all options of the source count. And it may have `key`: the
    column or name that its keys are taken from (text). By this it is recognised that they are taken from elsewhere.
    With a method `expects(columns)`, it is told before it reads which columns the templates and the strategy use.

    With `open(context)`, a `SourceContext`, it is opened before it first reads in a process, and with `close()` closed
    after that process last read it. With `cursor()` it reads only what is new: after its view was iterated over whole,
    it returns a small mapping of JSON that says how far it has read. That is committed in the transaction that queues
    the last messages of the pass, and comes back as `context.state`. It is not committed where a record was held, so
    that the record is read again; nor by a pass that failed, or a dry run.
    """

    def read(self) -> Iterable[Record | Problem]:
        """Return one consistent view of the source, in order.

        The host may iterate over what is returned more than once, and must see the same each time: return a
        list, or an object that holds its bytes and parses them again. A row that cannot be used is yielded as
        a `Problem`, and holds back nothing but itself. Raises CampaignError where nothing can be read.
        """
        ...


class Decision(Enum):
    """What a strategy says of one record."""

    NOTIFY = "notify"
    """Offer its messages. The outbox queues those that it does not know."""
    SKIP = "skip"
    """Nothing to do."""
    REPAIR = "repair"
    """The outbox says sent, the written-back state does not: write back again, send nothing."""
    DRIFT = "drift"
    """The written-back state says sent while messages still wait: report it, change nothing."""
    NEITHER = "neither"
    """The written-back state says neither *sent* nor *not sent*, such as a flag with a typing error: queue nothing, and
    list the record."""


class Ledger(Protocol):
    """What the outbox knows of one campaign, for a strategy that decides."""

    def waiting(self, key: str, period: str | None = None) -> bool:
        """Whether any message of this key is neither sent nor cancelled. What a resend opened does not count.

        `period`: of that one only; None: of all.
        """
        ...

    def delivered(self, key: str, period: str | None = None) -> bool:
        """Whether this key has messages, at least one was sent, none still waits, and none expired.

        `period`: of that one only; None: of all.
        """
        ...

    def written_back(self, key: str) -> bool:
        """Whether any message of this key is completed: its flag was written once."""
        ...

    def known(self, key: str, message: str, period: str = "") -> bool:
        """Whether this message of this key was ever queued, in this period or a later one."""
        ...


def _local_now() -> datetime:
    return datetime.now().astimezone()


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyContext:
    """What a strategy is told once, before anything else is called."""

    campaign: str
    source: Source
    clock: Clock
    folder: Path | None = None
    """The folder of notifykit.yaml: paths kept in metadata are meant relative to it. None outside a project."""
    now: Callable[[], datetime] = _local_now
    """The time of the pass, in the campaign's zone: one and the same until the next `begin`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObserverContext:
    """What an observer of a project is told when it is opened, before it first hears anything in a process."""

    clock: Clock
    folder: Path | None = None
    """The folder of notifykit.yaml."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteBack:
    """What became of a write-back: every task given is in one of the two."""

    done: frozenset[int] = frozenset()
    """Ids of tasks whose result was written, and read back."""
    refused: Mapping[int, Reason | str] = field(default_factory=dict)
    """Task id to the reason why nothing was written. The task stays `sent` and is tried again."""


class Strategy:
    """Decides whether a record still needs notifying, and what is written back, and when.

    Subclass it as a dataclass; `decide` is the one method that must be there.
    """

    needs_whole_tasks: ClassVar[bool] = True
    """False where `write_back` looks at nothing of a task but `id`, `key` and `metadata`.

    It may then be given `Owed` in place of `Task`, which takes less time and memory.
    """

    needs_outcomes: ClassVar[bool] = False
    """True where `write_back` looks at `outcome` of a task (a `notifykit.messages.receipts.SentOutcome`).

    It has the service's id of the message, whom it left out, when it was sent, what it told since. None otherwise,
    which takes less time."""

    @property
    def own_columns(self) -> frozenset[str]:
        """Columns that this strategy writes: they do not count where two rows of a key are compared."""
        return frozenset()

    @property
    def looks_at(self) -> frozenset[str]:
        """Columns that `decide` and `period` look at, beside the one that is written: some sources ask for them."""
        return frozenset()

    @property
    def writes(self) -> Path | str | None:
        """What this strategy writes: a file (a Path), a part of the source such as a column (text), or nothing.

        Two campaigns that read the same and write the same are one campaign under two names: see
        `notifykit.pipeline.precedence`. Asked before `start`.
        """
        return None

    def start(self, context: StrategyContext) -> None:
        """Called before each pass, and before any other method but `writes` and `own_columns`."""

    def open(self) -> None:
        """Called once in a process, after its first `start`: open here what `close` is to close."""

    def close(self) -> None:
        """Called after a process last used this strategy."""

    def begin(self) -> None:
        """Called at the start of each generation pass: read here what `decide` looks up.

        Raises CampaignError where it cannot be read; the campaign's pass ends there.
        """

    def decide(self, record: Record, outbox: Ledger) -> Decision:
        """Say what to do with a record. Called for every record of a pass, so keep it cheap."""
        raise NotImplementedError

    def known_keys(self) -> AbstractSet[str]:
        """Return the keys of which this strategy knows, beside the outbox, that somebody was told. Asked after `begin`.

        A new key that a person would read as one of them is held.
        """
        return frozenset()

    def period(self, record: Record) -> str:  # noqa: ARG002
        """Return in which period the messages of a record are to be sent once, such as `2026-11-29`; "": in none.

        A message is queued once in each period, and never in one that sorts before one that it was queued in. Called
        for every record that is notified.
        """
        return ""

    def metadata(self, record: Record) -> dict[str, Any]:  # noqa: ARG002
        """Return what is to be kept with each task of this record. Must be JSON."""
        return {}

    def generated(self, records: Sequence[Record]) -> None:
        """Called after the messages of these records are durably in the outbox.

        Called again with the same records after a crash, so it must be idempotent.
        """

    def write_back(self, tasks: Sequence[Task]) -> WriteBack:
        """Write the results of these sent tasks where people look.

        Called only with tasks of keys whose every message of the same period is sent. Those that a person cancelled do
        not count; where one has expired, it is not called. Idempotent: a crash repeats it.
        """
        return WriteBack(done=frozenset(task.id for task in tasks))


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `count` attempts in any window of `seconds`."""

    count: int
    seconds: float


def _always() -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class SendContext:
    """What a sender is told beside the message."""

    attempt: int
    """1 for the first attempt of this task."""
    timeout: float
    """Seconds the call may take; afterwards the lease is renewed but people wait."""
    clock: Clock
    log: logging.Logger
    still_held: Callable[[], bool] = _always
    """Whether the message is still this worker's to send. Ask right before sending where the sender waited for
    something itself: a worker that was stopped meanwhile may have lost it, and a person may have cancelled it. Where it
    says False, send nothing and return any outcome."""


@runtime_checkable
class Sender(Protocol):
    """Hands a message to a service. `send` is called from several threads at once.

    A sender may declare facts on its class, and all have defaults: `limits` (a tuple of `Rate`, default none);
    `repeatable` (True only where the service provably drops a repeat of the same idempotency key, default False) and
    `repeatable_for` (for how many seconds it does so, default without end), `repeatable_with_files` (False where it
    drops no repeat of a message that carries files); `concurrency` (how many calls it can make
    at once, default `dispatch.workers`) and `resource` (the name of the one thing of this machine that its calls use,
    such as `desktop`: `concurrency` then counts over all processes and over all channels that name it). One that takes
    several messages in one call says how many at most as `batch_size` (default 1), and has `send_many`, which is then
    called in place of `send`: see `BatchSender`. One whose service can be asked without a message has `probe`: see
    `Prober`. One that keeps messages in a file may have `writes`, its Path: the configuration lets nothing else read or
    write that file.
    """

    def send(self, message: Message, context: SendContext) -> Outcome:
        """Try once, and never guess. An exception that escapes counts as `unknown`."""
        ...


@dataclass(frozen=True, slots=True)
class Probe:
    """What a service says when it is asked, without a message, whether it would take one. Built by a class method."""

    ready: bool | None
    """Whether it is reachable and the credential is good; None: it was not asked, or did not say."""
    detail: str
    """For people, without an address or a credential."""

    @classmethod
    def good(cls, detail: str) -> Self:
        """It is reachable, and the credential is good."""
        return cls(True, detail)

    @classmethod
    def bad(cls, detail: str) -> Self:
        """It cannot be reached, or refuses the credential."""
        return cls(False, detail)

    @classmethod
    def not_asked(cls, why: str) -> Self:
        """It offers no way to be asked, or did not say."""
        return cls(None, why)


@dataclass(frozen=True, slots=True, kw_only=True)
class OnlineContext:
    """What is told to whoever is asked by `notifykit check --online`."""

    timeout: float
    """Seconds that the answer may take."""
    clock: Clock
    folder: Path | None = None
    """The folder of notifykit.yaml. None outside a project."""


@runtime_checkable
class ChecksOnline(Protocol):
    """A sender, source, strategy or kind of secret that can be asked whether what it needs is there and lets it in.

    For `notifykit check --online`. A sender is opened first, and asked so in place of `probe`.
    """

    def check_online(self, context: OnlineContext) -> Probe:
        """Ask within `context.timeout` seconds, change nothing, and send nothing that anybody could receive.

        Sources and strategies are asked before they are opened. No address or credential is in what they answer, and
        what is raised counts as bad.
        """
        ...


@runtime_checkable
class Prober(Protocol):
    """A sender whose service can be asked whether it would take a message. For `notifykit check --online`."""

    def probe(self, timeout: float) -> Probe:
        """Ask within so many seconds, and send no message: nothing that anybody could receive."""
        ...


@runtime_checkable
class BatchSender(Sender, Protocol):
    """Hands several messages to a service in one call. Its class says as `batch_size` how many at most."""

    batch_size: int

    def send_many(self, messages: Sequence[Message], contexts: Sequence[SendContext]) -> Sequence[Outcome]:
        """Try each once, and return an outcome for each, in order.

        All of them are durably under way before the call: of a process that is killed in it, each is in doubt. An
        exception that escapes counts as `unknown` for each, so return what is known of those that are done.
        """
        ...


class SecretKind(Protocol):
    """A kind of secret: its fields are what YAML says of where a credential is kept.

    `{KIND: VALUE}` gives the first field alone, `{KIND: {FIELD: VALUE, …}}` any of them.
    """

    def read(self) -> str:
        """Return the credential. Called once for each reading of the project, when it is needed.

        Raises `notifykit.secrets.SecretMissingError` where it is not there, with what is wrong and the mend, and never
        with the credential. Of any other exception only the class is shown.
        """
        ...
