"""Which contract a message belongs to that no notification on the stack stands for: told by its text.

A program may load the status in a helper, or once at its start, or create messages in another thread or process. What
it creates there is a contract's where its type, its recipient and the one number in its text are those of a message
of that contract. It waits in its thread until that contract is recorded as sent.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from notifykit_migration.legacy.numbers import Numbers

from notifykit.errors import CampaignError
from notifykit.model import Record
from notifykit_compat.activation import Staged
from notifykit_compat.contract_files import ContractFile, Sheet
from notifykit_compat.groups import Due


@dataclass(frozen=True, slots=True)
class Contract:
    """A row of a campaign's CSV."""

    file: ContractFile
    record: Record

    def is_complete(self, staged: Sequence[Staged]) -> bool:
        """Whether these are all messages that the campaign wants of it."""
        wanted = Counter(plan.task_type for plan in self.file.campaign.messages if Due(plan, self.record).due)
        return wanted <= Counter(one.task_type for one in staged)

    @property
    def is_flagged(self) -> bool:
        """Whether its flag says sent."""
        words = self.file.words
        return bool(self.record.get(words.flag) == words.sent)


@dataclass(frozen=True, slots=True)
class _Read:
    """What a CSV held."""

    data: bytes
    sheet: Sheet
    by_number: Mapping[str, Sequence[Record]]
    """By contract number."""
    numbers: Numbers


class Belonging:
    """Reads the campaigns' CSV files, and finds the contracts of messages. Safe in any thread."""

    def __init__(self, files: Collection[ContractFile]) -> None:
        self._files = files
        self._known: dict[str, _Read] = {}

    def sheet(self, file: ContractFile) -> Sheet:
        """Return a CSV's rows as they stand now; it is parsed where its content changed. Raises CampaignError."""
        return self._read(file).sheet

    def contract(self, file: ContractFile, key: str) -> Contract | None:
        """Return the contract with this id; None where nothing can be queued for it."""
        sheet = self.sheet(file)
        record = sheet.records.get(key)
        return None if record is None or key in sheet.problems else Contract(file, record)

    def contract_of(self, one: Staged) -> Contract | None:
        """Return the only contract that a message can be of; of a CSV that tells nothing it is none."""
        found = [contract for file in self._files for contract in self._of(file, one)]
        return found[0] if len(found) == 1 else None

    def _of(self, file: ContractFile, one: Staged) -> Iterator[Contract]:
        plans = [plan for plan in file.campaign.messages if plan.task_type == one.task_type]
        if not plans or not file.state.number:
            return
        try:
            read = self._read(file)
        except CampaignError:  # no notification gets beyond loading the status then, and other jobs go on
            return
        if len(named := read.numbers.found_in(one.text)) != 1:
            return
        for record in read.by_number[named.pop()]:
            if any(Due(plan, record).recipient == one.recipient for plan in plans):
                yield Contract(file, record)

    def _read(self, file: ContractFile) -> _Read:
        try:
            data = file.csv_file.read_bytes()
        except OSError:  # there is none yet, or reading it says what is wrong
            data = b""
        known = self._known.get(file.campaign.name)
        if known is None or not data or known.data != data:
            sheet, by_number = file.read_if_there(), defaultdict(list)
            for record in sheet.records.values() if file.state.number else ():
                by_number[str(record.get(str(file.state.number), "")).strip()].append(record)
            known = self._known[file.campaign.name] = _Read(data, sheet, by_number, Numbers(by_number))
        return known


class Waiting:
    """Messages of contracts that wait in their threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._staged: dict[tuple[int, str, str], list[Staged]] = {}
        """By thread, campaign and key."""
        self._since: dict[tuple[str, str], float] = {}

    def add(self, contract: Contract, one: Staged) -> list[Staged]:
        """Let a message wait, and return all that wait with it.

        It takes the place of one that an earlier attempt left, which was interrupted.
        """
        campaign, record = contract.file.campaign, contract.record
        alike = [plan for plan in campaign.messages if plan.task_type == one.task_type]
        wanted = sum(Due(plan, record).recipient == one.recipient for plan in alike)
        with self._lock:
            staged = self._staged.setdefault((threading.get_ident(), campaign.name, record.key), [])
            left = [other for other in staged if (other.task_type, other.recipient) == (one.task_type, one.recipient)]
            if len(left) >= wanted:
                staged.remove(left[0])
            staged.append(one)
            self._since[campaign.name, record.key] = time.monotonic()
            return [*staged]

    def take(self, campaign: str, key: str) -> list[Staged]:
        """Return what this thread created for a contract, and forget it."""
        with self._lock:
            return self._staged.pop((threading.get_ident(), campaign, key), [])

    def older(self, seconds: float) -> list[tuple[str, str, int]]:
        """Return what waits for longer than that: campaign, key and how many messages."""
        now = time.monotonic()
        with self._lock:
            return [
                (campaign, key, len(staged))
                for (_, campaign, key), staged in self._staged.items()
                if now - self._since[campaign, key] >= seconds
            ]
