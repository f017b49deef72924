"""What is told of a project."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import sample_outage
from cli_world import BROKEN, DOUBTFUL, FINE, REFUSED, CliWorld
from prometheus_client.parser import text_string_to_metric_families

from notifykit import hookimpl
from notifykit.metrics.collect import collect, look
from notifykit.metrics.exposition import MetricsError, exposition, write_textfile
from notifykit.metrics.families import FAMILIES
from notifykit.metrics.metric import LABELS, Histogram, Metric, MetricKind
from notifykit.model import Status
from notifykit.outbox.values import TEST_CAMPAIGN, Filter
from notifykit.pipeline.project import open_project
from notifykit.plugins import load_plugins
from notifykit.plugins.find import find_entry_points
from notifykit.testing.outbox.steps import claim, doubt, queue_drafts
from notifykit.testing.samples import draft

MakeWorld = Callable[[Sequence[str]], CliWorld]


def told(world: CliWorld) -> dict[tuple[str, tuple[str, ...]], float]:
    """Every value, by the name of its metric and those of its labels."""
    return {
        (metric.name, labels): value
        for metric in look(open_project(world.project, secrets=False))
        for labels, value in metric.values.items()
    }


def by_labels(world: CliWorld, name: str) -> dict[tuple[str, ...], float]:
    return {labels: value for (metric, labels), value in told(world).items() if metric == f"notifykit_{name}"}


def test_all_is_told_before_there_is_a_store_and_nothing_is_made(world: CliWorld) -> None:
    found = look(open_project(world.project))
    assert [metric.name for metric in found][: len(FAMILIES)] == list(FAMILIES)
    assert by_labels(world, "tasks")["beijing", "queued"] == 0.0
    assert not world.store.exists()


def test_what_happened_is_told(make_world: MakeWorld) -> None:
    world = make_world((FINE, REFUSED, DOUBTFUL))
    world.invoke("run", "--once")
    assert by_labels(world, "attempts_total") == {
        ("beijing", "award-desk", "accepted"): 2.0,
        ("beijing", "award-desk", "rejected"): 0.0,
        ("beijing", "award-desk", "retry"): 0.0,
        ("beijing", "award-desk", "unknown"): 0.0,
        ("beijing", "beijing-group", "accepted"): 1.0,
        ("beijing", "beijing-group", "rejected"): 1.0,
        ("beijing", "beijing-group", "retry"): 0.0,
        ("beijing", "beijing-group", "unknown"): 1.0,
    }
    assert by_labels(world, "attempt_errors_total") == {
        ("beijing-group", "40058"): 1.0,
        ("beijing-group", "ReadTimeout"): 1.0,
    }
    tasks = by_labels(world, "tasks")
    assert (tasks["beijing", "failed"], tasks["beijing", "in_doubt"], tasks["beijing", "queued"]) == (1.0, 1.0, 0.0)
    assert by_labels(world, "flags_owed") == {("beijing",): tasks["beijing", "sent"]}
    assert ("beijing",) in by_labels(world, "oldest_doubt_timestamp_seconds")
    assert by_labels(world, "campaign_failing") == {("beijing",): 0.0}
    assert {verb for _, verb in by_labels(world, "pass_last_success_timestamp_seconds")} == {
        "generate",
        "dispatch",
        "settle",
    }
    assert ("beijing",) in by_labels(world, "source_changed_timestamp_seconds")
    assert by_labels(world, "duplicates_possible") == {("beijing",): 0.0}
    world.invoke("run", "--once")
    assert by_labels(world, "duplicates_prevented_total")[("beijing",)] > 0


def test_histograms_are_cumulative_and_end_with_all(world: CliWorld) -> None:
    world.invoke("run", "--once")
    (delays,) = (one for one in look(open_project(world.project)) if one.name == "notifykit_delivery_delay_seconds")
    found = delays.histograms[("beijing",)]
    numbers = [number for _, number in found.counts]
    assert numbers == sorted(numbers)
    assert (found.counts[-1], found.sum >= 0.0) == (("+Inf", 3.0), True)


def test_pauses_and_channels_that_are_gone_are_told(make_world: MakeWorld) -> None:
    world = make_world((BROKEN,))
    world.invoke("run", "--once")
    with world.outbox() as outbox:
        outbox.pause("award-desk", 600.0, sample_outage.OUTAGE.reason)
        outbox.set_outage(replace(sample_outage.OUTAGE, channel="away", several=True))
        queue_drafts(outbox, [draft(channel="fax")])
    paused = by_labels(world, "channel_paused")
    assert {labels for labels, value in paused.items() if value} == {
        ("beijing-group", "person"),
        ("award-desk", "time"),
        ("away", "time"),
    }
    assert paused["beijing-group", "time"] == 0.0
    assert by_labels(world, "channel_away_timestamp_seconds") == {("away",): sample_outage.OUTAGE.since}
    assert by_labels(world, "channel_unusable_tasks") == {("fax",): 1.0}
    assert ("fax",) in by_labels(world, "oldest_due_timestamp_seconds")
    assert ("beijing",) in by_labels(world, "oldest_queued_timestamp_seconds")


def test_rows_that_are_held_and_campaigns_that_cannot_go_on_are_told(world: CliWorld) -> None:
    with world.csv.open("a", encoding="utf-8", newline="") as file:
        file.write(",测试管家,0,N,\r\n")
    world.invoke("run", "--once")
    assert by_labels(world, "rows_held") == {("beijing",): 1.0}
    world.csv.unlink()
    world.invoke("run", "--once")
    assert by_labels(world, "campaign_failing") == {("beijing",): 1.0}


def test_a_test_that_is_in_doubt_is_told_and_nothing_else_of_tests(world: CliWorld) -> None:
    world.lived()
    with world.outbox() as outbox:
        queue_drafts(outbox, [draft(campaign=TEST_CAMPAIGN, key=key, recipient=key) for key in "AB"])
        doubt(outbox, claim(outbox, 1)[0])
    assert {labels for labels in by_labels(world, "tasks") if labels[0] == TEST_CAMPAIGN} == {
        (TEST_CAMPAIGN, "in_doubt")
    }


def test_no_key_no_recipient_no_text_and_no_address_is_ever_told(make_world: MakeWorld) -> None:
    world = make_world((FINE, REFUSED, DOUBTFUL, BROKEN))
    world.invoke("run", "--once")
    text = exposition(open_project(world.project)).text.decode()
    with world.outbox() as outbox:
        tasks = list(outbox.tasks(Filter()))
    assert len(tasks) > 4
    for task in tasks:
        assert task.key not in text
        assert task.recipient not in text
        assert task.text not in text
    assert str(world.folder) not in text
    assert set(re.findall(r'[{,]([a-z_]+)="', text)) - {"le"} <= LABELS


def test_the_text_is_what_prometheus_reads(world: CliWorld) -> None:
    world.invoke("run", "--once")
    project = open_project(world.project)
    text, content_type = exposition(project)
    families = {family.name: family for family in text_string_to_metric_families(text.decode())}
    assert content_type.startswith("text/plain; version=0.0.4")
    for name, (kind, _, help_) in FAMILIES.items():
        family = families[name.removesuffix("_total")]
        assert (family.type, family.documentation) == (kind.value, help_)
    openmetrics = exposition(project, "application/openmetrics-text; version=1.0.0")
    assert openmetrics.text.endswith(b"# EOF\n")
    assert openmetrics.content_type.startswith("application/openmetrics-text")


def test_a_connection_that_is_open_tells_the_same(world: CliWorld) -> None:
    world.invoke("run", "--once")
    project = open_project(world.project)
    with closing(project.open_outbox()) as outbox:
        assert exposition(project, outbox=outbox) == exposition(project)


def test_a_counter_does_not_fall_where_an_older_state_is_looked_at(world: CliWorld) -> None:
    world.invoke("run", "--once")
    before = by_labels(world, "attempts_total")
    with world.outbox() as outbox:
        outbox.db.execute("DELETE FROM totals")
        project = open_project(world.project)
        again = {metric.name: metric for metric in collect(project, outbox)}["notifykit_attempts_total"].values
    assert dict(again) == before


class Wells:
    """A plugin that tells more, and what is no metric."""

    @hookimpl
    def metrics(self) -> list[object]:
        return [
            Metric(name="notifykit_wells", help="Wells.", labels=("channel",), values={("desk",): 2.0}),
            Metric(name="notifykit_tasks", help="Mine."),
            "notifykit_more 1",
        ]


class Broken:
    @hookimpl
    def metrics(self) -> list[object]:
        raise RuntimeError("no wells today")


def test_plugins_tell_more_and_a_broken_one_stops_nobody(
    world: CliWorld, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "wells", Wells())
    monkeypatch.setitem(sys.modules, "broken", Broken())
    more = [EntryPoint(name, name, "notifykit") for name in ("wells", "broken")]
    plugins = load_plugins(entry_points=[*find_entry_points()[0], *more])
    project = open_project(world.project, plugins=plugins)
    names = [metric.name for metric in look(project)]
    assert names.count("notifykit_tasks") == 1
    assert "notifykit_wells" in names
    assert "'broken' failed in metrics: RuntimeError" in caplog.text
    assert caplog.text.count("is no metric, or has the name of another one") == 2


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": "tasks"}, "the name of a metric"),
        ({"name": "notifykit_Tasks"}, "the name of a metric"),
        ({"name": "notifykit_a_total"}, "a counter ends in _total"),
        ({"name": "notifykit_a", "kind": MetricKind.COUNTER}, "a counter ends in _total"),
        ({"name": "notifykit_a", "labels": ("key",)}, "key is no label"),
        ({"name": "notifykit_a", "labels": ("code",), "values": {(): 1.0}}, "is not one value for each of code"),
        ({"name": "notifykit_a", "histograms": {("x",): Histogram([], 0.0)}}, "is not one value"),
    ],
)
def test_what_cannot_be_exported_is_no_metric(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Metric(help="", **wrong)  # type: ignore[arg-type]


def test_a_file_is_replaced_in_one_step(tmp_path: Path) -> None:
    file = tmp_path / "notifykit.prom"
    write_textfile(file, b"a 1\n")
    write_textfile(file, b"a 2\n")
    assert file.read_bytes() == b"a 2\n"
    assert [path.name for path in tmp_path.iterdir()] == ["notifykit.prom"]


@pytest.mark.parametrize(
    ("name", "said"),
    [("metrics.txt", "is no name that node_exporter reads; let it end in .prom"), ("gone/a.prom", "cannot be written")],
)
def test_a_file_that_cannot_be_written_is_told(tmp_path: Path, name: str, said: str) -> None:
    with pytest.raises(MetricsError, match=said):
        write_textfile(tmp_path / name, b"")
    assert list(tmp_path.iterdir()) == []


def test_every_status_that_waits_for_somebody_is_among_the_tasks(world: CliWorld) -> None:
    statuses = {status for _, status in by_labels(world, "tasks")}
    assert statuses == {"queued", "sending", "in_doubt", "failed", "sent", Status.FOREIGN.value}
