"""The words of a migration as plain values: what the old state was, what is decided about it, and how checks came out.

Times are seconds since the epoch; the legacy table's own times are local text and are parsed where they are read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum, auto
from pathlib import Path
from typing import Any, NamedTuple

from notifykit.legacy import Flag
from notifykit.model import Status
from notifykit.wording import Reason


class StatusFileState(StrEnum):
    """What the send-status file says of a contract."""

    ABSENT = "absent"
    SENT = "sent"
    OTHER = "other"
    """Another value, or a key in the part of a torn file that cannot be read."""


class RowState(StrEnum):
    """What the matching rows of the task table say together."""

    NONE = "none"
    PENDING = "pending"
    COMPLETED = "completed"
    FAILED = "failed"
    MIXED = "mixed"


class FlagState(StrEnum):
    """What the CSV says: its flag, or that the row is gone."""

    UNSENT = "N"
    SENT = "Y"
    OTHER = "other"
    MISSING = "missing"


class Treatment(StrEnum):
    """What is done about one message of one contract."""

    SENT = "S"
    """It was sent: the row is kept as completed."""
    ADOPT = "A"
    """The pending row becomes a queued task."""
    GENERATE = "G"
    """Nothing: the next generation queues it."""
    CREATE = "C"
    """The message is missing: it is rendered and queued."""
    HOLD = "H"
    """In doubt: a person decides."""
    CANCEL = "X"
    """A twin of a row that was sent or adopted: cancelled."""
    ASSUME = "assume"
    """Completed without a row: sent before a rollback, or a historic hold that `--historic assume-sent` closes."""
    OWNED = "owned"
    """The outbox has it already."""

    @property
    def status(self) -> Status | None:
        """The status of the task that a migration makes of the message; None where it makes none."""
        return _STATUS.get(self)


_STATUS: Mapping[Treatment, Status] = {
    Treatment.SENT: Status.COMPLETED,
    Treatment.ASSUME: Status.COMPLETED,
    Treatment.ADOPT: Status.QUEUED,
    Treatment.CREATE: Status.QUEUED,
    Treatment.HOLD: Status.IN_DOUBT,
    Treatment.CANCEL: Status.CANCELLED,
}


class Attempt(Enum):
    """Whether the old scheduler ever tried a pending row."""

    NEVER = auto()
    PERHAPS = auto()
    """It may have been in flight when the program was killed."""
    RAISED = auto()
    """It was tried, and raised: perhaps after the message had left."""


class Raised(StrEnum):
    """What is done about pending rows that the old scheduler tried, and that raised."""

    HOLD = "hold"
    QUEUE = "queue"


class Stopped(StrEnum):
    """How the old scheduler was stopped, as far as the person who migrates knows."""

    UNKNOWN = "unknown"
    """Perhaps in the middle of a send: the first row it had not completed is held."""
    IDLE = "idle"
    """While it sent nothing: rows above the highest completed one were never tried."""


class Historic(StrEnum):
    """What is done about contracts of which every old state but the tasks says *sent*."""

    HOLD = "hold"
    ASSUME_SENT = "assume-sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a person chose for a plan."""

    max_age: float = 7 * 86_400.0
    """Seconds after which a pending row is stale."""
    historic: Historic = Historic.HOLD
    raised: Raised = Raised.HOLD
    stopped: Stopped = Stopped.UNKNOWN
    timezone: str = ""
    """Of the times in the task table, as `legacy: timezone:` in notifykit.yaml says. Empty: that of this computer."""
    fit_anyway: bool = False
    """Go on where the campaigns do not fit what the old program left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the legacy table."""

    id: int
    task_type: str
    recipient: str
    text: str
    status: str
    created_at: str
    updated_at: str
    metadata: str | None = None
    """Of a program that was changed as the published upgrade plan says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageTreatment:
    """What is decided about one message, or one row of it."""

    message: str
    decision: Treatment
    why: Reason
    """The evidence."""
    row: int | None = None
    """The row of the legacy table that this is about."""
    round: int = 1
    recipient: str | None = None
    """For a message without a row that gets one: as rendered."""
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractPlan:
    """One contract: the old evidence, and what is decided."""

    key: str
    number: str | None
    """The contract number by which rows were matched; None where its CSV row is gone."""
    json: StatusFileState
    rows: RowState
    column: FlagState
    decisions: tuple[MessageTreatment, ...]
    crash: Reason | None = None
    """The likely accident that explains the state; None where there was none."""
    age: float | None = None
    """Seconds since its youngest row was written."""
    set_flag: bool = False
    """The flag says unsent while every message was sent: it is set."""
    place: str | None = None
    """`file:line` of its CSV row."""

    @property
    def state(self) -> str:
        """The cell of the decision table, as `sent / pending / Y`."""
        return f"{self.json} / {self.rows} / {self.column}"

    @property
    def held(self) -> bool:
        """Whether a person has to decide anything."""
        return any(item.decision is Treatment.HOLD for item in self.decisions)


class InputKind(StrEnum):
    """What an input file is."""

    CSV = "csv"
    JSON = "json"
    STORE = "store"


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """A file that the plan was made from."""

    path: str
    """Relative to the project's folder where it is inside, in POSIX form."""
    kind: InputKind
    sha256: str
    """For the store: of its rows and schema (see `digest`), since the same content may lie in other pages."""
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignPlan:
    """One campaign whose old state is retired."""

    campaign: str
    status_file: str
    """Relative to the project's folder where it is inside."""
    csv_file: str
    sent_word: str
    contracts: tuple[ContractPlan, ...]
    pairs: tuple[tuple[str, str], ...]
    """(task_type, recipient) of its messages: what the fence refuses from other programs."""
    json_torn: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A status file that stays as it is."""

    campaign: str
    status_file: str
    sha256: str | None
    """None where there is no file."""
    keys: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a migration will do, and why. Its `hash` covers everything but when and where it was made."""

    store: str
    """Relative to the project's folder where it is inside."""
    made_at: float
    options: Options
    inputs: tuple[Input, ...]
    campaigns: tuple[CampaignPlan, ...]
    kept: tuple[Kept, ...]
    orphans: tuple[int, ...]
    """Pending rows that match nothing: left exactly as they are."""
    others: int
    """Rows of the table that belong to no contract, pending or not."""
    warnings: tuple[Reason, ...]
    statements: tuple[str, ...]
    """What is changed in the database's schema."""
    purged: bool
    fit: tuple[Reason, ...] = ()
    """How well the campaigns fit what the old program left; what the old job should mend comes first."""
    hash: str = ""

    @property
    def holds(self) -> int:
        """How many contracts wait for a person."""
        return sum(contract.held for campaign in self.campaigns for contract in campaign.contracts)

    def counts(self, campaign: CampaignPlan) -> Mapping[Treatment, int]:
        """How many messages of a campaign got which decision."""
        found = dict.fromkeys(Treatment, 0)
        for contract in campaign.contracts:
            for item in contract.decisions:
                found[item.decision] += 1
        return found


class CheckResult(StrEnum):
    """How a check came out."""

    PASSED = "passed"
    FAILED = "failed"
    EXPLAINED = "explained"
    """There is a difference, and a recorded decision explains it."""
    SKIPPED = "skipped"
    """It does not apply here; the evidence says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One line of a verification."""

    what: Reason
    """What is checked, such as `backup restores`; its code is stable."""
    result: CheckResult
    evidence: str
    """What was looked at and seen, with figures."""
    details: tuple[str, ...] = ()
    """For a failure: what differs, item by item."""

    @property
    def name(self) -> str:
        """What is checked, as a text."""
        return self.what.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """One message that waits for a person after a migration or a rollback."""

    campaign: str
    key: str
    message: str
    recipient: str
    text: str
    status: str
    """As the outbox had it."""
    why: Reason
    task: int | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A proven backup: a folder with a manifest."""

    id: str
    folder: Path
    plan_hash: str
    made_at: float


FLAG_COLUMN: Mapping[Flag, FlagState] = {
    Flag.UNSENT: FlagState.UNSENT,
    Flag.SENT: FlagState.SENT,
    Flag.OTHER: FlagState.OTHER,
}


class OutboxState(StrEnum):
    """How a contract stands on the outbox when a rollback looks."""

    UNCHANGED = "unchanged"
    """Nothing happened since the migration, and its old state says what it should, or nobody knew what that is: it is
    put back as it was."""
    NEVER = "never queued"
    QUEUED = "queued"
    SENT = "sent"
    PARTLY = "partly sent"
    HELD = "held"
    """Something of it is sending, in doubt, failed or held."""
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """What a rollback does with one contract."""

    campaign: str
    key: str
    present: OutboxState
    column: FlagState
    """What the CSV will say."""
    json: str | None
    """What the send-status file will say; None: the key will not be there."""
    rows: Mapping[int, str]
    """Rows that stay in the table, with the status that the old program will see."""


class Stand(NamedTuple):
    """What many contracts have in common that a rollback puts back: as in `Return`."""

    campaign: str
    present: OutboxState
    column: FlagState
    json: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackPlan:
    """What a rollback will do."""

    store: str
    returns: Mapping[Stand, int]
    """How many contracts come to stand so."""
    rows: Mapping[str, int]
    """How many of their rows the old program will see with which status."""
    agreed: str
    """A sha256 of what becomes of each contract that the outbox knows."""
    holds: tuple[Hold, ...]
    resumed: tuple[Hold, ...]
    """What the migration held and nobody touched: it is as it was before, and the old program will send it."""
    files: tuple[str, ...]
    """Files that are written or put back, relative to the project's folder where they are inside."""
    others: int
    """Rows of other programs, which stay as they are."""
    others_pending: int
    """Those of them that the old program will send."""
    warnings: tuple[Reason, ...] = ()
