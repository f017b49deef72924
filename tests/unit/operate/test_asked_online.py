"""`check --online` asks whatever can be asked, and tells what each says."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest
from click.testing import CliRunner

from notifykit.cli.app import build_cli

PLUGIN = """
from dataclasses import dataclass
from notifykit import hookimpl
from notifykit.errors import CampaignError
from notifykit.model import Outcome
from notifykit.options import Secret
from notifykit.roles import Decision, Probe, Strategy
from notifykit.testing import records

@dataclass
class Asked:
    says: str = "good"

    def check_online(self, context):
        if self.says == "raises":
            raise CampaignError("the gate is shut", mend="open it")
        if self.says == "breaks":
            raise KeyError("never-shown")
        if self.says == "mute":
            return None
        return Probe.good(f"{type(self).__name__} in {context.timeout:g} s from {context.folder.name}")

    def probe(self, timeout):
        raise AssertionError("asked twice")

    def send(self, message, context):
        return Outcome.accepted()

@dataclass
class Decides(Asked, Strategy):
    def decide(self, record, outbox):
        return Decision.SKIP

class Gate(Asked):
    def read(self):
        return records({"id": "1"})

class Vault(Asked):
    def read(self):
        return "value-of-the-vault"

@dataclass
class Silent:
    key: Secret

    def send(self, message, context):
        return Outcome.accepted()

@hookimpl
def register_senders(register):
    register("asked_sender", Asked)
    register("silent", Silent)

@hookimpl
def register_sources(register):
    register("asked_source", Gate)

@hookimpl
def register_strategies(register):
    register("asked_strategy", Decides)

@hookimpl
def register_secrets(register):
    register("asked_vault", Vault)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    path, modules = sys.path[:], set(sys.modules)
    for name, text in {
        "plugins/asked_online.py": PLUGIN.replace(
            "import Outcome", "import Outcome\nfrom notifykit.options import Secret", 1
        ),
        "campaigns/a.yaml": """
            source: {type: asked_source, says: SOURCE}
            strategy: {type: asked_strategy}
            messages: [{name: m, sender: desk, recipient: ops, template: hello}]
        """,
        "notifykit.yaml": """
            plugins: {path: plugins}
            dispatch: {timeout: 7}
            senders:
              desk: {type: asked_sender, says: SENDER}
              quiet: {type: silent, key: {asked_vault: good}}
              twin: {type: silent, key: {asked_vault: {says: good}}}
        """,
    }.items():
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(dedent(text), encoding="utf-8")
    yield tmp_path
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def asked(
    folder: Path, *, sender: str = "good", source: str = "good", online: bool = True
) -> dict[str, tuple[str, str]]:
    for name in ("notifykit.yaml", "campaigns/a.yaml"):
        text = (folder / name).read_text()
        (folder / name).write_text(text.replace("SENDER", sender).replace("SOURCE", source))
    arguments = ["--project", str(folder / "notifykit.yaml"), "check", "--json", *(["--online"] if online else [])]
    done = CliRunner().invoke(build_cli(), arguments)
    found = json.loads(done.stdout)["findings"]
    return {
        one["about"]: (one["level"], one["what"]) for one in found if "ready" in one["what"] or "asked" in one["what"]
    }


def test_senders_sources_strategies_and_secrets_are_asked_each_once(folder: Path) -> None:
    said = f"in 7 s from {folder.resolve().name}"
    assert asked(folder) == {
        "channel desk": ("note", f"ready: Asked {said}"),
        "channel quiet": ("note", "not asked: senders of the type silent offer no way"),
        "channel twin": ("note", "not asked: senders of the type silent offer no way"),
        "source of a": ("note", f"ready: Gate {said}"),
        "strategy of a": ("note", f"ready: Decides {said}"),
        "secret of asked_vault": ("note", f"ready: Vault {said}"),
    }


def test_what_is_not_ready_is_an_error(folder: Path) -> None:
    found = asked(folder, sender="raises", source="breaks")
    assert found["channel desk"] == ("error", "not ready: the gate is shut; open it")
    assert found["source of a"][0] == "error"
    assert found["source of a"][1].startswith("not ready: KeyError in its probe; this is a defect")
    assert "never-shown" not in str(found)


def test_an_answer_that_is_none_is_a_defect(folder: Path) -> None:
    assert asked(folder, sender="mute")["channel desk"][1].startswith(
        "not ready: its probe returned a NoneType; this is"
    )


def test_nothing_is_asked_unless_it_is_said(folder: Path) -> None:
    assert asked(folder, online=False) == {}
