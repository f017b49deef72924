from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import figures
from benchmarks.migration import moving, shimming
from benchmarks.plan import Plan
from benchmarks.shelf import Shelf


def test_the_figures_of_the_migration_are_among_those_of_the_run(tmp_path: Path) -> None:
    made = Plan()
    for add in figures.figures_of_folders():
        if "migration" in add.__module__:
            add(made, Shelf(tmp_path), 100)
    titles = [figure.title for figure in made.figures]
    assert titles[0] == "migrate --dry-run, 100 contracts"
    assert titles[-1] == "shim, 5,000 contracts"
    assert set(titles) <= {figure.title for figure in figures.plan((100,), Shelf(tmp_path)).figures}


@pytest.mark.long
def test_the_ways_from_the_old_program_and_back_do_the_work_that_they_are_timed_for(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf")
    for measure in (moving.read_once, moving.back_up, moving.dry_run, moving.migrate, moving.roll_back):
        room = tmp_path / measure.__name__
        room.mkdir()
        found = measure(room, shelf, 100)
        assert found.value > 0
        assert (found.peak > 0) == (measure in (moving.dry_run, moving.migrate, moving.roll_back))


@pytest.mark.long
def test_the_old_program_does_its_whole_job_bare_and_shimmed(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf")
    for measure in (shimming.bare, shimming.shimmed):
        room = tmp_path / measure.__name__
        room.mkdir()
        measure(room, shelf, 20)  # raises where a message is missing, doubled, or not flagged
