from __future__ import annotations

import logging
import sys
import threading
from typing import Any

import click
import pytest
from click.testing import CliRunner

from notifykit.errors import PluginError

OBSERVER = """
    calls = []
    @notifykit.hookimpl
    def task_sent(task, outcome):
        calls.append((task, outcome))
"""


def test_an_observer_that_raises_stops_nobody(site: Any, caplog: pytest.LogCaptureFixture) -> None:
    site.plugin("a_watch", OBSERVER)
    site.plugin("m_bad", "@notifykit.hookimpl\ndef task_sent(task): raise RuntimeError('secret')")
    site.plugin("n_exit", "@notifykit.hookimpl\ndef task_sent(task): raise SystemExit")
    site.plugin("z_watch", OBSERVER)
    plugins = site.load()
    with caplog.at_level(logging.WARNING):
        plugins.observe("task_sent", task=1, outcome=2)
        plugins.observe("task_sent", task=3, outcome=4)
    assert sys.modules["a_watch"].calls == sys.modules["z_watch"].calls == [(1, 2), (3, 4)]
    assert sorted(record.getMessage() for record in caplog.records[:2]) == [
        "plugin 'm_bad' failed in task_sent: RuntimeError",
        "plugin 'n_exit' failed in task_sent: SystemExit",
    ]
    assert {record.levelno for record in caplog.records} == {logging.WARNING}
    assert [bool(record.exc_info) for record in caplog.records] == [True, True, False, False]


def test_an_observer_that_panics_stops_no_thread_of_the_host(site: Any, caplog: pytest.LogCaptureFixture) -> None:
    site.plugin("a_panics", "class Panic(BaseException): ...\n@notifykit.hookimpl\ndef task_sent(): raise Panic")
    site.plugin("b_interrupts", "@notifykit.hookimpl\ndef task_sent(): raise KeyboardInterrupt")
    plugins = site.load()
    thread = threading.Thread(target=plugins.observe, args=("task_sent",), kwargs={"task": 1, "outcome": 2})
    thread.start()
    thread.join()
    assert sorted(record.getMessage() for record in caplog.records) == [
        "plugin 'a_panics' failed in task_sent: Panic",
        "plugin 'b_interrupts' failed in task_sent: KeyboardInterrupt",
    ]


def test_an_interrupt_in_an_observer_comes_through(site: Any) -> None:
    site.plugin("stop", "@notifykit.hookimpl\ndef task_sent(): raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        site.load().observe("task_sent", task=1, outcome=2)


def test_observers_are_called_in_pluggys_order(site: Any) -> None:
    for name, mark in [("a", "hookimpl"), ("b", "hookimpl(trylast=True)"), ("c", "hookimpl")]:
        site.plugin(f"o_{name}", f"import builtins\n@notifykit.{mark}\ndef task_sent(task): task.append('{name}')")
    plugins = site.load()
    isolated: list[str] = []
    together: list[str] = []
    plugins.observe("task_sent", task=isolated, outcome=None)
    plugins.hook.task_sent(task=together, outcome=None)
    assert isolated == together == ["c", "a", "b"]


def test_a_wrapper_wraps_its_own_plugin_only(site: Any) -> None:
    code = "@notifykit.hookimpl(wrapper=True)\ndef task_sent(task):\n    task.append('in')\n    return (yield)"
    site.plugin("a_wrapper", code)
    site.plugin("b_watch", "@notifykit.hookimpl\ndef task_sent(task): task.append('b')")
    plugins = site.load(strict=True)
    isolated: list[str] = []
    plugins.observe("task_sent", task=isolated, outcome=None)
    assert sorted(isolated) == ["b", "in"]


def test_who_observes_is_known(site: Any) -> None:
    site.plugin("watch", OBSERVER)
    plugins = site.load()
    assert plugins.observed("task_sent")
    assert not plugins.observed("task_queued")
    plugins.observe("task_queued", task=1)


def test_an_unknown_hook_is_our_own_mistake(site: Any) -> None:
    with pytest.raises(KeyError):
        site.load().observe("task_snet", task=1)


def cli() -> click.Group:
    group = click.Group("notifykit")
    group.add_command(click.Command("status", callback=lambda: click.echo("ours")))
    return group


COMMAND = """
    import click
    @notifykit.hookimpl
    def register_commands(cli):
        @cli.command("{name}")
        def it():
            click.echo("{text}")
"""


def test_commands_are_added_beside_broken_ones(site: Any) -> None:
    site.plugin("a_none", OBSERVER)
    site.plugin("a_good", COMMAND.format(name="count", text="3 pigeons"))
    site.plugin("b_half", COMMAND.format(name="half", text="") + "        raise SystemExit(4)\n")
    site.plugin("c_thief", COMMAND.format(name="status", text="stolen"))
    site.plugin("d_copy", COMMAND.format(name="count", text="4 pigeons"))
    site.plugin("e_remover", "@notifykit.hookimpl\ndef register_commands(cli): cli.commands.clear()")
    group = cli()
    plugins = site.load()
    plugins.add_commands(group)
    assert sorted(group.commands) == ["count", "status"]
    assert CliRunner().invoke(group, ["count"]).output == "3 pigeons\n"
    assert CliRunner().invoke(group, ["status"]).output == "ours\n"
    assert [(failed.name, failed.cause, failed.what) for failed in plugins.failed] == [
        ("b_half", "SystemExit", "it ended the program with 4"),
        ("c_thief", "PluginClash", "it replaces the command 'status'"),
        ("d_copy", "PluginClash", "it replaces the command 'count'"),
        ("e_remover", "PluginClash", "it replaces the command 'count', 'status'"),
    ]
    assert [plugin.name for plugin in plugins.loaded] == sorted(plugin.name for plugin in plugins.loaded)
    assert len(plugins.loaded) == 6


class Lazy(click.Group):
    """A group that makes its commands when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), "lazy"})


def test_a_command_that_is_made_lazily_cannot_be_replaced_either(site: Any) -> None:
    site.plugin("thief", COMMAND.format(name="lazy", text="stolen"))
    group = Lazy("notifykit")
    plugins = site.load()
    plugins.add_commands(group)
    assert group.commands == {}
    assert plugins.failed[0].what == "it replaces the command 'lazy'"


def test_strict_covers_commands(site: Any) -> None:
    site.plugin("thief", COMMAND.format(name="status", text="stolen"))
    with pytest.raises(PluginError, match="replaces the command 'status'"):
        site.load(strict=True).add_commands(cli())


def test_an_interrupt_while_adding_commands_comes_through(site: Any) -> None:
    site.plugin("stop", "@notifykit.hookimpl\ndef register_commands(cli): raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        site.load().add_commands(cli())


def offering(*names: str, then: str = "") -> str:
    calls = "".join(f"    register({name!r})\n" for name in names)
    return f"@notifykit.hookimpl\ndef register_demo_acts(register):\n{calls}    {then or 'pass'}\n"


def test_what_plugins_offer_is_collected_whole_or_not_at_all(site: Any) -> None:
    site.plugin("a_first", offering("one", "two"))
    site.plugin("b_other", OBSERVER)
    site.plugin("c_clash", offering("three", "two"))
    site.plugin("d_twice", offering("four", "four"))
    site.plugin("e_exit", offering("five", then="raise SystemExit(2)"))
    site.plugin("f_strange", offering("six", "seven!"))
    site.plugin("g_last", offering("three", "five"))
    plugins = site.load()
    assert plugins.collect("register_demo_acts", _checked) == ["one", "two", "three", "five"]
    assert [(failed.name, failed.what) for failed in plugins.failed] == [
        (
            "c_clash",
            "it offers 'two' by register_demo_acts, which is taken by plugin 'a_first' of dist-a_first 1.0",
        ),
        ("d_twice", "it offers one name twice by register_demo_acts"),
        ("e_exit", "it ended the program with 2"),
        ("f_strange", "'seven!' will not do"),
    ]


def test_strict_covers_what_is_collected(site: Any) -> None:
    site.plugin("bad", offering("seven!"))
    with pytest.raises(PluginError, match=r"broken plugin is fatal:\n.*'seven!' will not do"):
        site.load(strict=True).collect("register_demo_acts", _checked)


def test_an_interrupt_while_collecting_comes_through(site: Any) -> None:
    site.plugin("stop", offering(then="raise KeyboardInterrupt"))
    with pytest.raises(KeyboardInterrupt):
        site.load().collect("register_demo_acts", _checked)


def _checked(offer: str) -> str:
    if not offer.isalpha():
        raise PluginError(f"{offer!r} will not do", mend="choose another name")
    return offer
