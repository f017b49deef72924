"""Promise 3: migrate, send, append, edit, rename, roll back, run the old program, migrate again, in any order."""

from __future__ import annotations

import sqlite3
import tempfile
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from legacy_desk import BUSY, FORBIDDEN, LOST
from legacy_model import OTHER_FLAG
from legacy_project import AWARD, GROUP, recipient_of, text_of
from legacy_run import LegacyRun
from legacy_world import LegacyWorld
from notifykit_migration.archive.archive import archived
from notifykit_migration.journal.folder import MigrationFolder

HELD = ("in_doubt", "failed", "sending")

TRIPS: Counter[str] = Counter()
"""What happened over all runs, for the report."""


class RoundTrips(RuleBasedStateMachine):
    """A project that goes back and forth. Only the old program or notifykit runs at any time."""

    def __init__(self) -> None:
        super().__init__()
        self._temporary = tempfile.TemporaryDirectory()
        self.world = LegacyWorld(Path(self._temporary.name) / "project")
        self.legacy = LegacyRun(self.world)
        self.migrated = False
        self.name = "beijing"
        self.killed = False
        """The old scheduler was killed after a send: only a migration may follow, or it sends again by itself."""
        self.due: dict[str, list[tuple[str, str, str]]] = {}
        """Contract to its messages: (name, recipient, text)."""
        self.edited: set[str] = set()
        self.touched: set[str] = set()
        """Contracts that any program has worked on."""
        self.reports = 0

    # At any time.

    @initialize(awards=st.lists(st.booleans(), min_size=2, max_size=4))
    def some_contracts_are_there(self, awards: list[bool]) -> None:
        self.contracts_are_appended(awards)

    @rule(awards=st.lists(st.booleans(), min_size=1, max_size=3))
    def contracts_are_appended(self, awards: list[bool]) -> None:
        for award in awards:
            cells = self.world.row(award=award)
            self.world.append(cells)
            names = (GROUP, AWARD) if award else (GROUP,)
            self.due[cells["合同ID(_id)"]] = [
                (name, recipient_of(name, cells, "beijing"), text_of(name, cells)) for name in names
            ]

    @rule()
    def a_report_is_made(self) -> None:
        self.reports += 1
        task = ("send_wecom_message", "运营日报群", f"服务日报 第{self.reports}号")
        self.legacy.create_tasks([task])

    @precondition(lambda self: self.due)
    @rule(data=st.data(), flag=st.sampled_from(["N", "Y", OTHER_FLAG]))
    def a_flag_is_edited(self, data: st.DataObject, flag: str) -> None:
        contract = data.draw(st.sampled_from(sorted(self.due)), label="contract")
        self.edited.add(contract)
        self.world.set_flag(contract, flag)

    @rule(name=st.sampled_from(["beijing", "north", "capital"]))
    def the_campaign_gets_another_name(self, name: str) -> None:
        """Perhaps one that it had before. While it is migrated, that is said."""
        if name == self.name:
            return
        campaigns = self.world.folder / "campaigns"
        (campaigns / f"{self.name}.yaml").rename(campaigns / f"{name}.yaml")
        if self.migrated:
            self._command("campaign", "rename", self.name, name, "--why", "another one", "--who", "desk")
        self.name = name

    @rule(mood=st.sampled_from([LOST, FORBIDDEN, BUSY, None]), at=st.integers(1, 12))
    def the_desk_changes_its_mood(self, mood: str | None, at: int) -> None:
        self.world.desk.set_moods({f"测试管家{at} ": mood} if mood else {})

    # The old program.

    @precondition(lambda self: not self.migrated and not self.killed)
    @rule(rewritten=st.booleans())
    def the_old_job_runs(self, rewritten: bool) -> None:
        """Not `rewritten`: it is killed before it writes the CSV file, which the send-status file makes good."""
        before = self.world.csv().read_bytes()
        if self.legacy.generate() and not rewritten:
            self.world.csv().write_bytes(before)
        self.touched |= {key for key in self.due if (self.world.json() or {}).get(key)}

    @precondition(lambda self: not self.migrated and not self.killed)
    @rule(limit=st.integers(1, 6), recorded=st.booleans())
    def the_old_scheduler_runs(self, limit: int, recorded: bool) -> None:
        waiting = [row for row in self.world.rows() if row["status"] == "pending"][:limit]
        unrecorded = bool(waiting) and not recorded and waiting[-1]["recipient"] != "运营日报群"
        self.legacy.schedule(limit, record=not unrecorded)
        self.killed = unrecorded

    # There and back.

    @precondition(lambda self: not self.migrated)
    @rule(soak=st.booleans(), idle=st.booleans())
    def migrate(self, soak: bool, idle: bool) -> None:
        options = ["--soak", "3"] if soak else []
        self._command("migrate", "--yes", *options, *(["--stopped", "idle"] if idle and not self.killed else []))
        self.migrated, self.killed = True, False
        untouched = self.due.keys() - self.touched - self.edited
        assert not untouched & {key for key, _ in self.held()}, "held, though nothing was ever done about it"

    @precondition(lambda self: self.migrated)
    @rule(limited=st.booleans())
    def notifykit_runs(self, limited: bool) -> None:
        self._command("generate")
        self.touched |= self.due.keys()
        if not limited:
            self._command("dispatch", "--once")
        self._command("settle")

    @precondition(lambda self: self.migrated)
    @rule()
    def rollback(self) -> None:
        held = self.held()
        self._command("rollback", "--yes")
        self.migrated = False
        assert self.held() == held

    @rule(data=st.data())
    def over_to_the_other_side(self, data: st.DataObject) -> None:
        if self.migrated:
            self.rollback()
        else:
            self.migrate(data.draw(st.booleans(), label="soak"), data.draw(st.booleans(), label="idle"))

    @rule(data=st.data())
    def whoever_has_it_works(self, data: st.DataObject) -> None:
        if self.migrated:
            self.notifykit_runs(data.draw(st.booleans(), label="limited"))
        elif not self.killed:
            self.the_old_job_runs(data.draw(st.booleans(), label="rewritten"))
            self.the_old_scheduler_runs(data.draw(st.integers(1, 6), label="limit"), data.draw(st.booleans()))

    # What is true.

    @invariant()
    def nothing_arrives_twice(self) -> None:
        twice = {message: times for message, times in self.world.delivered.items() if times > 1}
        assert not twice

    def teardown(self) -> None:
        try:
            self.world.desk.set_moods({})
            if self.killed:
                self.migrate(soak=False, idle=False)
            if self.migrated:
                self._command("generate")
                # What waits for its time goes out with the old program.
                self._command("dispatch", "--once")
                self._command("settle")
                self.rollback()
            self.legacy.generate()
            self.legacy.schedule()
            self.nothing_arrives_twice()
            arrived, held = self.world.delivered, self.held()
            for key, messages in self.due.items():
                for name, recipient, text in messages:
                    there = arrived[recipient, text] or (key, name) in held or key in self.edited
                    assert there, f"lost: {name} of {key}"
            reports = sum(times for (recipient, _), times in arrived.items() if recipient == "运营日报群")
            assert reports == self.reports
            TRIPS["messages"] += sum(map(len, self.due.values()))
            TRIPS["arrived"] += arrived.total()
            TRIPS["runs"] += 1
        finally:
            self._temporary.cleanup()

    def held(self) -> set[tuple[str, str]]:
        """The messages that a person was asked about."""
        if self.migrated:
            marks = ", ".join("?" * len(HELD))
            with closing(sqlite3.connect(self.world.store)) as db:
                return set(
                    db.execute(
                        "SELECT record_key, message_name FROM tasks"
                        f" WHERE campaign IS NOT NULL AND status IN ({marks})",
                        HELD,
                    )
                )
        before = archived(MigrationFolder.of(self.world.folder))
        return {
            (item.task.key, item.task.name) for item in (before.removed if before else ()) if item.status.value in HELD
        }

    def _command(self, *arguments: str) -> None:
        TRIPS[arguments[0]] += 1
        result = self.world.run(*arguments)
        assert result.exit_code in (0, 3), f"{arguments}: exit {result.exit_code}\n{result.output}"


def _run(examples: int, steps: int) -> None:
    TRIPS.clear()
    run_state_machine_as_test(
        RoundTrips,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.long
def test_round_trips() -> None:
    _run(5, 12)


@pytest.mark.deep
@pytest.mark.crash
@pytest.mark.timeout(3600)
def test_many_round_trips() -> None:
    _run(150, 30)
    print("\npromise 3:", ", ".join(f"{number} x {what}" for what, number in sorted(TRIPS.items())))
