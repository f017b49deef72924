"""A new key that a person would read as another key is held, wherever the other one is known from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from notifykit.keys.shown import shown
from notifykit.model import Problem, Record, Status, Table
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.values import Filter
from notifykit.pipeline import generate as module
from notifykit.pipeline.generate import Generated, generate

KEY = "2040709900000000013"

SPELLINGS = [
    f"{KEY}\u200b",
    f"\ufeff{KEY}",
    f"{KEY}\u00a0",
    f"{KEY} ",
    f"'{KEY}",
    f"00{KEY}",
    "2,040,709,900,000,000,013",
    "".join(chr(0xFF10 + int(digit)) for digit in KEY),
]


def row(number: int, key: str, flag: str = "N", text: str = "x") -> Record:
    return Record(key, [key, flag, text], Table("list", {"id": 0, "flag": 1, "text": 2}), number)


def run(world: Any, *rows: Record | Problem, **more: Any) -> Generated:
    world.rows(*rows)
    return generate(world.campaign, world.outbox, **more)


def queued(world: Any) -> list[str]:
    return [task.key for task in world.outbox.tasks(Filter())]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_another_spelling_of_what_was_queued_is_held(world: Any, spelling: str) -> None:
    run(world, row(2, KEY))
    done = run(world, row(2, spelling), row(3, "other"))
    assert queued(world) == [KEY, "other"]
    (problem,) = done.problems
    assert problem.key == spelling
    assert problem.place == "list:2"
    assert f'"{KEY}" (queued before)' in problem.what
    assert spelling.isascii() or spelling not in problem.what, "the difference is to be seen"
    assert "notifykit keys distinct --campaign c --why TEXT -- " in problem.mend
    assert problem.reason is not None
    assert problem.reason.codes == {"key_reads_as", "key_queued"}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_what_was_queued_in_another_spelling_holds_the_usual_one(world: Any, spelling: str) -> None:
    run(world, row(2, spelling))
    assert [problem.key for problem in run(world, row(2, KEY)).problems] == [KEY]
    assert queued(world) == [spelling]


def test_of_two_new_spellings_both_are_held(world: Any) -> None:
    done = run(world, row(2, "007"), row(3, "7"), row(4, "8"), row(5, "7\u200b"))
    assert queued(world) == ["8"]
    assert {problem.key for problem in done.problems} == {"7", "007", "7\u200b"}
    assert r'reads as "007", "7\u200b" (in the source)' in str(done.problems[1])


def test_what_the_source_says_was_sent_holds_its_other_spelling(world: Any) -> None:
    assert run(world, row(2, "007", "Y"), row(3, "7")).problems[0].key == "7"
    broken = Problem(place="list:2", key="008", what="too few cells", mend="complete the row")
    assert [problem.key for problem in run(world, broken, row(3, "8")).problems] == ["008", "8"]
    assert queued(world) == []


def test_what_the_strategy_knows_holds_its_other_spelling(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(world.strategy), "known_keys", lambda _: {"007": "told"}.keys(), raising=False)
    (problem,) = run(world, row(2, "7"), row(3, "8")).problems
    assert 'the key "7" is new, and reads as "007" (told before)' in str(problem)
    assert queued(world) == ["8"]


def test_what_is_known_by_its_exact_text_goes_on(world: Any) -> None:
    run(world, row(2, "7"))
    done = run(world, row(2, "7"), row(3, "007"))
    assert (done.duplicates, [problem.key for problem in done.problems]) == (1, ["007"])
    run(world, row(2, "1.0"))  # held, so it is made known by hand
    exact = replace(world.campaign, exact_keys=True)
    generate(exact, world.outbox)
    assert run(world, row(2, "1.0")).problems == ()


def test_what_was_cancelled_is_known_and_not_held(world: Any) -> None:
    run(world, row(2, "7"))
    ids = [task.id for task in world.outbox.tasks(Filter())]
    world.outbox.decide(ids, Status.CANCELLED, who="me", why="a test", of=[Status.QUEUED])
    done = run(world, row(2, "7"), row(3, "007"))
    assert [problem.key for problem in done.problems] == ["007"]
    assert (done.queued, done.duplicates) == (0, 1)


@pytest.mark.parametrize("key", ["2.0407099E18", "2.0407099e+18", "2.040709900000000013E18", "1001.0"])
def test_what_a_program_made_of_a_key_is_held_though_nothing_reads_as_it(world: Any, key: str) -> None:
    (problem,) = run(world, row(2, key)).problems
    assert f"turned the key into the number {key}" in problem.what
    assert queued(world) == []


@pytest.mark.parametrize("key", ["#N/A", "#REF!", "＃N/A"])
def test_a_spreadsheets_error_value_is_no_key(world: Any, key: str) -> None:
    (problem,) = run(world, row(2, key), row(3, "#7")).problems
    assert problem.reason is not None
    assert problem.reason.code == "key_error"
    assert str(problem).startswith(
        f'list:2: the key is the error value "{shown(key)}" of a spreadsheet; nothing is queued'
    )
    assert queued(world) == ["#7"]


def test_rows_whose_keys_became_one_number_are_each_named_and_hold_no_other(world: Any) -> None:
    done = run(world, row(2, "2.04071E+18", text="a"), row(3, "2.04071E+18", text="b"), row(4, "2040710000000000000"))
    assert [problem.place for problem in done.problems] == ["list:2", "list:3"]
    assert all("turned the key into the number" in problem.what for problem in done.problems)
    assert queued(world) == ["2040710000000000000"]


def test_a_key_of_which_nothing_can_be_seen_is_held(world: Any) -> None:
    (problem,) = run(world, row(2, "\u200b\u3164")).problems
    assert problem.reason is not None
    assert problem.reason.code == "key_unseen"
    assert str(problem).startswith(r'list:2: nothing of the key "\u200b\u3164" can be seen; ')


def test_a_pair_that_was_released_holds_each_other_no_more(world: Any) -> None:
    world.outbox.keep_distinct("c", "7", "007", who="me", why="two houses")
    world.outbox.keep_distinct("other", "8", "008", who="me", why="two houses")
    done = run(world, row(2, "007"), row(3, "7"), row(4, "08"), row(5, "8"), row(6, "0007"))
    assert queued(world) == []
    assert {problem.key for problem in done.problems} == {"7", "007", "8", "08", "0007"}
    done = run(world, row(2, "007"), row(3, "7"))
    assert queued(world) == ["007", "7"]
    assert done.problems == ()


def test_exact_keys_are_taken_as_they_are(world: Any) -> None:
    exact = replace(world.campaign, exact_keys=True)
    world.rows(row(2, "007"), row(3, "7"), row(4, "1.0"), row(5, "\u200b"))
    assert generate(exact, world.outbox).problems == ()
    assert queued(world) == ["007", "7", "1.0", "\u200b"]


def test_a_dry_run_says_the_same(world: Any) -> None:
    rows = (row(2, "007"), row(3, "7"), row(4, "8"), row(5, "1.0"))
    rehearsed = run(world, *rows, dry_run=True)
    done = run(world, *rows)
    assert (rehearsed.queued, rehearsed.problems) == (done.queued, done.problems) == (1, done.problems)


def test_many_records_are_held_as_few_are(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT", 3)
    monkeypatch.setattr(module, "BATCH", 2)
    run(world, row(2, "5"))
    done = run(world, *(row(number, f"{number:03}") for number in range(1, 8)), row(9, "7"))
    assert {problem.key for problem in done.problems} == {"005", "007", "7"}
    assert queued(world) == ["5", "001", "002", "003", "004", "006"]


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[SqliteOutbox]:
    with SqliteOutbox.open(tmp_path / "outbox.db") as outbox:
        yield outbox


def test_what_another_process_queued_meanwhile_holds_it_too(world: Any, elsewhere: SqliteOutbox) -> None:
    def meanwhile() -> None:
        world.rows(row(2, "7"))
        generate(world.campaign, elsewhere)

    class Late(type(world.source)):  # type: ignore[misc]
        def read(self) -> Any:
            if meanwhile_once:
                meanwhile_once.pop()()
            return [row(2, "007")]

    meanwhile_once = [meanwhile]
    late = replace(world.campaign, source=Late())
    (problem,) = generate(late, world.outbox).problems
    assert problem.key == "007"
    assert queued(world) == ["7"]
    assert [task.status for task in world.outbox.tasks(Filter())] == [Status.QUEUED]
