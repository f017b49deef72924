"""Which calls are notifying about contracts right now: found by the call stack, not by time.

The function that called `load_send_status` for a contract file is a notification, for as long as that very call of
it lasts. What it, or anything that it calls in the same thread, creates meanwhile belongs to a contract, and waits
for `update_send_status`. What any other call creates belongs to no contract.
"""

from __future__ import annotations

import dis
import inspect
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import CodeType, FrameType

from notifykit_compat.contract_files import ContractFile, Sheet

_SUSPENDABLE = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
_RETURNS = ("RETURN_VALUE", "RETURN_CONST")


@dataclass(slots=True, eq=False)
class Staged:
    """A message that a notification created, and that nothing was promised about yet."""

    task_type: str
    recipient: str
    text: str
    identity: tuple[str, str, str] | None = None
    """Campaign, key and message, from when its group is closed."""
    id: int | None = None
    """Once it is known."""


@dataclass(slots=True, eq=False)
class Activation:
    """One call of a function that loaded status files."""

    frame: FrameType | None
    """None for one that no function stands for."""
    thread: int
    files: list[ContractFile | None] = field(default_factory=list)
    """What it loaded; None for a file that belongs to no contract campaign."""
    loaded: dict[str, set[str]] = field(default_factory=dict)
    """Campaign to the ids that were known when its file was loaded."""
    sheets: dict[str, Sheet] = field(default_factory=dict)
    """Campaign to the rows of its CSV."""
    staged: list[Staged] = field(default_factory=list)
    names: dict[str, ContractFile] = field(default_factory=dict)
    """The contract files that it loaded, by the names that it has for them."""

    @classmethod
    def alone(cls, staged: list[Staged]) -> Activation:
        """Return one for messages whose contract is known from the start."""
        return cls(None, threading.get_ident(), staged=staged)

    @property
    def place(self) -> str:
        """Where the function is, for people."""
        assert self.frame is not None  # noqa: S101 - only functions are told of
        code = self.frame.f_code
        return f"{code.co_filename}:{code.co_firstlineno}"

    @property
    def notifies(self) -> bool:
        """Whether it notifies about contracts."""
        return any(file is not None for file in self.files)

    @property
    def returned(self) -> bool:
        """Whether it ended by a return, not by an exception. It has ended."""
        assert self.frame is not None  # noqa: S101 - it was on a stack
        return _instruction(self.frame.f_code, self.frame.f_lasti) in _RETURNS


class Activations:
    """The notifications of all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: list[Activation] = []

    def loading(self, caller: FrameType, file: ContractFile | None) -> Activation | None:
        """Note that a function loaded a status file. None where that tells nothing."""
        found = next((one for one in self._known if one.frame is caller), None)
        if found is None:
            if file is None and not any(self._around(caller)):
                return None  # nothing of a contract is under way: what it creates goes out at once anyway
            found = Activation(caller, threading.get_ident())
            with self._lock:
                self._known.append(found)
        found.files.append(file)
        return found

    def around(self, caller: FrameType) -> Activation | None:
        """Return the innermost notification that this call is part of."""
        innermost = next(self._around(caller), None)
        return innermost if innermost is not None and innermost.notifies else None

    def closing(self, caller: FrameType, file: ContractFile) -> Activation | None:
        """Return the notification whose messages a call releases: the innermost that loaded this file and has any,
        else the innermost."""
        having = (one for one in self._around(caller) if one.staged and file in one.files)
        return next(having, None) or self.around(caller)

    def _around(self, caller: FrameType) -> Iterator[Activation]:
        if not self._known:
            return
        frames = {id(one.frame): one for one in tuple(self._known)}
        frame: FrameType | None = caller
        while frame is not None:
            if (found := frames.get(id(frame))) is not None:
                yield found
            frame = frame.f_back

    def ended(self) -> list[Activation]:
        """Forget the calls that are over, of all threads, and return them."""
        if not self._known:
            return []
        with self._lock:
            stacks = _stacks({one.thread for one in self._known})
            return self._forget(stacks, self._known)

    def ended_here(self, caller: FrameType) -> list[Activation]:
        """Do so for the thread that calls: for what has to happen before it goes on."""
        if not self._known:
            return []
        mine = threading.get_ident()
        with self._lock:
            return self._forget(set(_chain(caller)), [one for one in self._known if one.thread == mine])

    def _forget(self, running: set[int], looked_at: list[Activation]) -> list[Activation]:
        over = [one for one in looked_at if id(one.frame) not in running and not _may_go_on(one.frame)]
        self._known = [one for one in self._known if one not in over]
        return over

    def give_up(self) -> list[Activation]:
        """Forget all: the program ends."""
        with self._lock:
            known, self._known = self._known, []
        return known


def _stacks(threads: set[int]) -> set[int]:
    """Return the identities of all frames on the stacks of these threads. Our references keep them from reuse."""
    stacks = sys._current_frames()  # noqa: SLF001 - the documented way
    return {one for thread, top in stacks.items() if thread in threads for one in _chain(top)}


def _chain(top: FrameType) -> Iterator[int]:
    frame: FrameType | None = top
    while frame is not None:
        yield id(frame)
        frame = frame.f_back


def _may_go_on(frame: FrameType | None) -> bool:
    """Whether it may be a generator that is suspended."""
    return frame is not None and bool(frame.f_code.co_flags & _SUSPENDABLE)


def _instruction(code: CodeType, at: int) -> str:
    return dis.opname[code.co_code[at]] if 0 <= at < len(code.co_code) else ""
