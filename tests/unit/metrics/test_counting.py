"""The minute job: every attempt is in a total, once, whatever becomes of the store."""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from cli_world import BUSY, DOUBTFUL, FINE, REFUSED, CliWorld

from notifykit.alerts.logged import LoggedErrors
from notifykit.clock import SystemClock
from notifykit.metrics import counting as counting_module
from notifykit.metrics.counting import Counting, count
from notifykit.metrics.told import ToldTotals
from notifykit.operate.pruning import prune
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.sqlite.backup import back_up
from notifykit.outbox.sqlite.store import SqliteAddress
from notifykit.outbox.totals import ATTEMPTS, LOGGED, Total
from notifykit.outbox.values import Filter
from notifykit.pipeline.project import open_project
from notifykit.testing.outbox.steps import accept, claim, queue

MakeWorld = Callable[[Sequence[str]], CliWorld]


def counted(outbox: Outbox) -> float:
    return sum(value for total, value in outbox.totals().items() if total.name == ATTEMPTS)


def send(outbox: Outbox, *keys: str) -> None:
    queue(outbox, *keys)
    for one in claim(outbox, len(keys)):
        accept(outbox, one)


def told_in(folder: Path) -> ToldTotals:
    (folder / "notifykit.yaml").touch()
    return ToldTotals.of(folder / "notifykit.yaml")


@pytest.mark.parametrize("command", ["run --once", "dispatch --once"])
def test_whoever_sends_counts_when_it_ends(make_world: MakeWorld, command: str) -> None:
    world = make_world((FINE, REFUSED, DOUBTFUL, BUSY))
    world.invoke("generate")
    world.invoke(*command.split())
    with world.outbox() as outbox:
        number = sum(len(outbox.attempts(task.id)) for task in outbox.tasks(Filter()))
        assert counted(outbox) == number > 4
    assert ToldTotals.of(world.project).read()


def test_a_put_back_backup_counts_on_from_what_was_told(tmp_path: Path) -> None:
    told, store = told_in(tmp_path), tmp_path / "outbox.db"
    with closing(SqliteOutbox.open(store)) as outbox:
        send(outbox, "A", "B")
        assert count(outbox, told) == 2
    back_up(store, tmp_path / "backup.db", replace=False)
    with closing(SqliteOutbox.open(store)) as outbox:
        send(outbox, "C", "D", "E")
        assert count(outbox, told) == 3
    for left in tmp_path.glob("outbox.db*"):
        left.unlink() if left.is_file() else shutil.rmtree(left)
    shutil.copyfile(tmp_path / "backup.db", store)
    with closing(SqliteOutbox.open(store)) as outbox:
        assert counted(outbox) == 2
        send(outbox, "F")
        count(outbox, told)
        assert counted(outbox) == 6  # five were told, and one was made since


def test_what_is_pruned_is_counted_first(tmp_path: Path) -> None:
    store = tmp_path / "outbox.db"
    with closing(SqliteOutbox.open(store)) as outbox:
        send(outbox, "A", "B")
        outbox.complete([task.id for task in outbox.tasks(Filter())])
        archive = tmp_path / "archive.db"
        assert prune(outbox, SqliteAddress(store), archive, outbox.now() + 1.0, SystemClock()) == 2
        assert counted(outbox) == 2
        assert count(outbox, told_in(tmp_path)) == 0


def test_a_count_is_made_of_small_transactions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting_module, "AT_ONCE", 2)
    with closing(SqliteOutbox.open(tmp_path / "outbox.db")) as outbox:
        send(outbox, *"ABCDE")
        assert count(outbox, told_in(tmp_path)) == 5
        assert counted(outbox) == 5


def test_lines_that_are_logged_are_counted_by_level(world: CliWorld) -> None:
    world.lived()
    project, logged, log = open_project(world.project), LoggedErrors(), logging.getLogger("some.plugin")
    with logged.counting(), Counting(project, logged):
        log.info("nothing")
        log.warning("hm")
        log.error("no")
        log.error("no")
        log.critical("never")
    with world.outbox() as outbox:
        found = {total.detail: value for total, value in outbox.totals().items() if total.name == LOGGED}
    assert found == {"warning": 1.0, "error": 2.0, "critical": 1.0}


def test_lines_are_added_later_where_the_store_cannot_be_written(
    world: CliWorld, caplog: pytest.LogCaptureFixture
) -> None:
    world.lived()
    project, logged = open_project(world.project), LoggedErrors()
    away = world.store.rename(world.store.with_name("away.db"))
    caplog.set_level(logging.INFO)
    with logged.counting(), Counting(project, logged) as counting:
        logging.getLogger("some.plugin").error("no")
    assert "attempts are counted later" in caplog.text
    away.rename(world.store)
    with world.outbox() as outbox:
        counting.count(outbox)
        assert outbox.totals()[Total(LOGGED, detail="error")] == 1.0


def test_it_counts_every_minute_beside_the_work(world: CliWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    world.invoke("generate")
    monkeypatch.setattr(counting_module, "EVERY", 0.05)
    with Counting(open_project(world.project)), world.outbox() as outbox:
        for one in claim(outbox, 9, channels={"beijing-group": (), "award-desk": ()}):
            accept(outbox, one)
        for _ in range(200):
            if counted(outbox):
                break
            threading.Event().wait(0.05)
        assert counted(outbox) > 0
