from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.harness import Compare, Figure, Sample, Series, Subject, evaluate, run, tick, timed


def subject(name: str, values: list[float], work: int = 100) -> Subject:
    left = iter(values)
    return Subject(name=name, work=work, measure=lambda _: Sample(value=next(left), counts={"twice": 2}))


def series(name: str, values: list[float], work: int = 100) -> Series:
    made = Series(subject(name, values, work))
    made.samples = [Sample(value=value, counts={"twice": 2}) for value in values]
    return made


def silent(_: str) -> None:
    pass


def fine() -> Callable[[], float]:
    """Return a clock that goes on by a microsecond whenever it is read, whatever the machine's does."""
    steps = itertools.count()
    return lambda: next(steps) / 1_000_000


def test_subjects_take_turns_in_folders_of_their_own(tmp_path: Path) -> None:
    order: list[str] = []
    rooms: list[Path] = []

    def measure(name: str) -> Callable[[Path], Sample]:
        def go(room: Path) -> Sample:
            order.append(name)
            rooms.append(room)
            assert not list(room.iterdir())
            (room / "left").write_text("behind")
            return Sample(value=1.0)

        return go

    subjects = [Subject(name=name, work=1, measure=measure(name)) for name in "ABC"]
    found = run(subjects, 2, tmp_path, silent, fine())
    assert order == list("ABCABC")
    assert len(set(rooms)) == 6
    assert not list(tmp_path.iterdir())
    assert [len(series.samples) for series in found.values()] == [2, 2, 2]


def test_work_that_is_short_for_the_clock_is_done_until_a_hundred_ticks_are_over(tmp_path: Path) -> None:
    at = itertools.count()

    def coarse() -> float:
        return next(at) // 7 * 0.0625

    seen = itertools.cycle([0.0, 0.0625])
    short = Subject(name="short", work=1, measure=lambda _: Sample(value=next(seen), counts={"twice": 1}, peak=3.0))
    (sample,) = run([short], 1, tmp_path, silent, coarse)["short"].samples
    assert tick(coarse) == 0.0625
    assert (sample.value, sample.counts["twice"], sample.peak) == (0.03125, 200, 3.0)


def test_a_dear_subject_is_left_out_of_the_later_rounds(tmp_path: Path) -> None:
    dear = Subject(name="dear", work=1, measure=lambda _: Sample(value=1.0), rounds=2)
    cheap = Subject(name="cheap", work=1, measure=lambda _: Sample(value=1.0))
    found = run([dear, cheap], 3, tmp_path, silent, fine())
    assert [len(series.samples) for series in found.values()] == [2, 3]


def test_a_rival_that_is_named_three_times_counts_three_times() -> None:
    found = {"ours": series("ours", [8.0]), "plan": series("plan", [2.0]), "copy": series("copy", [1.0])}
    figure = Figure(title="t", ours="ours", rivals=("plan", "plan", "plan", "copy"), compare=Compare.COST, target=1)
    line = evaluate(figure, found)
    assert line is not None
    assert line.ratio == pytest.approx(8 / 7)
    assert line.rival_name == "3 × plan + copy"


def test_the_highest_peak_of_all_rounds_counts() -> None:
    ours = series("ours", [1.0, 1.0])
    ours.samples = [Sample(value=1.0, peak=peak) for peak in (390.0, 410.0)]
    line = evaluate(Figure(title="t", ours="ours", compare=Compare.PEAK, target=400), {"ours": ours})
    assert line is not None
    assert (line.ours, line.met) == ("410", False)


def test_the_median_of_five_ignores_two_outliers(tmp_path: Path) -> None:
    found = run([subject("ours", [9.0, 2.0, 1.0, 2.5, 80.0])], 5, tmp_path, silent, fine())
    assert found["ours"].median == 2.5
    assert found["ours"].cost == 0.025
    assert found["ours"].rate == 40


def test_a_rate_is_set_against_the_best_rival_that_was_measured() -> None:
    found = {
        "ours": series("ours", [1.0], 100),
        "slow": series("slow", [1.0], 50),
        "fast": series("fast", [1.0], 80),
    }
    figure = Figure(title="t", ours="ours", rivals=("slow", "fast", "absent"), compare=Compare.RATE, target=1.25)
    line = evaluate(figure, found)
    assert line is not None
    assert (line.rival_name, line.ratio, line.met) == ("fast", 1.25, True)
    found["ours"] = series("ours", [1.001], 100)
    line = evaluate(figure, found)
    assert line is not None
    assert not line.met


def test_a_cost_is_set_against_all_rivals_together_per_unit_of_work() -> None:
    found = {
        "ours": series("ours", [6.0], 100),
        "read": series("read", [1.0], 100),
        "insert": series("insert", [4.0], 200),
    }
    figure = Figure(title="t", ours="ours", rivals=("read", "insert"), compare=Compare.COST, target=2.0)
    line = evaluate(figure, found)
    assert line is not None
    assert line.ratio == pytest.approx(2.0)
    assert line.met
    assert line.rival_name == "read + insert"
    del found["insert"]
    assert evaluate(figure, found) is None


def test_flatness_is_the_worst_cost_over_that_of_the_first_size() -> None:
    found = {
        "small": series("small", [1.0], 1000),
        "medium": series("medium", [13.0], 10_000),
        "large": series("large", [110.0], 100_000),
    }
    figure = Figure(title="t", ours="medium", others=("large",), rivals=("small",), compare=Compare.COST, target=1.25)
    line = evaluate(figure, found)
    assert line is not None
    assert line.ratio == pytest.approx(1.3)
    assert not line.met


def test_counts_are_added_up_and_values_stand_alone() -> None:
    found = {"ours": series("ours", [150.0, 160.0, 170.0])}
    twice = evaluate(Figure(title="t", ours="ours", compare=Compare.COUNT, target=0, count="twice"), found)
    assert twice is not None
    assert (twice.ratio, twice.met) == (6, False)
    memory = evaluate(Figure(title="t", ours="ours", compare=Compare.VALUE, target=160), found)
    assert memory is not None
    assert (memory.ratio, memory.met) == (160, True)


def test_a_figure_whose_subjects_were_left_out_is_no_line() -> None:
    figure = Figure(title="t", ours="ours", rivals=("rival",), compare=Compare.RATE, target=1)
    assert evaluate(figure, {}) is None
    assert evaluate(figure, {"ours": series("ours", [1.0])}) is None


def test_only_what_is_timed_counts() -> None:
    calls: list[int] = []
    looks = iter([5.0, 7.5])
    sample = timed(lambda: calls.append(1), lambda: next(looks))
    assert calls == [1]
    assert sample.value == 2.5


def test_what_takes_no_tick_of_the_clock_has_a_rate(tmp_path: Path) -> None:
    unmoved = Subject(name="ours", work=100, measure=lambda _: timed(lambda: None, lambda: 5.0))
    found = run([unmoved], 1, tmp_path, silent)
    assert 0 < found["ours"].cost < 1e-6
    assert found["ours"].rate > 1e6
