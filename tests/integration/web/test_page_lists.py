"""The lists of channels, campaigns and processes: filters and order in the address, pages, CSV and JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from cli_world import BROKEN, DOUBTFUL, FINE, CliWorld, make_world
from page_server import ANNA, LEO, Serve, Served
from postgres_server import shared_server
from postgres_store import postgres_address

from notifykit.operate.machines import WorkerState, Workforce
from notifykit.outbox.places import KeepsPlaces
from notifykit.outbox.values import Machine, SourcePlace
from notifykit.web.listing import Asked
from notifykit.web.views.machines import narrowed

__all__ = ["make_world"]

MakeWorld = Callable[[Sequence[str]], CliWorld]


def table(served: Served, address: str) -> list[dict[str, str]]:
    answer = served.ask(address, token=ANNA)
    assert (answer.status, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


def told(served: Served, name: str, query: str = "", key: str = "") -> list[Any]:
    """What JSON and CSV have, which is the same, by one column."""
    data = served.ask(f"/{name}.json?{query}", token=ANNA).data
    found = [one[key] for one in data[name]]
    assert [one[key] for one in table(served, f"/{name}.csv?{query}")] == found
    assert (data["number"], data["more"]) == (len(found), False)
    return found


def test_channels_are_filtered_and_sorted(serve: Serve, make_world: MakeWorld) -> None:
    world = make_world((BROKEN, FINE))
    world.edit("notifykit.yaml", "  award-desk:", "  lost: {type: nowhere}\n  award-desk:")
    world.lived()
    served = serve(world)

    def names(query: str) -> list[str]:
        return told(served, "channels", query, "channel")

    assert names("") == ["award-desk", "beijing-group", "lost"]
    assert names("sort=-channel") == ["lost", "beijing-group", "award-desk"]
    assert names("sort=-waiting")[0] == "beijing-group"
    assert names("state=paused") == ["beijing-group"]
    assert names("state=free&type=file") == ["award-desk"]
    assert names("state=unavailable") == ["lost"]
    assert names("channel=lost&state=free") == []
    (row,) = table(served, "/channels.csv?state=paused")
    assert (row["type"], row["on_wire"], row["state"]) == ("python", "0", "paused")
    text = served.ask("/channels?state=paused&sort=waiting", token=ANNA).text
    assert 'href="/channels.csv?state=paused&amp;sort=waiting"' in text
    assert 'href="/channels?state=paused&amp;sort=-waiting"' in text
    assert '<option value="paused" selected>' in text
    assert "award-desk" not in text
    assert "Nothing was found." in served.ask("/channels?channel=none", token=ANNA).text


def test_campaigns_are_filtered_and_sorted(serve: Serve, doubtful: CliWorld) -> None:
    text = (doubtful.folder / "campaigns" / "beijing.yaml").read_text(encoding="utf-8")
    doubtful.write_campaign("asleep", f"enabled: false\n{text}")
    served = serve(doubtful)

    def names(query: str) -> list[str]:
        return told(served, "campaigns", query, "campaign")

    assert names("") == ["asleep", "beijing"]
    assert names("sort=-in_doubt") == ["beijing", "asleep"]
    assert names("state=disabled") == ["asleep"]
    assert names("state=enabled&campaign=asleep") == []
    (row,) = table(served, "/campaigns.csv?campaign=beijing")
    assert (row["state"], row["in_doubt"], row["failed"]) == ("enabled", "3", "1")
    page = served.ask("/campaigns?state=disabled", token=ANNA).text
    assert "asleep" in page
    assert "/campaign?name=beijing" not in page


def test_a_list_of_campaigns_is_cut_into_pages(serve: Serve, make_world: MakeWorld) -> None:
    world = make_world((FINE,))
    text = (world.folder / "campaigns" / "beijing.yaml").read_text(encoding="utf-8")
    for number in range(51):
        world.write_campaign(f"c{number:02}", f"enabled: false\n{text}")
    served = serve(world)
    data = served.ask("/campaigns.json?page=2", token=ANNA).data
    assert ([one["campaign"] for one in data["campaigns"]], data["number"]) == (["c49", "c50"], 52)
    assert len(table(served, "/campaigns.csv?page=2")) == 52
    assert 'rel="prev" href="/campaigns"' in served.ask("/campaigns?page=2", token=ANNA).text


@pytest.mark.parametrize("name", ["channels", "campaigns", "machines"])
def test_an_order_or_a_page_that_there_is_none_of_is_told(serve: Serve, doubtful: CliWorld, name: str) -> None:
    served = serve(doubtful)
    for query in ("sort=text", "page=0", *(("state=odd",) if name != "machines" else ())):
        assert served.ask(f"/{name}?{query}", token=ANNA).status == 400, query


def test_processes_of_a_store_that_is_a_file_are_no_empty_table(serve: Serve, doubtful: CliWorld) -> None:
    served = serve(doubtful)
    answer = served.ask("/machines.csv", token=ANNA)
    assert (answer.status, "The store is a file on one machine." in answer.data["error"]) == (409, True)
    assert "/machines.csv" not in served.ask("/machines", token=ANNA).text
    data = served.ask("/machines.json", token=ANNA).data
    assert (data["machines"], data["number"]) == (None, 0)


def test_processes_are_filtered_and_sorted(serve: Serve, tmp_path: Path) -> None:
    with shared_server():
        world = CliWorld(tmp_path / "server", (DOUBTFUL,))
        world.edit("notifykit.yaml", "state/notifykit.db", str(postgres_address(tmp_path)))
        world.lived()
        served = serve(world)
        with closing(served.site.project.open_outbox(create=False)) as outbox:
            assert isinstance(outbox, KeepsPlaces)
            now = outbox.now()
            for number, place in enumerate(("east", "=1+1", "west")):
                outbox.be_seen(
                    Machine(
                        name=f"host{number}:1:x",
                        host=f"host{number}",
                        place=place,
                        version=f"0.{number % 2}",
                        does="run",
                        since=now,
                        seen_at=now,
                        ahead=0.0,
                    )
                )

        def hosts(query: str) -> list[str]:
            return told(served, "machines", query, "host")

        assert sorted(hosts("")) == ["host0", "host1", "host2"]
        # By the server's clock as it was measured at each look, so which is later is not known.
        since = told(served, "machines", "sort=-since", "since")
        assert since == sorted(since, reverse=True)
        assert len(since) == 3
        assert hosts("sort=-host") == ["host2", "host1", "host0"]
        assert hosts("version=0.0&sort=host") == ["host0", "host2"]
        assert hosts("place=west") == ["host2"]
        assert [one["place"] for one in table(served, "/machines.csv?host=host1")] == ["'=1+1"]
        text = served.ask("/machines?place=west", token=LEO).text
        assert 'href="/machines.csv?place=west"' in text
        assert "host0:1:x" not in text


def test_filters_of_processes_leave_what_these_send_and_the_files_there() -> None:
    def machine(host: str, place: str, version: str) -> Machine:
        name = f"{host}:7:x"
        return Machine(
            name=name, host=host, place=place, version=version, does="run", since=0.0, seen_at=0.0, ahead=0.0
        )

    machines_ = [machine("a-1", "east", "1"), machine("a-1:7", "west", "2")]
    found = Workforce(
        at=0.0,
        machines=machines_,
        places=[
            SourcePlace(campaign=one.place, place=one.place, host=one.host, path="", since=0.0) for one in machines_
        ],
        workers=[
            WorkerState(name=f"{one.host}:7:a{number}", on_wire=1, since=0.0) for number, one in enumerate(machines_)
        ],
    )

    def left(**filters: str) -> tuple[list[str], list[str]]:
        wanted = Asked(path="/machines", filters=filters)
        shown = [one for one in machines_ if all(getattr(one, name) == said for name, said in filters.items())]
        kept = narrowed(found, wanted, shown)
        return [one.name for one in kept.workers], [one.place for one in kept.places]

    both = ["a-1:7:a0", "a-1:7:7:a1"]
    assert left() == (both, ["east", "west"])
    assert left(host="a-1:7") == (both[1:], ["west"])
    assert left(version="2") == (both[1:], ["west"])
    assert left(place="nowhere") == ([], [])
