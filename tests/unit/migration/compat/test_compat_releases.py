from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import notifykit_compat.releases
import pytest
from notifykit_compat.groups import Group
from notifykit_compat.releases import Releases

from notifykit.clock import SystemClock
from notifykit.errors import HeldCampaignError, StoreError
from notifykit.model import Draft
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.values import Enqueued, Filter


class Store:
    """The outbox, or a disk that is full."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.outbox = SqliteOutbox.open(path, SystemClock())
        self.full = False

    @contextmanager
    def use(self) -> Iterator[SqliteOutbox]:
        if self.full:
            raise StoreError("x.db: the disk is full", passing=True)
        yield self.outbox

    @property
    def keys(self) -> list[str]:
        with SqliteOutbox.open(self.path, SystemClock()) as outbox:  # one of its own: timers use the other
            return [task.key for task in outbox.tasks(Filter())]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "x.db")
    yield made
    made.outbox.close()


def group(number: int) -> Group:
    messages = [
        Draft(campaign="c", key=str(number), name=name, recipient="r", text="t", channel="x", task_type="y")
        for name in ("group", "award")
    ]
    return Group(drafts=tuple(messages))


def held(names: Collection[str]) -> None:
    if "renamed" in names:
        raise HeldCampaignError("it has another name now")


def releases(store: Store, then: Callable[[Enqueued], None] = lambda _: None) -> Releases:
    return Releases(store, then, lambda _outbox, names: held(names))  # type: ignore[arg-type]


def test_groups_share_a_step_and_are_told_of(store: Store) -> None:
    told: list[Enqueued] = []
    made = releases(store, told.append)
    for number in range(3):
        made.add(group(number))
    made.flush()
    made.flush()
    assert store.keys == ["0", "0", "1", "1", "2", "2"]
    assert [list(one.ids) for one in told] == [[1, 2, 3, 4, 5, 6]]


def test_a_full_step_is_made_at_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notifykit_compat.releases, "DELAY", 3_600)
    monkeypatch.setattr(notifykit_compat.releases, "MOST", 4)
    made = releases(store)
    for number in range(5):
        made.add(group(number))
    assert len(store.keys) == 8
    made.flush()
    assert len(store.keys) == 10


def test_the_last_one_does_not_wait_for_ever(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notifykit_compat.releases, "DELAY", 0.001)
    made = releases(store)
    for number in range(2):
        made.add(group(number))
        while len(store.keys) < 2 * (number + 1):
            time.sleep(0.001)


def test_what_cannot_be_queued_is_kept_and_told(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(notifykit_compat.releases, "DELAY", 0.001)
    made = releases(store)
    store.full = True
    made.add(group(0))
    while "messages wait to be queued: x.db: the disk is full" not in caplog.text:
        time.sleep(0.001)
    with pytest.raises(StoreError):
        made.flush()
    store.full = False
    made.flush()
    assert store.keys == ["0", "0"]


def test_what_may_not_be_queued_is_dropped_and_stops_nothing_else(store: Store) -> None:
    queue = releases(store)
    queue.add(Group(drafts=tuple(replace(draft, campaign="renamed") for draft in group(1).drafts)))
    with pytest.raises(HeldCampaignError):
        queue.flush()
    queue.add(group(2))
    queue.flush()
    assert store.keys == ["2", "2"]
