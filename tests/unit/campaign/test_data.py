"""When two campaigns read the same and write the same."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from notifykit.campaign.campaign import Campaign
from notifykit.campaign.data import data_of, same_data
from notifykit.model import CampaignData, Record
from notifykit.roles import Decision, Ledger, Strategy
from notifykit.secrets import Secret


@dataclass(kw_only=True)
class FileSource:
    path: Path
    key: str = "id"

    @property
    def reads(self) -> Path:
        return self.path

    def read(self) -> Iterable[Record]:
        return []


@dataclass(kw_only=True)
class UrlSource:
    url: Secret | str

    @property
    def reads(self) -> Secret | str:
        return self.url

    def read(self) -> Iterable[Record]:
        return []


@dataclass(kw_only=True)
class QuerySource:
    """Does not say what it reads."""

    dsn: Secret
    tables: list[str] = field(default_factory=list)
    limits: dict[str, int] = field(default_factory=dict)

    def read(self) -> Iterable[Record]:
        return []


class Opaque:
    def read(self) -> Iterable[Record]:
        return []


@dataclass(kw_only=True)
class Flags(Strategy):
    written: Path | str | None = "flag"

    @property
    def writes(self) -> Path | str | None:
        return self.written

    def decide(self, record: Record, outbox: Ledger) -> Decision:
        return Decision.NOTIFY


def campaign(source: FileSource | UrlSource | QuerySource | Opaque, written: Path | str | None = "flag") -> Campaign:
    return Campaign(name="c", file=Path("c.yaml"), source=source, strategy=Flags(written=written), messages=())


def of(folder: Path, source: FileSource | UrlSource | QuerySource, written: Path | str | None = "flag") -> CampaignData:
    found = data_of(campaign(source, written), folder)
    assert found is not None
    return found


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    file = tmp_path / "orders.csv"
    file.write_text("id,flag\n", encoding="utf-8")
    return file


@pytest.mark.parametrize("spelling", ["./orders.csv", "sub/../orders.csv", "orders.csv"])
def test_a_file_is_one_however_its_path_is_spelled(tmp_path: Path, orders: Path, spelling: str) -> None:
    (tmp_path / "sub").mkdir()
    assert same_data(
        of(tmp_path, FileSource(path=orders)), of(tmp_path, FileSource(path=tmp_path / spelling)), tmp_path
    )


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_a_link_is_the_file(tmp_path: Path, orders: Path, link: object) -> None:
    assert callable(link)
    link(orders, tmp_path / "latest.csv")
    linked = of(tmp_path, FileSource(path=tmp_path / "latest.csv"))
    assert same_data(linked, of(tmp_path, FileSource(path=orders)), tmp_path)


def test_what_a_link_led_to_once_stays_known(tmp_path: Path, orders: Path) -> None:
    latest = tmp_path / "latest.csv"
    latest.symlink_to("orders.csv")
    then = of(tmp_path, FileSource(path=latest))
    latest.unlink()
    latest.symlink_to("september.csv")
    assert same_data(then, of(tmp_path, FileSource(path=orders)), tmp_path)
    assert same_data(then, of(tmp_path, FileSource(path=latest)), tmp_path)  # the next file of the same name


def test_another_file_another_column_and_nothing_are_other_data(tmp_path: Path, orders: Path) -> None:
    mine = of(tmp_path, FileSource(path=orders))
    (tmp_path / "copy.csv").write_bytes(orders.read_bytes())
    assert not same_data(mine, of(tmp_path, FileSource(path=tmp_path / "copy.csv")), tmp_path)
    assert not same_data(mine, of(tmp_path, FileSource(path=orders), "reminded"), tmp_path)
    assert not same_data(mine, of(tmp_path, FileSource(path=orders), None), tmp_path)


def test_nothing_written_is_the_same_as_nothing_written(tmp_path: Path, orders: Path) -> None:
    mine = of(tmp_path, FileSource(path=orders), None)
    assert same_data(mine, of(tmp_path, FileSource(path=orders), None), tmp_path)


def test_another_key_column_is_no_other_data(tmp_path: Path, orders: Path) -> None:
    mine = of(tmp_path, FileSource(path=orders))
    other = of(tmp_path, FileSource(path=orders, key="number"))
    assert same_data(mine, other, tmp_path)
    assert (mine.key, other.key) == ("id", "number")


def test_a_status_file_is_told_apart_as_files_are(tmp_path: Path) -> None:
    (tmp_path / "sent.json").write_text("{}", encoding="utf-8")
    (tmp_path / "same.json").symlink_to("sent.json")
    changes = UrlSource(url="https://changes.example/list")
    mine = of(tmp_path, changes, tmp_path / "sent.json")
    assert same_data(mine, of(tmp_path, changes, tmp_path / "same.json"), tmp_path)
    assert not same_data(mine, of(tmp_path, changes, tmp_path / "other.json"), tmp_path)
    elsewhere = UrlSource(url="https://other.example/list")
    assert not same_data(mine, of(tmp_path, elsewhere, tmp_path / "sent.json"), tmp_path)


def test_a_secret_address_is_compared_and_never_shown(tmp_path: Path) -> None:
    address = "https://changes.example/list?token=9f8e7d6c5b4a"
    mine = of(tmp_path, UrlSource(url=Secret(address)))
    assert same_data(mine, of(tmp_path, UrlSource(url=Secret(address))), tmp_path)
    assert not same_data(mine, of(tmp_path, UrlSource(url=Secret(address + "0"))), tmp_path)
    assert "9f8e7d6c5b4a" not in repr(mine)
    assert data_of(campaign(UrlSource(url=Secret(None, "HOOK is not set"))), tmp_path) is None


def test_without_saying_what_it_reads_all_options_of_a_source_count(tmp_path: Path) -> None:
    mine = of(tmp_path, QuerySource(dsn=Secret("db://orders"), tables=["a"], limits={"x": 1}))
    same = of(tmp_path, QuerySource(dsn=Secret("db://orders"), tables=["a"], limits={"x": 1}))
    assert same_data(mine, same, tmp_path)
    assert not same_data(mine, of(tmp_path, QuerySource(dsn=Secret("db://orders"), tables=["b"])), tmp_path)


def test_a_source_without_options_tells_nothing(tmp_path: Path) -> None:
    assert data_of(campaign(Opaque()), tmp_path) is None


def test_a_project_may_move_as_a_whole(tmp_path: Path, orders: Path) -> None:
    before = of(tmp_path, FileSource(path=orders))
    assert str(tmp_path) not in repr(before)
    assert of(tmp_path, FileSource(path=tmp_path / "elsewhere" / ".." / "orders.csv")) == before
    outside = of(tmp_path / "project", FileSource(path=orders))
    assert outside.source == f"file:{orders.as_posix()}"
