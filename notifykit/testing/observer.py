"""What an observer promises, as tests."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from notifykit import hookspecs
from notifykit.errors import PluginError
from notifykit.model import Outcome, Status, Task
from notifykit.plugins.checks import Manager, check_module
from notifykit.testing.promises import TellsPromises
from notifykit.testing.samples import records, sent_task
from notifykit.testing.sender import ODD_TEXTS

SLOW = 1.0
"""Seconds that one fact may take: a worker waits for it."""

FACTS: dict[str, tuple[Status, tuple[Outcome, ...]]] = {
    "task_queued": (Status.QUEUED, ()),
    "task_sent": (Status.SENT, (Outcome.accepted(), Outcome.accepted(vendor_id="7", undelivered=("乙",)))),
    "task_failed": (Status.FAILED, (Outcome.rejected("40058", "太长"), Outcome.retry("busy"))),
    "task_in_doubt": (Status.IN_DOUBT, (Outcome.unknown("ReadTimeout"), Outcome.unknown("lease_expired"))),
}
"""What an observer may be told, by its hook: the state of the task, and what the sender said."""


class ObserverContract(TellsPromises):
    """Subclass it as `TestMyObserver`, and say which plugin has the hooks.

    class TestMyObserver(ObserverContract):
        def make_observer(self, folder):
            return my_plugin
    """

    def make_observer(self, folder: Path) -> object:
        """Return the plugin that observes: the module, or the object, that the entry point names."""
        raise NotImplementedError

    def test_its_hooks_are_hooks(self, tmp_path: Path) -> None:
        """They are marked, spelt right, no coroutines, and one of them is told of messages."""
        try:
            hooks = check_module(self.make_observer(tmp_path))
        except PluginError as error:
            raise AssertionError(str(error)) from error
        assert FACTS.keys() & set(hooks), f"it observes nothing: it has {', '.join(hooks)}"

    def test_it_takes_every_fact(self, tmp_path: Path) -> None:
        """Whatever a message holds and a service says: nothing is raised, which would only be a line in a log."""
        for what, tell in facts(self.make_observer(tmp_path)):
            try:
                tell()
            except BaseException as error:
                raise AssertionError(f"{what} raises {type(error).__name__}: {error}") from error

    def test_it_is_quick(self, tmp_path: Path) -> None:
        """The worker that tells it waits: what takes longer is for a thread of its own."""
        for what, tell in facts(self.make_observer(tmp_path)):
            started = time.monotonic()
            tell()
            took = time.monotonic() - started
            assert took < SLOW, f"{what} took {took:.1f} s"

    def test_several_threads_tell_it_at_once(self, tmp_path: Path) -> None:
        """Workers are threads, and tell what they did when they did it."""
        observer = self.make_observer(tmp_path)
        together = threading.Barrier(4)
        wrong: list[BaseException] = []

        def work() -> None:
            together.wait()
            try:
                for _, tell in facts(observer):
                    tell()
            except BaseException as error:  # noqa: BLE001 - compared below
                wrong.append(error)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not wrong, f"in a thread: {wrong[0]!r}"


def facts(observer: object) -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield what a plugin may be told by the hooks that it has, with what it is."""
    manager = Manager()
    manager.add_hookspecs(hookspecs)
    manager.register(observer)
    (record,) = records({"id": "A-1"})
    task = sent_task(record, {"row": 2})
    for hook, (status, outcomes) in FACTS.items():
        call = getattr(manager.hook, hook)
        if not call.get_hookimpls():
            continue
        for name, text in ODD_TEXTS.items():
            told = replace(task, status=status, text=text, recipient=text or "群", key=text or "A-1")
            for arguments in [{"outcome": outcome} for outcome in outcomes] or [{}]:
                yield f"{hook} of a message with {name}", _telling(call, told, arguments)


def _telling(call: Callable[..., object], task: Task, arguments: dict[str, Outcome]) -> Callable[[], object]:
    return lambda: call(task=task, **arguments)
