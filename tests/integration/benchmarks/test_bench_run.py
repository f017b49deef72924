from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks import figures, run
from benchmarks.harness import Line, Sample
from benchmarks.ours import job
from benchmarks.page import looking
from benchmarks.plan import Plan
from benchmarks.report import table, write_docs
from benchmarks.shelf import Shelf

ROOT = Path(__file__).parents[3]


def line(title: str, *, met: bool | None) -> Line:
    return Line(title=title, ours="1/s", ratio=1.0, target="≥ 1", met=met)


@pytest.mark.long
def test_our_own_subjects_do_the_work_that_they_are_timed_for(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf")
    measures: tuple[Callable[[Path], Sample], ...] = (
        lambda room: job.generate_whole(room, shelf, 50),
        lambda room: job.nothing_to_do(room, shelf, 50, stage="settled"),
        lambda room: job.nothing_to_do(room, shelf, 50, stage="queued"),
        lambda room: job.settle(room, shelf, 50),
        lambda room: job.whole(room, shelf, 50),
        lambda room: job.peak_memory(room, shelf, 50),
    )
    for number, measure in enumerate(measures):
        room = tmp_path / str(number)
        room.mkdir()
        assert measure(room).value > 0


@pytest.mark.long
def test_the_page_is_looked_at_while_all_is_sent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shelf = Shelf(tmp_path / "shelf")
    for name in ("pages", "sending"):
        (tmp_path / name).mkdir()
    assert looking.slowest_page(tmp_path / "pages", shelf, total=1_200, sends=200, looks=3).value > 0
    told = capsys.readouterr().err
    assert all(int(number) >= 3 for number in re.findall(r"ms at p95 of (\d+)", told))
    assert "looks while the dispatcher ran" in told
    assert looking.sending(tmp_path / "sending", shelf, total=1_200, sends=200, people=2).value > 0


def only_settling(sizes: tuple[int, ...], shelf: Shelf, *, full_plan: bool) -> Plan:
    made = Plan()
    for size in sizes:
        figures.settling(made, shelf, size)
    return made


@pytest.mark.long
def test_one_run_prints_one_table_and_writes_the_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "latest.json"
    arguments = ["--sizes", "50,100", "--rounds", "1", "--folder", str(tmp_path), "--output", str(output)]
    assert run.main([*arguments, "--only", "settle"]) == 0
    assert not output.exists()
    assert "settle 50 flags" in capsys.readouterr().out
    assert run.main([*arguments, "--only", "no such figure"]) == 2
    monkeypatch.setattr(figures, "plan", only_settling)
    assert run.main(arguments) == 0
    written = json.loads(output.read_text(encoding="utf-8"))
    assert [figure["title"] for figure in written["figures"]] == ["settle 50 flags", "settle 100 flags"]
    assert "notifykit: settle, 100" in written["subjects"]
    machine = json.dumps(written["machine"])
    assert str(tmp_path) not in machine
    assert written["machine"]["cores"]


def test_the_page_shows_the_latest_figures(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- table -->\nold\n<!-- /table -->\nafter\n", encoding="utf-8")
    write_docs(page, "new")
    assert page.read_text(encoding="utf-8") == "before\n<!-- table -->\n\nnew\n\n<!-- /table -->\nafter\n"
    write_docs(page, "newer")
    assert "new\n" not in page.read_text(encoding="utf-8")


def test_the_table_says_what_is_missed() -> None:
    lines = [
        line("met", met=True),
        line("missed", met=False),
        line("shown", met=None),
    ]
    rows = table(lines).splitlines()
    assert [row.split("|")[-2].strip() for row in rows[2:]] == ["yes", "**no**", ""]
    assert len({len(row) for row in rows}) == 1
