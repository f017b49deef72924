"""What is shipped for Prometheus, looked at by its own tools; and the rules against the conditions of `alerts:`."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import sample_outage
import yaml
from cli_world import BROKEN, DOUBTFUL, FINE, REFUSED, CliWorld
from prometheus_client.parser import text_string_to_metric_families
from prometheus_tools import passes

from notifykit import hookimpl
from notifykit.alerts import notes
from notifykit.alerts.conditions import KINDS, Condition, Kind, findings
from notifykit.alerts.facts import Facts
from notifykit.alerts.logged import LoggedErrors
from notifykit.alerts.notes import SourceSeen
from notifykit.metrics.counting import count
from notifykit.metrics.examples import SHIPPED, write_examples
from notifykit.metrics.exposition import exposition
from notifykit.metrics.told import ToldTotals
from notifykit.model import FOREVER, Claim, Status
from notifykit.outbox.totals import LOGGED, Total
from notifykit.outbox.values import Filter
from notifykit.pipeline.project import open_project
from notifykit.plugins import Plugins, load_plugins
from notifykit.plugins.find import find_entry_points
from notifykit.testing import FakeClock, draft
from notifykit.testing.outbox.steps import accept, claim, doubt, queue_drafts, reject
from notifykit.wording import Reason

MakeWorld = Callable[[Sequence[str]], CliWorld]

HOUR = 3600.0


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("monitoring")
    write_examples(folder, load_plugins())
    return folder


def test_the_metrics_are_what_promtool_wants(make_world: MakeWorld) -> None:
    world = make_world((FINE, REFUSED, DOUBTFUL, BROKEN))
    world.invoke("run", "--once")
    text = exposition(open_project(world.project)).text.decode()
    assert passes("promtool", "check", "metrics", given=text) == ""


@pytest.mark.long
def test_the_rules_are_valid_and_say_what_their_tests_expect(shipped: Path) -> None:
    rules = sorted(file.name for file in shipped.glob("*rules.yml"))
    assert "rules.yml" in rules
    for name in rules:
        assert "SUCCESS" in passes("promtool", "check", "rules", name, folder=shipped)
        tests = name.replace("rules.yml", "rules_test.yml")
        assert "SUCCESS" in passes("promtool", "test", "rules", tests, folder=shipped)


def test_each_rule_fires_in_the_tests_that_are_shipped() -> None:
    rules = yaml.safe_load((SHIPPED / "rules.yml").read_text(encoding="utf-8"))["groups"][0]["rules"]
    tests = (SHIPPED / "rules_test.yml").read_text(encoding="utf-8")
    assert [rule["alert"] for rule in rules if rule["alert"] not in tests] == []


def test_the_configurations_are_valid(shipped: Path) -> None:
    assert "SUCCESS" in passes("promtool", "check", "config", "prometheus.yml", folder=shipped)
    assert "SUCCESS" in passes("amtool", "check-config", "alertmanager.yml", folder=shipped)


def test_what_each_alert_reaches(shipped: Path) -> None:
    for severity, receiver in (("critical", "notifykit-on-call"), ("warning", "notifykit-desk")):
        route = ("config", "routes", "test", "--config.file", "alertmanager.yml", f"severity={severity}")
        assert passes("amtool", *route, folder=shipped).splitlines()[0] == receiver


def test_each_expression_of_the_dashboard_is_one(tmp_path: Path) -> None:
    panels = json.loads((SHIPPED / "dashboard.json").read_text(encoding="utf-8"))["panels"]
    expressions = [target["expr"] for panel in panels for target in panel.get("targets", ())]
    assert len(expressions) > 20
    chosen = [one.replace("$__rate_interval", "5m").replace("$job", ".*") for one in expressions]
    rules = [{"record": f"panel:{at}", "expr": expression} for at, expression in enumerate(chosen)]
    text = yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]})
    (tmp_path / "dashboard.yml").write_text(text, encoding="utf-8")
    assert f"{len(expressions)} rules found" in passes("promtool", "check", "rules", "dashboard.yml", folder=tmp_path)


# The same world is shown to the conditions of `alerts:` and, as series, to the rules: both must tell the same.

START = 100_000.0
"""When the world begins, by a clock near to promtool's, which begins at 0."""

DESK = "beijing-group"


class Troubled:
    @hookimpl
    def troubles(self) -> dict[str, str]:
        return {"wells": "they are dry"}


class World:
    """A project whose clock stands near zero."""

    def __init__(self, world: CliWorld, plugins: Plugins) -> None:
        self.clock = FakeClock(START)
        self.project = open_project(world.project, clock=self.clock, plugins=plugins)
        self.outbox = self.project.open_file()
        self.logged = LoggedErrors()
        self.before = self.told()

    def send(
        self, number: int, *, rejected: int = 0, after: float = 0.0, call_seconds: float | None = None
    ) -> list[Claim]:
        first = len(list(self.outbox.tasks(Filter())))
        drafts = [
            draft(campaign="beijing", channel=DESK, key=f"K{first + at}", recipient=f"{at}") for at in range(number)
        ]
        queue_drafts(self.outbox, drafts)
        self.clock.advance(after)
        claims = claim(self.outbox, number, channels={DESK: ()})
        for at, one in enumerate(claims):
            reject(self.outbox, one) if at < rejected else accept(self.outbox, one, call_seconds)
        return claims

    def told(self) -> dict[str, float]:
        """Every series, as it is scraped."""
        levels = {Total(LOGGED, detail=level): float(number) for level, number in self.logged.take_levels().items()}
        count(self.outbox, ToldTotals.of(self.project.file.file), levels)
        text = exposition(self.project, outbox=self.outbox).text.decode()
        return {
            sample.name
            + "{"
            + ", ".join(f'{name}="{value}"' for name, value in sample.labels.items())
            + "}": sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    def conditions(self) -> set[str]:
        """What `alerts:` finds, with the numbers that count where a project says none."""
        if (errors := self.logged.take(self.clock.now())) is not None:
            notes.add_errors(self.outbox, "here", errors)
        known = self.project.configuration
        usual = [
            Condition(name=kind, kind=kind, threshold=it.threshold, window=it.window, at_least=it.at_least)
            for kind, it in KINDS.items()
        ]
        facts = Facts(self.outbox, known.channels, known.expected, self.project.troubles)
        return {str(found.condition.kind) for found in findings(usual, facts)}

    def rules(self, folder: Path, expected: set[str]) -> None:
        """Have promtool say whether the rules of just these conditions fire, by the series of before and of now."""
        steps = int(self.clock.now() // 300)
        firing = {
            "expr": 'group by (condition) (ALERTS{alertstate="firing", condition!=""})',
            "eval_time": f"{5 * steps}m",
            "exp_samples": [{"labels": f'{{condition="{name}"}}', "value": 1} for name in sorted(expected)],
        }
        given = [
            {"series": name, "values": f"{self.before.get(name, value)!r}x{steps - 6} {value!r}x6"}
            for name, value in self.told().items()
        ]
        test = {"interval": "5m", "input_series": given, "promql_expr_test": [firing]}
        text = {"rule_files": ["rules.yml"], "evaluation_interval": "5m", "tests": [test]}
        (folder / "rules.yml").write_bytes((SHIPPED / "rules.yml").read_bytes())
        (folder / "world.yml").write_text(yaml.safe_dump(text, width=10_000), encoding="utf-8")
        passes("promtool", "test", "rules", "world.yml", folder=folder)


def perhaps_twice(world: World) -> None:
    queue_drafts(world.outbox, [draft(campaign="beijing", channel=DESK)])
    for _ in range(2):
        (one,) = claim(world.outbox, 1, channels={DESK: ()})
        doubt(world.outbox, one)
        world.outbox.decide([one.task.id], Status.QUEUED, who="me", why="again", of=(Status.IN_DOUBT,))


def old_doubt(world: World) -> None:
    queue_drafts(world.outbox, [draft(campaign="beijing", channel=DESK)])
    doubt(world.outbox, claim(world.outbox, 1, channels={DESK: ()})[0])
    world.clock.advance(2 * HOUR)


def waiting(world: World) -> None:
    queue_drafts(
        world.outbox, [draft(campaign="beijing", channel=DESK), draft(campaign="beijing", channel="fax", key="2")]
    )
    world.clock.advance(2 * HOUR)


def closed(world: World) -> None:
    world.outbox.pause(DESK, FOREVER, Reason("bad key"))
    queue_drafts(world.outbox, [draft(campaign="beijing", channel=name, key=name) for name in (DESK, "award-desk")])
    world.clock.advance(0.9 * HOUR)
    world.outbox.set_outage(replace(sample_outage.OUTAGE, channel="award-desk", since=START - HOUR, several=True))


def silent(world: World) -> None:
    notes.keep_source(world.outbox, "beijing", SourceSeen(state="as it was", at=START))
    notes.keep_pass(world.outbox, "beijing", START)
    notes.keep_failing(world.outbox, "beijing", "torn")
    world.clock.advance(25 * HOUR)


def left(world: World) -> None:
    notes.keep_pass(world.outbox, "beijing", START)
    world.clock.advance(2 * HOUR)


def busy(world: World) -> None:
    left(world)
    world.send(1)


def logging_errors(world: World) -> None:
    with world.logged.counting():
        logging.getLogger("some.plugin").error("no")


def foreign(world: World) -> None:
    world.send(1)
    world.outbox.db.execute("UPDATE tasks SET status = 'weird'")


def nothing(world: World) -> None:
    world.clock.advance(2 * HOUR)


SCENES: dict[str, tuple[Callable[[World], object], set[str]]] = {
    "nothing": (nothing, set()),
    "a doubt": (old_doubt, {"in_doubt", "oldest_doubt"}),
    "perhaps twice": (perhaps_twice, {"perhaps_twice"}),
    "waiting": (waiting, {"oldest_waiting", "unusable", "stuck"}),
    "closed channels": (closed, {"paused", "away"}),
    "silence": (silent, {"silent_source", "no_pass", "failing", "not_running"}),
    "many rejections": (lambda world: world.send(30, rejected=10), {"success_rate", "dead_letters", "flags_owed"}),
    "few rejections": (lambda world: world.send(60, rejected=1), {"dead_letters", "flags_owed"}),
    "slow messages": (lambda world: world.send(30, after=700.0), {"response_time", "flags_owed"}),
    "messages in time": (lambda world: world.send(30, after=500.0), {"flags_owed"}),
    "slow calls": (lambda world: world.send(30, call_seconds=11.0), {"slow_calls", "flags_owed"}),
    "calls in time": (lambda world: world.send(30, call_seconds=9.0), {"flags_owed"}),
    "nobody at work": (left, {"not_running", "no_pass"}),
    "a long dispatch": (busy, {"no_pass", "flags_owed"}),
    "errors": (logging_errors, {"errors_logged"}),
    "another program": (foreign, {"foreign"}),
}
"""What happens, and which conditions hold then."""


@pytest.mark.long
@pytest.mark.parametrize("name", SCENES)
def test_rules_and_conditions_say_the_same_of_the_same_world(world: CliWorld, tmp_path: Path, name: str) -> None:
    happens, expected = SCENES[name]
    seen = World(world, load_plugins())
    with closing(seen.outbox):
        happens(seen)
        assert seen.conditions() == expected
        seen.rules(tmp_path, expected)


def test_what_plugins_report_is_told_by_both(world: CliWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "troubled", Troubled())
    more = EntryPoint("troubled", "troubled", "notifykit")
    seen = World(world, load_plugins(entry_points=[*find_entry_points()[0], more]))
    with closing(seen.outbox):
        assert seen.conditions() == {"reported"}
        seen.rules(tmp_path, {"reported"})


def test_every_condition_is_in_a_scene() -> None:
    only_on_a_server = {Kind.WORKER_GONE, Kind.OLD_SNAPSHOT}  # tests/unit/outbox_postgres/test_postgres_metrics.py
    seen = set().union(*(expected for _, expected in SCENES.values()))
    assert seen == set(Kind) - {Kind.REPORTED} - only_on_a_server
