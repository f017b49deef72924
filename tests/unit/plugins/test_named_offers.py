"""What plugins offer as `module:name`: imported when it is used, and blamed on its plugin where that fails."""

from __future__ import annotations

import sys
from typing import Any

import click
import pytest
from click.testing import CliRunner

from notifykit.errors import PluginError
from notifykit.plugins.named import OfferBrokenError

TYPE = """
    @notifykit.hookimpl
    def register_senders(register):
        register("pigeon", "{place}")
"""
COMMAND = """
    @notifykit.hookimpl
    def register_lazy_commands(register):
        register({name!r}, {place!r}, {line!r})
        {more}
"""
LOFT = """
    from dataclasses import dataclass
    import click

    @dataclass
    class Pigeon:
        coop: str = "east"
        def send(self, message, context): ...

    class NoDataclass:
        def send(self, message, context): ...

    @dataclass
    class Mute: ...

    class Box:
        @click.command()
        def count():
            "Count the pigeons."
            click.echo("3 pigeons")
"""
BROKEN = {
    "no module": ("nowhere_at_all:Pigeon", "ModuleNotFoundError", "No module named 'nowhere_at_all'"),
    "no such name": ("loft:Dove", "AttributeError", "has no attribute 'Dove'"),
    "syntax": ("loft_torn:Pigeon", "SyntaxError", "loft_torn.py, line 1"),
    "panics": ("loft_panics:Pigeon", "Panic", "(no message)"),
    "exits": ("loft_exits:Pigeon", "SystemExit", "it ended the program with 3"),
}
BROKEN_TYPES = BROKEN | {
    "no dataclass": ("loft:NoDataclass", "PluginError", "offered as <class 'loft.NoDataclass'>"),
    "no send": ("loft:Mute", "PluginError", "the class Mute of type 'pigeon' has no send()"),
}
BROKEN_COMMANDS = BROKEN | {"no command": ("loft:Mute", "PluginError", "loft:Mute is <class 'loft.Mute'>")}


@pytest.fixture
def loft(site: Any) -> Any:
    """A folder to install into, with modules that plugins name."""
    files = {"loft.py": LOFT, "loft_torn.py": "def", "loft_exits.py": "raise SystemExit(3)"}
    files["loft_panics.py"] = "class Panic(BaseException): ...\nraise Panic"
    site.install("loft", {}, files)
    return site


def group() -> click.Group:
    cli = click.Group("notifykit")
    cli.add_command(click.Command("status", callback=lambda: click.echo("ours")))
    return cli


def test_a_type_is_imported_when_it_is_used(loft: Any) -> None:
    loft.plugin("pigeons", TYPE.format(place="loft:Pigeon"))
    plugins = loft.load()
    (listed,) = plugins.listing()["plugins"]
    assert listed["types"] == {"senders": ["pigeon"]}
    assert "loft" not in sys.modules
    offer = plugins.registry.senders["pigeon"]
    assert offer.load()(coop="west").coop == "west"
    plugins.import_offered()
    assert plugins.failed == ()


@pytest.mark.parametrize(("place", "cause", "what"), BROKEN_TYPES.values(), ids=BROKEN_TYPES)
def test_a_type_that_cannot_be_used_names_its_plugin(loft: Any, place: str, cause: str, what: str) -> None:
    loft.plugin("pigeons", TYPE.format(place=place), version="0.3")
    plugins = loft.load()
    assert plugins.failed == ()
    with pytest.raises(OfferBrokenError, match=r"plugin 'pigeons' of dist-pigeons 0\.3: ") as caught:
        plugins.registry.senders["pigeon"].load()
    plugins.import_offered()
    plugins.import_offered()
    (failed,) = plugins.failed
    assert (failed.cause, what in failed.what, str(failed)) == (cause, True, str(caught.value))
    assert bool(failed.traceback) == (cause != "PluginError")
    with pytest.raises(PluginError, match="with --strict-plugins a broken plugin is fatal:\nplugin 'pigeons'"):
        loft.load(strict=True)


@pytest.mark.parametrize("place", ["loft", "loft:", ":Pigeon", "loft.Pigeon", "loft:Pigeon()", "lo ft:Pigeon"])
def test_a_place_that_is_none_is_refused_at_once(loft: Any, place: str) -> None:
    loft.plugin("pigeons", TYPE.format(place=place))
    failed = loft.failure()
    assert failed.what == f"type 'pigeon' is offered as {place!r}"
    assert "as 'acme.sms:AcmeSms'" in failed.mend


def test_a_command_is_imported_when_it_is_called(loft: Any) -> None:
    loft.plugin("pigeons", COMMAND.format(name="count", place="loft:Box.count", line="Count the pigeons.", more=""))
    plugins, cli = loft.load(), group()
    plugins.add_commands(cli)
    assert cli.commands["count"].get_short_help_str() == "Count the pigeons."
    assert "loft" not in sys.modules
    assert CliRunner().invoke(cli, ["count"]).output == "3 pigeons\n"
    assert "Count the pigeons." in CliRunner().invoke(cli, ["count", "--help"]).output
    plugins.import_offered()
    assert plugins.failed == ()


@pytest.mark.parametrize(("place", "cause", "what"), BROKEN_COMMANDS.values(), ids=BROKEN_COMMANDS)
def test_a_command_that_cannot_be_used_names_its_plugin(loft: Any, place: str, cause: str, what: str) -> None:
    loft.plugin("pigeons", COMMAND.format(name="count", place=place, line="Count.", more=""), version="0.3")
    plugins, cli = loft.load(), group()
    plugins.add_commands(cli)
    assert plugins.failed == ()
    error = CliRunner().invoke(cli, ["count"]).exception
    assert isinstance(error, OfferBrokenError)
    plugins.import_offered()
    (failed,) = plugins.failed
    assert (failed.cause, what in failed.what, str(failed)) == (cause, True, str(error))
    assert CliRunner().invoke(cli, ["status"]).output == "ours\n"
    with pytest.raises(PluginError, match="with --strict-plugins a broken plugin is fatal:\nplugin 'pigeons'"):
        loft.load(strict=True).add_commands(group())


@pytest.mark.parametrize(
    ("name", "place", "line", "what"),
    [
        ("", "loft:Box.count", "Count.", "a command cannot be called ''"),
        ("a\nb", "loft:Box.count", "Count.", "a command cannot be called 'a\\nb'"),
        (7, "loft:Box.count", "Count.", "a command cannot be called 7"),
        ("count", "loft", "Count.", "command 'count' is offered as 'loft'"),
        ("count", None, "Count.", "command 'count' is offered as None"),
        ("count", "loft:Box.count", "", "command 'count' has no line for `--help`"),
        ("status", "loft:Box.count", "Count.", "it replaces the command 'status'"),
    ],
)
def test_an_offer_that_will_not_do_is_refused_with_all_others(
    loft: Any, name: object, place: object, line: str, what: str
) -> None:
    more = f"register({name!r}, {place!r}, {line!r})"
    loft.plugin("pigeons", COMMAND.format(name="good", place="loft:Box.count", line="Count.", more=more))
    plugins, cli = loft.load(), group()
    plugins.add_commands(cli)
    assert list(cli.commands) == ["status"]
    assert plugins.failed[0].what == what


def test_both_ways_to_add_commands_go_together(loft: Any) -> None:
    eager = """
    import click
    @notifykit.hookimpl
    def register_commands(cli):
        cli.add_command(click.Command("second", callback=lambda: click.echo("2")))
    """
    lazy = COMMAND.format(name="first", place="loft:Box.count", line="Count.", more="")
    loft.plugin("pigeons", eager + lazy)
    plugins, cli = loft.load(), group()
    plugins.add_commands(cli)
    assert plugins.failed == ()
    assert list(cli.commands) == ["status", "first", "second"]


def test_what_is_printed_while_it_is_imported_goes_to_stderr(loft: Any) -> None:
    loft.install("noisy", {}, {"noisy_loft.py": "print('hello')\n" + "import loft\ncount = loft.Box.count"})
    loft.plugin("pigeons", COMMAND.format(name="count", place="noisy_loft:count", line="Count.", more=""))
    cli = group()
    loft.load().add_commands(cli)
    result = CliRunner().invoke(cli, ["count"])
    assert (result.stdout, result.stderr) == ("3 pigeons\n", "hello\n")


def test_an_interrupt_while_a_command_is_imported_comes_through(loft: Any) -> None:
    loft.install("stop", {}, {"stop_loft.py": "raise KeyboardInterrupt"})
    loft.plugin("pigeons", TYPE.format(place="stop_loft:Pigeon"))
    plugins = loft.load()
    with pytest.raises(KeyboardInterrupt):
        plugins.import_offered()
