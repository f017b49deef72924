"""docs/cli.md says what the commands say: their help, their exit codes, and every key of their JSON."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
import sample_outage
from cli_world import BROKEN, BUSY, DOUBTFUL, FINE, REFUSED, CliWorld, contract
from json_tables import PAGE, Reader

import notifykit.cli.demo as demo_module
import notifykit.cli.source as source_module
from notifykit.cli import app, reference
from notifykit.cli.app import EXIT_CODES
from notifykit.clock import SystemClock
from notifykit.demo.proof import ChannelProof, FlagProof, Proof
from notifykit.model import Batch, Outcome, Status
from notifykit.operate.state_forms import machine_form
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.sqlite.store import SqliteAddress
from notifykit.outbox.values import ChannelBounds, Machine, SourcePlace, Transition
from notifykit.plugins import Plugins, find, load_plugins
from notifykit.plugins.find import FoundPlugin
from notifykit.testing.outbox.steps import finish, take
from notifykit.testing.samples import draft
from notifykit.wording.translation import gettext, speak


class AnHourAgo(SystemClock):
    def now(self) -> float:
        return super().now() - 3600


class YearsAgo(SystemClock):
    def now(self) -> float:
        return super().now() - 3 * 365 * 86_400


OUTAGE = replace(sample_outage.OUTAGE, channel="gone", wait=5.0)

MACHINE = Machine(name="", host="", place="", version="", does="", since=0.0, seen_at=0.0, ahead=0.0)
PLACE = SourcePlace(campaign="", place="", host="", path="", since=0.0)

ALERTS = "alerts: {channel: award-desk, recipient: duty}\n"

MakeWorld = Callable[[Sequence[str]], CliWorld]

TEXT = PAGE.read_text(encoding="utf-8")
PAGES = {
    "en": TEXT,
    "zh": PAGE.with_name("cli.zh-CN.md").read_text(encoding="utf-8"),
}


def written_anew(folder: Path) -> dict[str, str]:
    """Return both pages after the part that is generated was written into copies of them."""
    copies = {"en": folder / "cli.md", "zh": folder / "cli.zh-CN.md"}
    for language, copy in copies.items():
        copy.write_text(PAGES[language], encoding="utf-8")
    reference.main(copies["en"])
    return {language: copy.read_text(encoding="utf-8") for language, copy in copies.items()}


def test_the_help_on_the_pages_is_that_of_the_commands(tmp_path: Path) -> None:
    assert written_anew(tmp_path) == PAGES, "python -m notifykit.cli.reference docs/cli.md"
    assert TEXT.startswith("# The command line\n")
    assert "\n用法： notifykit trace [选项] KEY\n\n  讲出一条记录的全部经过。\n" in PAGES["zh"]


def test_what_the_pages_say_of_a_plugin_that_is_not_installed_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reference, "plugin_sections", lambda _: {})
    assert written_anew(tmp_path) == PAGES


@pytest.mark.parametrize(("language", "title"), [("en", "Exit codes"), ("zh", "退出码")])
def test_the_exit_codes_on_the_pages_are_those_of_the_commands(language: str, title: str) -> None:
    section = PAGES[language].partition(f"## {title}\n")[2].partition("\n## ")[0]
    listed = re.findall(r"^\| (\d+) \| (.*) \|$", section, re.MULTILINE)
    speak(language)
    assert listed == [(str(int(code)), gettext(meaning)) for code, meaning in EXIT_CODES.items()]


@pytest.mark.long
def test_every_key_of_every_command_is_on_the_page(
    make_world: MakeWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def loading(*, block: list[str], strict: bool, local: Iterable[FoundPlugin]) -> Plugins:
        broken = EntryPoint("broken", "no_such_module_anywhere", "notifykit")
        found: list[FoundPlugin | EntryPoint] = [*find.find_entry_points()[0], broken]
        return load_plugins(block=block, strict=strict, entry_points=found, local=local)

    reader = Reader("JSON")
    world = make_world((FINE, REFUSED, DOUBTFUL, BUSY, BROKEN, FINE))
    world.edit("campaigns/beijing.yaml", "strategy:", "order: none\nstrategy:")
    world.environment["COLUMNS"] = "100"

    def told(*arguments: str) -> Any:
        result = world.invoke(*arguments, "--json")
        assert result.exit_code in (0, 3, 4), result.output
        return json.loads(result.stdout)

    with world.csv.open("a", encoding="utf-8", newline="") as file:
        file.write(",测试管家,0,N,\r\n")
    reader.compare("generate", told("generate"))
    world.edit("campaigns/beijing.yaml", "template: '奖励 ", "template: '激活奖励 ")
    reader.compare("rerender", told("rerender", "--why", "x", "--yes"))
    reader.compare("preview", told("preview"))
    reader.compare("send", told("send", "--channel", "award-desk", "--to", "x", "--yes"))
    reader.compare("run --dry-run", told("run", "--dry-run"))
    reader.compare("dispatch --dry-run", told("dispatch", "--dry-run"))
    reader.compare("dispatch", told("dispatch"))
    world.write_rows([[contract(6), "测试管家6", "0", "N", ""]])
    reader.compare("settle", told("settle"))
    world.edit("notifykit.yaml", "store:", ALERTS + "store:")
    reader.compare("run", told("run", "--once"))
    with closing(SqliteOutbox.open(world.store, AnHourAgo())) as outbox:
        outbox.enqueue([draft(channel="hanging")])
        outbox.set_outage(OUTAGE)
        (claim,) = take(outbox, "a worker that hangs", 1, {"hanging": ChannelBounds()}, 120)
        reader.compare("status", told("status"))
        reader.compare("health", told("health"))
        reader.compare("report", told("report"))
        reader.compare("alerts silence", told("alerts", "silence", "in_doubt", "--for", "1h", "--why", "x"))
        reader.compare("alerts", told("alerts"))
        reader.compare("alerts unsilence", told("alerts", "unsilence", "in_doubt"))
        outbox.release(claim)
        outbox.end_outage(OUTAGE.channel)
    reader.compare("tasks", told("tasks"))
    reader.compare("cancel --dry-run", told("cancel", "--campaign", "beijing", "--dry-run"))
    reader.compare("resolve --dry-run", told("resolve", "--campaign", "beijing", "--cancel", "--dry-run"))
    reader.compare("resolve", told("resolve", "--campaign", "beijing", "--cancel", "--why", "x", "--yes"))
    reader.compare("retry", told("retry", "--failed", "--why", "x", "--yes"))
    cancelled = told("cancel", "--campaign", "beijing", "--why", "x", "--yes")
    reader.compare("cancel", cancelled)
    reader.compare("retry --dry-run", told("retry", "--status", "cancelled", "--campaign", "beijing", "--dry-run"))
    reader.compare("resend --dry-run", told("resend", contract(1), "--campaign", "beijing", "--dry-run"))
    reader.compare("resend", told("resend", contract(1), "--campaign", "beijing", "--why", "x", "--yes"))
    reader.compare("resume --dry-run", told("resume", "beijing-group", "--dry-run"))
    reader.compare("resume", told("resume", "beijing-group"))
    reader.compare("undo", told("undo", "--why", "x", "--yes"))
    told("retry", str(cancelled["changed"][0]["id"]), "--why", "x")
    reader.compare("undo --dry-run", told("undo", str(cancelled["decision"]), "--dry-run"))
    reader.compare("undo", told("undo", str(cancelled["decision"]), "--why", "x"))
    reader.compare("decisions", told("decisions"))
    reader.compare("receipt", told("receipt", "delivered", "1"))
    reader.compare("trace", told("trace", contract(1)))
    reader.compare("keys distinct", told("keys", "distinct", "7", "07", "--campaign", "beijing", "--why", "x"))
    reader.compare("keys list", told("keys", "list"))
    campaigns = world.folder / "campaigns"
    (campaigns / "beijing.yaml").rename(campaigns / "beijing-2025.yaml")
    reader.compare("campaign rename", told("campaign", "rename", "beijing", "beijing-2025", "--why", "x"))
    (campaigns / "beijing-2025.yaml").rename(campaigns / "beijing.yaml")
    reader.compare("store backup", told("store", "backup", str(tmp_path / "backup.db")))
    reader.compare("store info", {**told("store", "info"), "bytes": None, "rows": None, "tasks": None})
    reader.compare("store prune", told("store", "prune"))
    with closing(SqliteOutbox.open(world.store, YearsAgo())) as outbox:
        outbox.enqueue([draft(key="long ago", channel="past")])
        (claim,) = take(outbox, "x", 1, {"past": ChannelBounds()}, 120)
        finish(outbox, claim, Outcome.accepted(), Transition(status=Status.SENT))
        outbox.complete([claim.task.id])
    assert told("store", "prune")["moved"] == 1
    reader.compare("store info", {**told("store", "info"), "bytes": None, "rows": None, "tasks": None})
    reader.compare("trace", told("trace", "long ago"))
    with closing(SqliteOutbox.open(world.store)) as outbox:
        outbox.enqueue([draft(key="with others", channel="past", batch=Batch(wait=3600.0, most=9))])
    reader.compare("trace", told("trace", "with others"))
    with closing(sqlite3.connect(world.store)) as db, db:
        db.execute("INSERT INTO attempts VALUES (99999, 1, 'x', 'x', 0.0, 0.0, 'accepted', '', '', '', 0.0, NULL)")
    found = json.loads(world.invoke("store", "check", "--json").stdout)
    assert [one["rule"] for one in found["findings"]] == ["attempts_of_nothing"]
    reader.compare("store check", found)
    copy = told("store", "copy", str(world.store), str(tmp_path / "moved.db"), "--dry-run")
    reader.compare("store copy", {**copy, "rows": None, "sha256": None})
    monkeypatch.setattr(SqliteAddress, "grant", lambda *_, **__: ["GRANT"], raising=False)
    reader.compare("store grant", told("store", "grant", "sender"))
    reader.compare("store accept", told("store", "accept", "--yes"))
    reader.compare("machines", {"machines": [machine_form(MACHINE)]})
    reader.compare("source list", {"sources": [source_module._form(PLACE)]})
    reader.compare("source move", {"campaign": "", "before": None, "now": source_module._form(PLACE)})
    reader.compare("docs", told("docs"))
    reader.compare("docs PAGE", told("docs", "csv"))
    fresh = world.at(tmp_path / "fresh")
    reader.compare("init", json.loads(fresh.invoke("init", "--json").stdout))
    reader.compare("new-plugin", told("new-plugin", "acme-sms", "--folder", str(tmp_path)))
    monkeypatch.setattr(app, "load_plugins", loading)
    world.edit("notifykit.yaml", "store:", "plugins: {block: [notifykit_wecom]}\nstore:")
    reader.compare("plugins", told("plugins"))
    reader.compare("check", told("check"))
    channel = ChannelProof(channel="x", due=1, once=1, in_doubt=0, twice=(), never=(), strange=0)
    flags = FlagProof(file="x", rows=1, set_now=1, wrong=(), other_bytes=0)
    reader.compare("demo", demo_module._form(Proof((channel,), (flags,))))
    assert reader.used == set(reader.tables)
