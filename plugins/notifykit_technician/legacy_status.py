"""The strategy `legacy_status`: a key in the send-status JSON blocks, as the legacy program has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from notifykit.model import Record
from notifykit.options import ProjectPath
from notifykit.roles import Decision, Ledger, Strategy, StrategyContext
from notifykit_technician.status_file import StatusFile

TECHNICIAN_WORD = "通知成功"
"""What the legacy program writes under a technician change once its task is created."""


@dataclass(kw_only=True)
class LegacyStatus(Strategy):
    """Writes the status file when messages are queued, for programs that still read it.

    In the file the word means *queued*; whether a message was sent, the outbox knows. A crash between the
    outbox's commit and the writing of the file does no harm: the next pass offers the record again, the
    outbox refuses what it knows, and `generated` writes the key then. So the file never has a key whose
    messages are not in the outbox, unless another program wrote it.
    """

    status_file: ProjectPath
    sent: str = TECHNICIAN_WORD
    """The word that is written under a key."""
    blocks: Literal["any", "exact"] = "any"
    """`any`: a key blocks whatever its value (technicians). `exact`: only with the word `sent` (contracts)."""
    created_by: str = "technician_notification"
    """Kept with each task."""

    def __post_init__(self) -> None:
        self._known: Mapping[str, object] = {}
        self._told = str(self.status_file)

    @property
    def writes(self) -> Path:
        """The status file."""
        return self.status_file

    def start(self, context: StrategyContext) -> None:
        """Learn the folder that paths in metadata are relative to."""
        if context.folder is not None and self.status_file.is_relative_to(context.folder):
            self._told = self.status_file.relative_to(context.folder).as_posix()

    def begin(self) -> None:
        """Read the status file once for the pass.

        Raises CampaignError where it is torn or cannot be replaced later: before anything is queued.
        """
        file = StatusFile(self.status_file)
        file.require_replaceable()
        self._known = file.read()

    def known_keys(self) -> AbstractSet[str]:
        """Return the keys that block."""
        known = self._known
        return known.keys() if self.blocks == "any" else {key for key, word in known.items() if word == self.sent}

    def decide(self, record: Record, outbox: Ledger) -> Decision:  # noqa: ARG002 - the file alone decides
        """Skip what the file has. That its messages may still wait in the outbox is no drift here."""
        known = self._known
        blocked = record.key in known and (self.blocks == "any" or known[record.key] == self.sent)
        return Decision.SKIP if blocked else Decision.NOTIFY

    def metadata(self, record: Record) -> dict[str, str]:
        """Name the change, what made a task of it, and the file that tells of it (as notifykit.yaml would)."""
        return {"change_id": record.key, "created_by": self.created_by, "status_file": self._told}

    def generated(self, records: Sequence[Record]) -> None:
        """Write the word under the keys of these records: one replacement of the file for all of them."""
        if records:
            keys = [record.key for record in records]
            self._known = StatusFile(self.status_file).record(keys, self.sent, overwrite=self.blocks == "exact")
