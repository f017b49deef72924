"""Which contract a message belongs to that no notification on the stack stands for: told by its text.

A program may load the status in a helper, or once at its start, or create messages in another thread or process. What
it creates there is a contract's where its type, its recipient and the one number in its text are those of a message
of that contract. It waits in its thread until that contract is recorded as sent.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from notifykit_migration.legacy.numbers import Numbers

from notifykit.errors import CampaignError
from notifykit.model import Record
from notifykit_compat.activation import Staged
from notifykit_compat.contract_files import ContractFile
from notifykit_compat.groups import Due


@dataclass(frozen=True, slots=True)
class Contract:
    """A row of a campaign's CSV."""

    file: ContractFile
    record: Record

    @property
    def is_flagged(self) -> bool:
        """Whether its flag says sent."""
        words = self.file.words
        return bool(self.record.get(words.flag) == words.sent)


@dataclass(slots=True)
class _Rows:
    """The rows of a CSV, by the numbers of the contracts."""

    data: bytes
    """The file that they are of."""
    by_number: dict[str, list[Record]] = field(default_factory=lambda: defaultdict(list))
    numbers: Numbers = field(default_factory=lambda: Numbers(()))


class Belonging:
    """Finds the contracts of messages. Safe in any thread."""

    def __init__(self, files: Collection[ContractFile]) -> None:
        self._files = [file for file in files if file.state.number]
        self._read: dict[str, _Rows] = {}

    def contract_of(self, one: Staged) -> Contract | None:
        """Return the only contract that a message can be of. Raises CampaignError where a CSV tells nothing."""
        found = [contract for file in self._files for contract in self._of(file, one)]
        return found[0] if len(found) == 1 else None

    def _of(self, file: ContractFile, one: Staged) -> Iterator[Contract]:
        plans = [plan for plan in file.campaign.messages if plan.task_type == one.task_type]
        rows = self._rows(file) if plans else None
        if rows is None or len(named := rows.numbers.found_in(one.text)) != 1:
            return
        for record in rows.by_number[named.pop()]:
            if any(Due(plan, record).recipient == one.recipient for plan in plans):
                yield Contract(file, record)

    def _rows(self, file: ContractFile) -> _Rows | None:
        """Return the rows as they stand now; None where there is no such file yet. It is parsed where it changed."""
        try:
            data = file.csv_file.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise CampaignError(str(error), mend="see that it can be read", where=file.csv_file) from error
        known = self._read.get(file.campaign.name)
        if known is None or known.data != data:
            known = _Rows(data)
            for record in file.read().records.values():
                known.by_number[str(record.get(str(file.state.number), "")).strip()].append(record)
            known.numbers = Numbers(known.by_number)
            self._read[file.campaign.name] = known
        return known


class Waiting:
    """Messages of contracts that wait in their threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._staged: dict[tuple[int, str, str], list[Staged]] = {}
        """By thread, campaign and key."""

    def add(self, contract: Contract, one: Staged) -> None:
        """Let a message wait. It takes the place of one that an earlier attempt left, which was interrupted."""
        campaign, record = contract.file.campaign, contract.record
        alike = [plan for plan in campaign.messages if plan.task_type == one.task_type]
        wanted = sum(Due(plan, record).recipient == one.recipient for plan in alike)
        with self._lock:
            staged = self._staged.setdefault((threading.get_ident(), campaign.name, record.key), [])
            left = [other for other in staged if (other.task_type, other.recipient) == (one.task_type, one.recipient)]
            if len(left) >= wanted:
                staged.remove(left[0])
            staged.append(one)

    def take(self, campaign: str, key: str) -> list[Staged]:
        """Return what this thread created for a contract, and forget it."""
        with self._lock:
            return self._staged.pop((threading.get_ident(), campaign, key), [])

    def drop(self) -> list[tuple[str, str, int]]:
        """Forget all. Returns campaign, key and how many messages."""
        with self._lock:
            gone, self._staged = self._staged, {}
        return [(campaign, key, len(staged)) for (_, campaign, key), staged in gone.items()]
