"""A dispatcher whose connection is cut again and again, and whose server is restarted, sends each message once."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cutting_proxy import cutting_proxy
from dispatching import dispatcher, queue
from postgres_server import folder_of, own_server, schema_of

from notifykit.errors import StoreError
from notifykit.model import Message, Outcome
from notifykit.outbox.postgres.store import PostgresOutbox
from notifykit.outbox.values import Filter
from notifykit.pipeline.dispatch import Dispatcher
from notifykit.roles import SendContext

LEASE = 20.0
MESSAGES = 600
LAST = f"ch{MESSAGES - 1}"
LOST = 8
"""Commits whose connection is cut."""


class Counting:
    """Takes every message, slowly until enough has happened, and the last one only then."""

    def __init__(self, over: Callable[[], bool]) -> None:
        self.calls: Counter[str] = Counter()
        self._over = over

    def send(self, message: Message, context: SendContext) -> Outcome:
        time.sleep(0.01 if self._over() else 0.1)
        while message.key == LAST and not self._over():
            time.sleep(0.1)
        self.calls[message.key] += 1
        return Outcome.accepted()


@contextmanager
def happening(what: Callable[[random.Random], None]) -> Iterator[None]:
    """Do something again and again meanwhile."""
    over = threading.Event()

    def go_on() -> None:
        rng = random.Random(7)
        while not over.wait(rng.random() * 0.8):
            what(rng)

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def drain(one: Dispatcher) -> None:
    """Send all there is, and begin again where the store could not be reached."""
    patience = time.monotonic() + 240
    while True:
        try:
            one.run(drain=True)
        except StoreError as error:
            if not error.passing or time.monotonic() > patience:
                raise
        else:
            return


@pytest.mark.long
@pytest.mark.crash
def test_a_dispatcher_that_is_cut_off_now_and_then_sends_each_message_once(tmp_path: Path, postgres: str) -> None:
    with cutting_proxy(folder_of(postgres)) as proxy:
        sender = Counting(lambda: proxy.commits_lost == LOST)
        with PostgresOutbox.open(proxy.address, schema=schema_of(tmp_path)) as outbox:
            queue(outbox, MESSAGES, recipients=300)

            def cut(rng: random.Random) -> None:
                if rng.random() < 0.3:
                    proxy.cut()
                elif not proxy.waits_for_a_commit and proxy.commits_lost < LOST:
                    proxy.cut_at_commit(answered=rng.random() < 0.7)

            with happening(cut):
                drain(dispatcher(outbox, {"ch": sender}, workers=8, lease=LEASE))
            assert proxy.commits_lost == LOST
        with PostgresOutbox.open(postgres, schema=schema_of(tmp_path)) as outbox:
            assert Counter(task.status.value for task in outbox.tasks(Filter())) == {"sent": MESSAGES}
    assert set(sender.calls.values()) == {1}


@pytest.mark.long
@pytest.mark.crash
def test_a_server_that_is_restarted_meanwhile_loses_nothing(tmp_path: Path) -> None:
    restarts = 0
    sender = Counting(lambda: restarts == 4)
    with own_server(()) as server, PostgresOutbox.open(server.address, schema=schema_of(tmp_path)) as outbox:
        queue(outbox, MESSAGES, recipients=300)

        def restart(rng: random.Random) -> None:
            nonlocal restarts
            if restarts < 4 and sender.calls.total() > 100 * restarts:
                restarts += 1
                server.restart()

        with happening(restart):
            drain(dispatcher(outbox, {"ch": sender}, workers=8, lease=LEASE))
        assert Counter(task.status.value for task in outbox.tasks(Filter())) == {"sent": MESSAGES}
        assert restarts == 4
    assert set(sender.calls.values()) == {1}
