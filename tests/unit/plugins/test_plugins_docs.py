"""docs/plugins.md says what is so: its hooks, its code, its messages."""

from __future__ import annotations

import importlib
import inspect
import itertools
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import pytest
from click.testing import CliRunner

import notifykit.testing
from notifykit import hookspecs
from notifykit.config.project import store_address
from notifykit.demo import Narrator
from notifykit.demo.world import folder_of
from notifykit.model import Verdict
from notifykit.operate.plugin_pages import path_of
from notifykit.options import Secret
from notifykit.pipeline.project import open_project
from notifykit.plugins import load_plugins
from notifykit.plugins.scaffold import create_plugin
from notifykit.roles import OnlineContext, Probe, Source, Strategy
from notifykit.secrets import SecretMissingError
from notifykit.session import Session
from notifykit.testing import (
    FakeClock,
    HttpService,
    SourceContract,
    StrategyContract,
    message,
    records,
    send_context,
)
from notifykit.wording import Language

PAGE = Path(__file__).parents[3] / "docs" / "plugins.md"
TEXT = PAGE.read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def block(marker: str) -> str:
    """Return the one block of code that holds a text."""
    (found,) = (code for code in BLOCKS if marker in code)
    return str(found)


def module(marker: str) -> ModuleType:
    made = ModuleType(f"from_docs_{next(COUNT)}")
    sys.modules[made.__name__] = made  # dataclasses look their module up
    try:
        exec(compile(block(marker), str(PAGE), "exec"), made.__dict__)
    finally:
        del sys.modules[made.__name__]
    return made


COUNT = itertools.count()


def test_the_reference_is_the_specification() -> None:
    lines: list[str] = []
    for name, value in vars(hookspecs).items():
        if hasattr(value, f"{hookspecs.PROJECT}_spec"):
            words, _, since = (inspect.getdoc(value) or "").partition(".. versionadded:: ")
            signature = f"{name}({', '.join(inspect.signature(value).parameters)})"
            lines += [f"### `{signature}`", "", words.strip(), "", f"Since {since.strip()}.", ""]
    expected = "\n".join(lines)
    assert TEXT[TEXT.index("### `register_sources") :].strip() == expected.strip(), expected


def test_every_hook_says_since_when_and_what_its_arguments_are() -> None:
    for name, value in vars(hookspecs).items():
        if hasattr(value, f"{hookspecs.PROJECT}_spec"):
            assert ".. versionadded:: " in (inspect.getdoc(value) or ""), name
            hints = inspect.get_annotations(value)
            assert set(hints) == {*inspect.signature(value).parameters, "return"}, name


def test_the_plugin_shown_is_the_plugin_written(tmp_path: Path) -> None:
    create_plugin("acme-sms", tmp_path)
    written = tmp_path / "notifykit-acme-sms" / "src" / "notifykit_acme_sms"
    assert block("notifykit_acme_sms.sender:AcmeSms") == (written / "__init__.py").read_text(encoding="utf-8")
    assert block("class AcmeSms:") == (written / "sender.py").read_text(encoding="utf-8")


class TestSourceShown(SourceContract):
    def make_source(self, folder: Path) -> Source:
        (folder / "orders.jsonl").write_text(
            '{"id": 1, "email": "a@example.com"}\n{"id": 2, "email": ""}\n[]\n{"id": ""}'
        )
        return module("class JsonLines").JsonLines(path=folder / "orders.jsonl")  # type: ignore[no-any-return]

    def make_broken_source(self, folder: Path) -> Source:
        return module("class JsonLines").JsonLines(path=folder / "nowhere.jsonl")  # type: ignore[no-any-return]


class Rows:
    def read(self) -> Any:
        return records({"id": "A"}, {"id": "B"})


class TestStrategyShown(StrategyContract):
    def make_source(self, folder: Path) -> Source:
        return Rows()

    def make_strategy(self, folder: Path) -> Strategy:
        return module("class DoneList").DoneList(path=folder / "done.txt")  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    "marker",
    [
        "notifykit_acme_sms.sender:AcmeSms",
        "class JsonLines",
        "class DoneList",
        "def where",
        "def play",
        "def task_failed",
        "class AcmeVault",
        "def register_pages",
        "class Notes",
    ],
)
def test_what_is_shown_loads_as_a_plugin(site: Any, marker: str) -> None:
    (site.folder / "notifykit_acme_sms").mkdir()
    sender = {"notifykit_acme_sms/__init__.py": "", "notifykit_acme_sms/sender.py": block("class AcmeSms:")}
    site.install("shown", {"shown": "shown"}, {"shown.py": block(marker), **sender})
    plugins = site.load(strict=True)
    assert len(plugins.loaded) == 1


def test_the_command_shown_runs(site: Any) -> None:
    site.install("shown", {"shown": "shown"}, {"shown.py": block("def where")})
    plugins = site.load(strict=True)
    cli = click.Group("notifykit")
    plugins.add_commands(cli)
    done = CliRunner().invoke(cli, ["where"], obj=Session(plugins=plugins, file=Path("x.yaml")))
    assert done.output == "x.yaml\n"


def test_the_command_shown_that_is_offered_by_its_place_runs(site: Any) -> None:
    (site.folder / "notifykit_acme").mkdir()
    report = (
        'import click\n@click.command()\ndef report():\n    """Count what ACME charges for."""\n    click.echo("7")\n'
    )
    files = {"notifykit_acme/__init__.py": block("def register_lazy_commands"), "notifykit_acme/report.py": report}
    site.install("notifykit-acme", {"notifykit_acme": "notifykit_acme"}, files)
    plugins, cli = site.load(strict=True), click.Group("notifykit")
    plugins.add_commands(cli)
    line = cli.commands["acme-report"].get_short_help_str()
    assert CliRunner().invoke(cli, ["acme-report"]).output == "7\n"
    assert line in CliRunner().invoke(cli, ["acme-report", "--help"]).output


def test_the_act_shown_is_played(site: Any, tmp_path: Path) -> None:
    site.install("shown", {"shown": "shown"}, {"shown.py": block("def play")})
    (acts,) = site.load(strict=True).collect("register_demo_acts", folder_of)
    said: list[str] = []
    (proof,) = acts.play(tmp_path / acts.folder, Narrator(said.append))
    assert proof.holds
    assert said == ["", "==== Act two: a parcel · 第二幕：一个包裹", "  One parcel is due, and one arrives."]
    assert (tmp_path / "parcels").is_dir()


def test_the_kind_of_secret_shown_reads_and_is_asked() -> None:
    vault = module("class AcmeVault").AcmeVault
    with HttpService() as service:
        kept = vault(path="robots/beijing", field="key", address=service.url, token=Secret("0a1b-token"))
        service.answer(200, b'{"data": {"key": "0a1b-robot"}}')
        assert kept.read() == "0a1b-robot"
        assert service.requests[0].path == "/send/v1/robots/beijing"
        assert service.requests[0].headers["x-vault-token"] == "0a1b-token"
        context = OnlineContext(timeout=5, clock=FakeClock())
        assert kept.check_online(context).ready is True
        service.answer(403, b'{"errors": ["0a1b-robot"]}')
        assert kept.check_online(context) == Probe.bad("HTTP 403")
        with pytest.raises(SecretMissingError, match=r"the vault has no key in robots/beijing \(HTTP 403\)"):
            kept.read()
    with pytest.raises(SecretMissingError, match=r"the vault cannot be asked \(ConnectError\)"):
        kept.read()
    assert kept.check_online(context).ready is False


ADDRESS = """
from dataclasses import dataclass
from pathlib import Path
from notifykit.outbox.sqlite.store import SqliteAddress

@dataclass(frozen=True)
class AcmeAddress:
    url: str

    def __post_init__(self):
        object.__setattr__(self, "kept", SqliteAddress(Path(self.url.partition("://")[2])))

    def __getattr__(self, name):
        return getattr(self.kept, name)

    def open(self, clock, **how):
        return self.kept.open(clock, **how)
"""


def test_the_store_shown_is_opened_by_its_scheme(site: Any, tmp_path: Path) -> None:
    (site.folder / "notifykit_acme_store").mkdir()
    files = {
        "shown.py": block("def register_stores"),
        "notifykit_acme_store/__init__.py": "",
        "notifykit_acme_store/address.py": ADDRESS,
    }
    site.install("shown", {"shown": "shown"}, files)
    address = store_address(f"acmedb://{tmp_path / 'a.db'}", site.load(strict=True).registry)
    assert type(address).__name__ == "AcmeAddress"
    assert not address.exists()


def test_the_page_and_the_metric_shown_are_told(site: Any) -> None:
    site.install("shown", {"shown": "shown"}, {"shown.py": block("def register_pages")})
    plugins = site.load(strict=True)
    (page,) = plugins.collect("register_pages", path_of)
    shown = page.show(None, Language.ENGLISH)
    assert (shown.sections[0].rows, shown.data) == ([["sms", "7"]], {"sms": 7})
    ((metric,),) = plugins.ask("metrics", project=None)
    assert (metric.name, dict(metric.values)) == ("notifykit_acme_quota", {(): 7.0})


def test_the_local_plugin_shown_is_found_and_sends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", sys.path[:])
    (tmp_path / "plugins").mkdir()
    code = block("class Notes")
    (tmp_path / code.splitlines()[0].removeprefix("# ")).write_text(code, encoding="utf-8")
    told = re.search(r"^plugins:\n  path: plugins/\n", TEXT, re.MULTILINE)
    assert told
    senders = "senders: {notes: {type: acme_notes, path: notes.txt}}\ncampaigns: []\n"
    (tmp_path / "notifykit.yaml").write_text(told[0] + senders, encoding="utf-8")
    sender = open_project(tmp_path / "notifykit.yaml").configuration.channels["notes"].sender
    assert sender.send(message(recipient="ops", text="hello"), send_context()).verdict is Verdict.ACCEPTED
    assert (tmp_path / "notes.txt").read_text() == "ops: hello\n"
    del sys.modules["acme"]


def test_the_whole_kit_is_told_of() -> None:
    known_otherwise = {"HttpRequest"}
    for name in set(notifykit.testing.__all__) - known_otherwise:
        assert re.search(rf"`{name}\b", TEXT), name


PUBLIC = {
    name: set(re.findall(r"`(\w+)`", holds))
    for name, holds in re.findall(r"^\| `(notifykit[\w.]*)` \| (.*) \|$", TEXT, re.MULTILINE)
}
"""Public modules, each with the names that the page lists."""


def test_there_are_public_modules() -> None:
    assert {"notifykit", "notifykit.roles", "notifykit.terminal.console"} <= PUBLIC.keys()


@pytest.mark.parametrize("name", PUBLIC)
def test_the_page_lists_what_a_module_says_is_public(name: str) -> None:
    found = importlib.import_module(name)
    assert PUBLIC[name] == set(found.__all__)
    assert [thing for thing in found.__all__ if not hasattr(found, thing)] == []


HEAD = "from dataclasses import dataclass\nimport notifykit\n"
DEFECTS = {
    "@notifykit.hookimpl\ndef register_sender(register): ...": (
        "there is no hook called 'register_sender'; did you mean 'register_senders'?"
    ),
    "def register_senders(register): ...": (
        "register_senders is not marked as a hook; put @notifykit.hookimpl above it"
    ),
    "@notifykit.hookimpl\ndef task_sent(task, result): ...": (
        "task_sent takes 'result'; write it as task_sent(task, outcome), or with fewer arguments"
    ),
    "@notifykit.hookimpl\nasync def task_sent(task): ...": (
        "task_sent is async, so it would never run; write it as a plain function"
    ),
    "@dataclass\nclass Acme: ...\n@notifykit.hookimpl\ndef register_senders(register): register('acme', Acme)": (
        "the class Acme of type 'acme' has no send(); add it (notifykit.roles)"
    ),
}


@pytest.mark.parametrize(("code", "said"), DEFECTS.items())
def test_the_messages_shown_are_the_messages_given(site: Any, code: str, said: str) -> None:
    site.install("shown", {"shown": "shown"}, {"shown.py": HEAD + code})
    failed = site.failure()
    assert f"{failed.what}; {failed.mend}" == said
    assert f"`{said}`" in TEXT


def test_the_broken_plugin_shown_is_described_like_that(site: Any) -> None:
    code = "import carrier_pigeon\n"
    site.install("notifykit-stale", {"notifykit_stale": "stale"}, {"stale.py": code}, "0.3.0")
    assert f"\nbroken: {site.failure()}\n" in TEXT


def test_loading_is_as_the_page_says_without_any_plugin() -> None:
    assert load_plugins(entry_points=[]).listing() == {"plugins": [], "blocked": [], "failed": [], "warnings": []}
