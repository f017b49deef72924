from __future__ import annotations

import json
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from notifykit.testing import HttpService

ROOT = Path(__file__).parents[3]

PROJECT = """
senders:
  sms:
    type: acme_sms
    url: {env: ACME_SMS_URL}
  paper:
    type: file
    path: paper.jsonl

plugins:
  requires: [notifykit-acme-sms]
"""

CAMPAIGN = """
source: {type: csv, path: orders.csv, key: id}
strategy: {type: csv_flag, flag: sent, unsent: N, sent: Y}
messages:
  - name: shipped
    recipient: '{{ record["phone"] }}'
    sender: SENDER
    template: 'Order {{ record["id"] }} 已发货'
"""

ORDERS = "id,phone,sent\nA-1,10001,N\nA-2,10002,N\n"

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def service() -> Iterator[HttpService]:
    with HttpService() as made:
        made.answer(200, b'{"status": "queued", "ref": "a1"}')
        yield made


@pytest.fixture
def run(environment: Any, acme: Path, broken: None, service: HttpService, tmp_path: Path) -> Run:
    (tmp_path / "notifykit.yaml").write_text(PROJECT)
    (tmp_path / "campaigns").mkdir()
    for name, sender in (("orders", "sms"), ("letters", "paper")):
        (tmp_path / "campaigns" / f"{name}.yaml").write_text(
            CAMPAIGN.replace("SENDER", sender).replace("orders.csv", f"{name}.csv")
        )
        (tmp_path / f"{name}.csv").write_text(ORDERS)

    def notifykit(*arguments: str) -> subprocess.CompletedProcess[str]:
        done = environment.run("notifykit", *arguments, cwd=tmp_path, ACME_SMS_URL=service.url)
        assert "Traceback" not in done.stderr, done.stderr
        return done  # type: ignore[no-any-return]

    return notifykit


def test_every_entry_point_is_in_the_wheel(environment: Any, tmp_path: Path) -> None:
    code = """
import importlib.metadata, sys
for point in importlib.metadata.distribution("notifykit-outbox").entry_points:
    point.load()
    print(point.name, sys.modules[point.module].__file__)
"""
    done = environment.run("python", "-c", code, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = dict(line.split(" ", 1) for line in done.stdout.splitlines())
    assert {"notifykit", "notifykit_builtin", "notifykit_contract", "notifykit_wecom"} <= found.keys()
    for place in found.values():
        assert Path(place).is_relative_to(environment.folder), place


def test_the_manual_is_in_the_wheel(environment: Any, tmp_path: Path) -> None:
    told = environment.run("notifykit", "docs", "--json", cwd=tmp_path)
    assert told.returncode == 0, told.stderr
    pages = json.loads(told.stdout)["pages"]
    packed = {Path(page["file"]).parent for page in pages}
    assert packed == {environment.packages / "notifykit" / "docs"}
    names = {file.name for file in packed.pop().iterdir()}
    assert names == {file.name for file in (ROOT / "docs").iterdir()}
    pictures = environment.packages / "notifykit" / "docs" / "images"
    assert {file.name for file in pictures.iterdir()} == {file.name for file in (ROOT / "docs" / "images").iterdir()}
    shown = environment.run("notifykit", "docs", "migration", "--lang", "zh", cwd=tmp_path, PYTHONUTF8="1")
    assert shown.stdout.startswith("# 迁移旧程序\n"), shown.stderr


def test_the_catalogues_of_translations_are_in_the_wheel(environment: Any, tmp_path: Path) -> None:
    chinese = environment.run("notifykit", "trace", "--help", cwd=tmp_path, LC_ALL="zh_CN.UTF-8", PYTHONUTF8="1")
    assert chinese.stdout.startswith("用法： notifykit trace [选项] KEY\n\n  讲出一条记录的全部经过。\n"), (
        chinese.stderr
    )
    english = environment.run("notifykit", "trace", "-h", cwd=tmp_path, LC_ALL="C")
    assert english.stdout.startswith("Usage:")
    # Another test may have left a plugin in that environment that cannot be imported.
    assert [line for line in chinese.stderr.splitlines() if "notifykit-stale" not in line] == []


def test_data_files_are_in_the_wheel(environment: Any, tmp_path: Path) -> None:
    code = "import notifykit; print(notifykit.__path__[0])"
    package = Path(environment.run("python", "-c", code, cwd=tmp_path).stdout.strip())
    assert package.is_relative_to(environment.folder)
    source = Path(__file__).parents[3] / "notifykit"
    kept = [path.relative_to(source) for path in source.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert [path for path in kept if not (package / path).is_file()] == []


@pytest.mark.long
def test_the_authors_own_tests_pass(environment: Any, acme: Path) -> None:
    done = environment.run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", cwd=acme)
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout


def test_a_wheel_of_a_plugin_holds_only_the_plugin(acme: Path) -> None:
    (wheel,) = (acme.parent / "dist").glob("*.whl")
    assert wheel.name == "notifykit_acme_sms-0.1.0-py3-none-any.whl"
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert tops == {"notifykit_acme_sms", "notifykit_acme_sms-0.1.0.dist-info"}


@pytest.mark.long
def test_a_campaign_uses_it_beside_a_broken_one(run: Run, service: HttpService, tmp_path: Path) -> None:
    done = run("run", "--once")
    assert done.returncode == 0, done.stderr
    assert "notifykit_stale" in done.stderr
    sent = [(request.headers["idempotency-key"], json.loads(request.body)) for request in service.requests]
    assert sorted(sent, key=lambda pair: pair[0]) == [
        ("orders/A-1/shipped/1", {"phone": "10001", "content": "Order A-1 已发货"}),
        ("orders/A-2/shipped/1", {"phone": "10002", "content": "Order A-2 已发货"}),
    ]
    for name in ("orders", "letters"):
        assert (tmp_path / f"{name}.csv").read_text() == ORDERS.replace(",N", ",Y")
    again = run("run", "--once")
    assert again.returncode == 0, again.stderr
    assert len(service.requests) == 2


def test_the_listing_tells_of_both(run: Run, environment: Any) -> None:
    done = run("plugins", "--json")
    assert done.returncode == 0, done.stderr
    listing = json.loads(done.stdout)
    (mine,) = (plugin for plugin in listing["plugins"] if plugin["name"] == "notifykit_acme_sms")
    assert (mine["distribution"], mine["version"]) == ("notifykit-acme-sms", "0.1.0")
    assert (mine["hooks"], mine["types"]) == (["register_senders"], {"senders": ["acme_sms"]})
    assert Path(mine["location"]).is_relative_to(environment.folder)
    (failed,) = listing["failed"]
    assert (failed["name"], failed["distribution"], failed["version"]) == (
        "notifykit_stale",
        "notifykit-stale",
        "0.3.0",
    )
    assert (failed["cause"], failed["what"]) == ("ModuleNotFoundError", "No module named 'carrier_pigeon'")
    assert "install what provides the module 'carrier_pigeon'" in failed["mend"]
    assert "Traceback" in failed["traceback"]
    assert "broken: plugin 'notifykit_stale' of notifykit-stale 0.3.0: " in run("plugins").stdout


def test_strict_stops_before_anything_happens(run: Run, service: HttpService, tmp_path: Path) -> None:
    done = run("--strict-plugins", "run", "--once")
    assert done.returncode == 1
    assert "carrier_pigeon" in done.stderr
    assert service.requests == []
    assert not list(tmp_path.glob("*.db"))


def test_a_campaign_without_its_plugin_fails_alone(run: Run, service: HttpService, tmp_path: Path) -> None:
    config = tmp_path / "notifykit.yaml"
    config.write_text(PROJECT + "  block: [notifykit-acme-sms, notifykit-stale]\n")
    done = run("run", "--once")
    assert done.returncode != 0
    assert "carrier_pigeon" not in done.stderr
    assert 'no plugin offers the sender type "acme_sms"' in done.stderr
    assert service.requests == []
    assert (tmp_path / "orders.csv").read_text() == ORDERS
    assert (tmp_path / "letters.csv").read_text() == ORDERS.replace(",N", ",Y")
