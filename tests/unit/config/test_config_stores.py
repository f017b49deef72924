"""`store:` is a file, or a URL of a kind that a plugin offers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifykit.config.project import scheme_of, store_address
from notifykit.config.resolve import Configuration
from notifykit.errors import ConfigError, PluginError
from notifykit.options import OptionError
from notifykit.outbox.postgres.address import PostgresAddress
from notifykit.outbox.sqlite.store import SqliteAddress
from notifykit.plugins.named import OfferBrokenError
from notifykit.plugins.registering import Registrations, empty_shelf, registry_of
from notifykit.plugins.registry import Offer, Registry
from notifykit.plugins.report import PluginId

FAKE = PluginId(name="fake", distribution="notifykit-fake", version="1.0")


@dataclass(frozen=True)
class Drawer:
    """A kind of store."""

    url: str
    file = None

    def __post_init__(self) -> None:
        if self.url.endswith("/"):
            raise OptionError("url", "names no drawer", mend="write one behind the slash")

    def open(self) -> None:
        """Nothing is in it."""


@dataclass(frozen=True)
class Wall:
    """Not one."""

    url: str


def offering(scheme: str, cls: type | str) -> Registry:
    shelf = empty_shelf()
    mine = Registrations(FAKE, shelf)
    mine.register("stores")(scheme, cls)
    mine.take_over()
    return registry_of(shelf)


def test_a_plugin_offers_a_kind_of_store() -> None:
    address: object = store_address("DESK://left/1", offering("desk", Drawer))
    assert address == Drawer("DESK://left/1")


def test_a_class_that_cannot_be_opened_is_none() -> None:
    with pytest.raises(PluginError, match=r"has no open\(\); add it \(notifykit\.outbox\.address\)"):
        offering("desk", Wall)
    with pytest.raises(OfferBrokenError, match="No module named 'nowhere'"):
        store_address("desk://x", offering("desk", "nowhere:Drawer"))


def test_no_plugin_offers_it() -> None:
    with pytest.raises(ConfigError, match='no plugin offers stores of the scheme "dsk"; did you mean "desk"'):
        store_address("dsk://x", offering("desk", Drawer))


@pytest.mark.parametrize(
    ("store", "said"),
    [
        ("desk://left/", "notifykit.yaml:2: store: names no drawer; write one behind the slash"),
        ("desk://left", ""),
    ],
)
def test_a_project_names_it(load: Callable[..., Configuration], registry: Registry, store: str, said: str) -> None:
    kind = Offer(role="stores", name="desk", offered=Drawer, by=FAKE)
    assert isinstance(registry.stores, dict)
    registry.stores["desk"] = kind
    text = f"senders: {{note: {{type: quiet}}}}\nstore: {store}\n"
    if said:
        with pytest.raises(ConfigError, match=said):
            load({"notifykit.yaml": text})
    else:
        settings: object = load({"notifykit.yaml": text}).settings.store
        assert settings == Drawer(store)


@given(st.from_regex(r"[A-Za-z]?[/.\\]?[a-z0-9 _.-]{1,20}(/[a-z0-9:]+)*", fullmatch=True))
def test_a_path_is_no_url(path: str) -> None:
    assert scheme_of(path) is None
    assert store_address(f"/{path}", Registry()) == SqliteAddress(Path(f"/{path}"))


@pytest.mark.parametrize(
    ("url", "scheme"), [("a-b+c.1://", "a-b+c.1"), ("PostgreSQL://x\ny", "postgresql"), ("C:\\x", None)]
)
def test_schemes(url: str, scheme: str | None) -> None:
    assert scheme_of(url) == scheme


def test_what_libpq_is_given_and_what_people_are_shown() -> None:
    address = PostgresAddress(
        "postgresql://me:geheim@db1:5433/box?host=a,b&options=-c%20a%3Db&password=geheim&schema=mine&sslmode=require"
    )
    assert address.conninfo == (
        "postgresql://me:geheim@db1:5433/box?host=a,b&options=-c%20a%3Db&password=geheim&sslmode=require"
    )
    assert str(address) == "postgresql://me@db1:5433/box?host=a,b&options=-c%20a%3Db&schema=mine&sslmode=require"
    assert (address.schema, PostgresAddress("postgres:///box").schema) == ("mine", "notifykit")
