"""Scrapes are answered over HTTP, and nobody else is."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Iterator

import pytest
from cli_world import CliWorld

from notifykit.metrics import server as server_module
from notifykit.metrics.exposition import MetricsError
from notifykit.metrics.server import Address, MetricsServer, address_of
from notifykit.pipeline.project import open_project


@pytest.fixture
def server() -> Iterator[MetricsServer]:
    with MetricsServer(Address("127.0.0.1", 0)) as started:
        yield started


def ask(server: MetricsServer, path: str = "/metrics", method: str = "GET", **headers: str) -> tuple[int, str, str]:
    connection = http.client.HTTPConnection(*server.address, timeout=10)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), answer.getheader("Content-Type", "")
    finally:
        connection.close()


def test_a_scrape_is_answered_with_the_project_that_is_followed(server: MetricsServer, world: CliWorld) -> None:
    assert ask(server)[0] == 503
    server.follow(open_project(world.project))
    status, text, content_type = ask(server)
    assert (status, content_type) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert 'notifykit_tasks{campaign="beijing",status="queued"} 0.0' in text
    world.invoke("generate")
    assert 'notifykit_tasks{campaign="beijing",status="queued"} 3.0' in ask(server)[1]
    assert ask(server, Accept="application/openmetrics-text; version=1.0.0")[1].endswith("# EOF\n")


@pytest.mark.parametrize("name", ["evil.example", "evil.example:9464", "127.0.0.1.evil.example", "10.0.0.1", ""])
def test_who_means_another_host_is_refused(server: MetricsServer, world: CliWorld, name: str) -> None:
    server.follow(open_project(world.project))
    assert ask(server, Host=name)[0] == 421


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost:9464", "LOCALHOST", "[::1]:9464"])
def test_this_machine_has_several_names(server: MetricsServer, world: CliWorld, name: str) -> None:
    server.follow(open_project(world.project))
    assert ask(server, Host=name)[0] == 200


def test_nothing_else_is_there_and_nothing_can_be_changed(server: MetricsServer, world: CliWorld) -> None:
    server.follow(open_project(world.project))
    assert ask(server, "/")[0] == 404
    assert ask(server, "/metrics?x=1")[0] == 200
    assert [ask(server, method=method)[0] for method in ("POST", "PUT", "DELETE")] == [501, 501, 501]
    assert not world.store.exists()


def test_a_store_that_cannot_be_read_is_told_once_in_the_log_and_not_to_the_caller(
    server: MetricsServer, world: CliWorld, caplog: pytest.LogCaptureFixture
) -> None:
    world.lived()
    project = open_project(world.project)
    world.store.write_bytes(b"no database at all" * 100)
    for left in world.store.parent.glob("notifykit.db-*"):
        left.unlink()
    server.follow(project)
    for _ in range(2):
        status, text, _ = ask(server)
        assert (status, text) == (503, "the store cannot be read now; the log says why\n")
    assert caplog.text.count("metrics cannot be told") == 1


def test_a_client_that_says_nothing_holds_nobody_up(
    server: MetricsServer, world: CliWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.follow(open_project(world.project))
    with socket.create_connection(server.address), socket.create_connection(server.address):
        assert ask(server)[0] == 200


def test_no_more_are_answered_at_once_than_there_are_places(world: CliWorld) -> None:
    with MetricsServer(Address("127.0.0.1", 0)) as server:
        server.follow(open_project(world.project))
        silent = [socket.create_connection(server.address) for _ in range(server_module._AT_ONCE)]
        for one in silent:
            one.sendall(b"GET /metr")  # each has a thread by now, or will have
        refused = False
        for _ in range(100):
            try:
                ask(server)
            except (ConnectionError, http.client.HTTPException):
                refused = True
                break
        for one in silent:
            one.close()
        assert refused
        for _ in range(200):
            try:
                assert ask(server)[0] == 200
                break
            except (ConnectionError, http.client.HTTPException):
                threading.Event().wait(0.05)
        else:
            pytest.fail("places are not given back")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("9464", ("127.0.0.1", 9464)),
        (":9464", ("127.0.0.1", 9464)),
        ("0.0.0.0:80", ("0.0.0.0", 80)),
        ("[::1]:9464", ("::1", 9464)),
        ("localhost:1", ("localhost", 1)),
    ],
)
def test_addresses_are_read(text: str, address: tuple[str, int]) -> None:
    found = address_of(text)
    assert found == address
    assert found.is_loopback == (found.host != "0.0.0.0")
    assert address_of(str(found)) == found


@pytest.mark.parametrize("text", ["", "localhost", "localhost:http", "1.2.3.4:70000", "::1:9464", "http://a:1"])
def test_what_is_no_address_is_told(text: str) -> None:
    with pytest.raises(MetricsError, match=r"is no address to listen at; write .*, or the port alone"):
        address_of(text)


def test_an_address_that_is_in_use_is_told(server: MetricsServer) -> None:
    with (
        pytest.raises(MetricsError, match=rf"{server.address}: cannot be listened at .*name a free port"),
        MetricsServer(server.address),
    ):
        pass


def test_it_ends_where_somebody_is_connected_and_nobody_wakes_it() -> None:
    with MetricsServer(Address("127.0.0.1", 0)) as server, socket.create_connection(server.address):
        assert ask(server)[0] == 503
        address = server.address
    assert not [one for one in threading.enumerate() if one.name == "notifykit-metrics"]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)


def test_a_name_that_nobody_has_is_told() -> None:
    with pytest.raises(MetricsError, match="cannot be listened at"), MetricsServer(Address("no-such-host.invalid", 1)):
        pass
