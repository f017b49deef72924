"""`make bench`: measure everything in one run, print one table, write benchmarks/latest.json and docs/benchmarks.md."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))  # started as a file, not as a module

from benchmarks import figures, harness, machine, report  # noqa: E402
from benchmarks.rivals.libraries import libraries  # noqa: E402
from benchmarks.shelf import Shelf  # noqa: E402

LATEST = ROOT / "benchmarks" / "latest.json"
PAGE = ROOT / "docs" / "benchmarks.md"


def main(arguments: list[str] | None = None) -> int:
    """Measure, print and write. Returns 1 where a figure is missed and `--strict` is given."""
    options = _parse(arguments)
    skipped = {library.name: library.missing for library in libraries() if library.missing is not None}
    for name, why in skipped.items():
        print(f"{name}: skipped, {why}")
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="notifykit-bench-", dir=options.folder) as name:
        folder = Path(name)
        plan = figures.plan(options.sizes, Shelf(folder / "shelf"), full_plan=options.full_plan)
        if options.only:
            plan = plan.only(options.only)
        if not plan.figures:
            print(f"no figure has {options.only!r} in its title", file=sys.stderr)
            return 2
        facts = machine.facts(folder)
        found = harness.run(list(plan.subjects.values()), options.rounds, folder, _tell)
    lines = [line for figure in plan.figures if (line := harness.evaluate(figure, found)) is not None]
    text = report.summary(lines, facts, skipped, options.rounds)
    print(f"\n{text}\n\n{time.monotonic() - start:.0f} s in all")
    if not options.only:
        report.write_json(options.output, facts, found, lines, skipped)
        if options.output == LATEST:
            report.write_docs(PAGE, text)
    return 1 if options.strict and any(line.met is False for line in lines) else 0


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(sorted(int(word) for word in text.split(",")))


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks/run.py", description=__doc__)
    parser.add_argument("--sizes", type=_sizes, default=(1_000, 10_000, 100_000), help="contracts, with commas")
    parser.add_argument("--rounds", type=int, default=5, help="how often each subject is measured (default 5)")
    parser.add_argument("--only", metavar="WORD", help="only figures with this word in their title; writes no file")
    parser.add_argument(
        "--full-plan", action="store_true", help="make every send of the literal plan (about 4 minutes a round)"
    )
    parser.add_argument("--folder", type=Path, help="where to work: a disk like the one that matters to you")
    parser.add_argument("--output", type=Path, default=LATEST, help="where the figures go")
    parser.add_argument("--strict", action="store_true", help="exit with 1 where a figure is missed")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
