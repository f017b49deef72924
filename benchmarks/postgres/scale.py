"""What binds at a million, twelve million and a hundred million messages a day: a simulation by measured costs.

    python benchmarks/postgres/scale.py [--measure]

It goes through a day by minutes. What a channel's limit, the dispatchers' processor time and threads, or the server's
processors do not let through waits. The costs of a message are those of benchmarks/costs.json, which `--measure` writes
anew; the table in docs/scale.md is written in any case.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))  # started as a file, not as a module

from benchmarks.report import write_docs  # noqa: E402

COSTS = ROOT / "benchmarks" / "costs.json"
PAGE = ROOT / "docs" / "scale.md"

MINUTES = 24 * 60
HOURS = (*[0.1] * 8, 1.0, 5.0, 3.0, 2.0, 1.0, 2.0, 3.0, 2.5, 2.0, 1.0, *[0.2] * 6)
"""How much comes in which hour of the day, set against each other: an office's."""
BURST = 10
"""Minutes at the beginning of an hour in which half of its messages come: sources are looked at by the clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What comes in a day, and what there is to send it."""

    name: str
    channels: int
    a_day: int
    """Messages of each channel."""
    limit: float | None
    """Calls of a channel a minute that its service takes; None: as many as come."""
    call: float = 0.2
    """Seconds of a call."""
    processes: int = 1
    threads: int = 64
    """Of each process."""
    cores: int = 8
    """Of the server."""

    @property
    def messages(self) -> int:
        """Of all channels."""
        return self.channels * self.a_day


LOADS = (
    Load(name="1 M", channels=1_000, a_day=1_000, limit=20.0),
    Load(name="12 M", channels=1_000, a_day=12_000, limit=20.0, processes=2),
    Load(name="100 M", channels=10_000, a_day=10_000, limit=None, processes=32),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What a simulated day came to."""

    mean: float
    """Messages a second."""
    peak: float
    """Messages a second, of the busiest minute."""
    binds: str
    """What held messages back for longest: `the service`, `threads`, `dispatchers`, `the server`, or `nothing`."""
    longest: float
    """Minutes that a message waited at most."""
    left: int
    """Messages that were not sent when the day ended."""
    server_mean: float
    """Processors of the server that were busy, on average."""
    server_peak: float
    dispatcher_peak: float
    """Processors that the dispatchers had busy in the busiest minute."""
    wal_gb: float
    disk_gb: float


def arrivals(messages: float) -> list[float]:
    """Spread the messages of a day over its minutes."""
    made: list[float] = []
    for hour in HOURS:
        half = messages * hour / sum(HOURS) / 2
        made += [half / BURST] * BURST + [half / (60 - BURST)] * (60 - BURST)
    return made


def simulated(load: Load, costs: dict[str, float]) -> Day:
    """Go through a day. All channels have the same messages, so one stands for all."""
    bounds = {
        "the service": float("inf") if load.limit is None else load.limit * load.channels,
        "threads": load.processes * load.threads * 60 / load.call,
        "dispatchers": load.processes * 60 * 1e6 / costs["dispatch_us"],
        "the server": load.cores * 60 * 1e6 / costs["server_us"],
    }
    narrowest = min(bounds, key=lambda name: bounds[name])
    came, sent = [0.0], [0.0]
    busiest, bound_for = 0.0, 0
    for arriving in arrivals(load.messages):
        came.append(came[-1] + arriving)
        now = min(came[-1] - sent[-1], bounds[narrowest])
        bound_for += now == bounds[narrowest]
        sent.append(sent[-1] + now)
        busiest = max(busiest, now)
    a_second = 1 / 60 / 1e6
    return Day(
        mean=load.messages / 86_400,
        peak=max(arrivals(load.messages)) / 60,
        binds=narrowest if bound_for else "nothing",
        longest=_longest(came, sent),
        left=round(came[-1] - sent[-1]),
        server_mean=load.messages / 86_400 * costs["server_us"] / 1e6,
        server_peak=busiest * costs["server_us"] * a_second,
        dispatcher_peak=busiest * costs["dispatch_us"] * a_second,
        wal_gb=load.messages * costs["wal_bytes"] / 1e9,
        disk_gb=load.messages * costs["disk_bytes"] / 1e9,
    )


def _longest(came: Sequence[float], sent: Sequence[float]) -> float:
    """Return for how many minutes a message waited at most: first come, first sent."""
    longest, at = 0, 0
    for minute, arrived in enumerate(came):
        while at < len(sent) and sent[at] < arrived - 1e-6:
            at += 1
        longest = max(longest, at - minute)
    return float(longest)


def measured_costs() -> dict[str, float]:
    """Return what `--measure` wrote last."""
    found: dict[str, float] = json.loads(COSTS.read_text(encoding="utf-8"))
    return found


def table(costs: dict[str, float]) -> str:
    """Return the table of the page."""
    columns = (
        *("messages a day", "channels", "a second, mean and peak", "what binds", "longest wait", "left at midnight"),
        *("server: cores, mean and peak", "dispatchers: processes, cores at peak", "log a day", "tables a day"),
    )
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    for load in LOADS:
        day = simulated(load, costs)
        lines.append(
            f"| {load.name} | {load.channels:,} | {day.mean:,.0f}, {day.peak:,.0f} | {day.binds}"
            f" | {_duration(day.longest)} | {day.left:,} | {day.server_mean:.2f}, {day.server_peak:.1f}"
            f" | {load.processes}, {day.dispatcher_peak:.1f} | {day.wal_gb:,.0f} GB | {day.disk_gb:,.0f} GB |"
        )
    of_one = ", ".join(f"{name} {value:,.0f}" for name, value in costs.items())
    return "\n".join([*lines, "", f"Costs of a message: {of_one}."])


def _duration(minutes: float) -> str:
    return f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.1f} h"


def main(arguments: Sequence[str]) -> int:
    """Measure if asked to, simulate, and write."""
    if "--measure" in arguments:
        from benchmarks.postgres import costs as measuring

        with tempfile.TemporaryDirectory() as folder:
            found = measuring.measured(Path(folder)).as_data()
        COSTS.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    text = table(measured_costs())
    print(text)
    write_docs(PAGE, text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
