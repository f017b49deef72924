"""`store:` is a file, or a URL of a kind that a plugin offers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict

from notifykit.config.project import read_project, scheme_of, store_address
from notifykit.config.resolve import Configuration
from notifykit.errors import ConfigError, PluginError
from notifykit.options import OptionError
from notifykit.outbox.postgres.address import PostgresAddress
from notifykit.outbox.sqlite.store import SqliteAddress
from notifykit.plugins.named import OfferBrokenError
from notifykit.plugins.registering import Registrations, empty_shelf, registry_of
from notifykit.plugins.registry import Offer, Registry
from notifykit.plugins.report import PluginId
from notifykit.secrets import redact

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


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql:///box", {"dbname": "box"}),
        ("postgresql://me@db1:5433,[::1]:5434,db3/box", {"host": "db1,::1,db3", "port": "5433,5434,"}),
        ("PostgreSQL://me:a%2Fb@box/x?sslrootcert=/a+b%20c", {"password": "a/b", "sslrootcert": "/a+b c"}),
        ("postgresql:///?service=desk&schema=mine", {"service": "desk"}),
        ("postgresql://box?dbname=x", {"host": "box", "dbname": "x"}),
    ],
)
def test_libpq_is_told_what_the_address_says(url: str, said: dict[str, str]) -> None:
    told = conninfo_to_dict(PostgresAddress(url).conninfo)
    assert {name: told.get(name) for name in said} == said
    assert "schema" not in told


@pytest.mark.parametrize("password", ["ge@heim", "ge/heim", "ge?heim"])
def test_a_password_that_is_not_coded_is_told_and_not_shown(password: str) -> None:
    with pytest.raises(OptionError, match=r"ends too early; write @ / .* as %40 %2F") as caught:
        PostgresAddress(f"postgresql://me:{password}@box/x")
    assert "ge" not in str(caught.value)
    assert PostgresAddress("postgresql://box:5433/x?options=-ca%3Db@c").url


@pytest.mark.parametrize("url", ["postgresql://box", "postgresql://box/?service=", "postgresql://box/a/b"])
def test_an_address_without_a_database_is_none(url: str) -> None:
    with pytest.raises(OptionError, match="names no database"):
        PostgresAddress(url)


@pytest.mark.parametrize(
    ("written", "held"),
    [
        ("{env: DESK}", "desk://left"),
        ("{file: secrets/desk}", "desk://right"),
        ("{env: SHELF}", "{folder}/state/x.db"),
    ],
)
def test_a_variable_or_a_file_holds_it(
    load: Callable[..., Configuration],
    registry: Registry,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    written: str,
    held: str,
) -> None:
    kind = Offer(role="stores", name="desk", offered=Drawer, by=FAKE)
    assert isinstance(registry.stores, dict)
    registry.stores["desk"] = kind
    monkeypatch.setenv("DESK", "desk://left")
    monkeypatch.setenv("SHELF", "state/x.db")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "desk").write_text("desk://right\n", encoding="utf-8")
    project = {
        "notifykit.yaml": f"senders: {{note: {{type: quiet}}}}\nstore: {written}\nengine: {{address: {written}}}\n"
    }
    settings = load(project).settings
    found: object = settings.store
    assert found == (Drawer(held) if "://" in held else SqliteAddress(Path(held.format(folder=tmp_path))))
    assert settings.engine.address is not None


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("{env: NOWHERE}", "the environment variable NOWHERE is not set; set it before notifykit starts"),
        ("{file: nowhere}", "the secret's file nowhere cannot be read"),
        ("{keyring: x}", "must be text, {env: NAME} or {file: path}"),
        ("{env: A, file: b}", "must be text, {env: NAME} or {file: path}"),
        ("postgresql://box/x?password=geheim", "holds a password in plain text"),
    ],
)
def test_what_holds_no_address_is_told(complaints: Callable[..., list[str]], written: str, said: str) -> None:
    found = "\n".join(complaints({"notifykit.yaml": f"senders: {{note: {{type: quiet}}}}\nstore: {written}\n"}))
    assert f"notifykit.yaml:2: store: {said}" in found
    assert "geheim" not in found


def test_what_only_looks_does_without_the_address_of_the_engine(load: Callable[..., Configuration]) -> None:
    project = {"notifykit.yaml": "senders: {note: {type: quiet}}\nengine: {address: {env: NOWHERE}}\n"}
    with pytest.raises(ConfigError, match=r"engine\.address: the environment variable NOWHERE is not set"):
        load(project)
    assert load(project, secrets=False).settings.engine.address is None
    assert read_project(Path("notifykit.yaml")).section().engine.address is None


def test_of_an_address_the_password_alone_is_hidden(
    load: Callable[..., Configuration], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESK", "desk://me:pass-of-9@messages-of-2026/x?sslpassword=key-of-9")
    with pytest.raises(ConfigError, match='"desk"'):
        load({"notifykit.yaml": "store: {env: DESK}\n"})
    assert redact("pass-of-9, key-of-9, messages-of-2026") == "***, ***, messages-of-2026"
