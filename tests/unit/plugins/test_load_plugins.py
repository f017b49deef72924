from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from notifykit.errors import ExitCode, PluginError
from notifykit.plugins import load_plugins

GOOD = """
    @dataclass
    class Pigeon:
        coop: str = "east"
        def send(self, message, context): ...

    @notifykit.hookimpl
    def register_senders(register):
        register("pigeon", Pigeon)

    @notifykit.hookimpl
    def task_sent(task):
        pass
"""


def test_a_good_plugin_is_loaded_and_listed(site: Any) -> None:
    site.plugin("pigeons", GOOD, version="2.1")
    plugins = site.load()
    assert plugins.failed == ()
    offer = plugins.registry.senders["pigeon"]
    assert (offer.name, offer.plugin, offer.distribution) == ("pigeon", "pigeons", "dist-pigeons 2.1")
    assert offer.load()(coop="west").coop == "west"
    assert plugins.listing() == {
        "plugins": [
            {
                "name": "pigeons",
                "distribution": "dist-pigeons",
                "version": "2.1",
                "location": str(site.folder / "pigeons.py"),
                "hooks": ["register_senders", "task_sent"],
                "types": {"senders": ["pigeon"]},
            }
        ],
        "blocked": [],
        "failed": [],
        "warnings": [],
    }
    assert json.loads(json.dumps(plugins.listing())) == plugins.listing()


def test_a_plugin_may_be_an_object_and_offer_every_kind(site: Any) -> None:
    code = """
        @dataclass
        class One:
            def read(self): return []
            def decide(self, record, outbox): ...
            def send(self, message, context): ...

        class Plugin:
            @notifykit.hookimpl
            def register_sources(self, register): register("s", One)
            @notifykit.hookimpl
            def register_strategies(self, register): register("s", One)
            @notifykit.hookimpl
            def register_senders(self, register): register("s", One)

        it = Plugin()
    """
    site.plugin("objects", code)
    text = (site.folder / "dist_objects-1.0.dist-info" / "entry_points.txt").read_text()
    (site.folder / "dist_objects-1.0.dist-info" / "entry_points.txt").write_text(text.strip() + ":it\n")
    plugins = site.load()
    assert plugins.failed == ()
    registry = plugins.registry
    assert [list(each) for each in (registry.sources, registry.strategies, registry.senders)] == [["s"]] * 3
    assert plugins.loaded[0].location == str(site.folder / "objects.py")


FAILED_FIELDS = ("name", "distribution", "version", "cause", "what", "mend", "traceback")
BROKEN: dict[str, tuple[str, str, str, str]] = {
    "import error": ("raise ImportError('no such luck')", "ImportError", "no such luck", "upgrade or uninstall"),
    "missing dependency": (
        "import colombidae.wings",
        "ModuleNotFoundError",
        "No module named 'colombidae'",
        "install what provides the module 'colombidae'",
    ),
    "syntax error": ("def f(:\n  pass", "SyntaxError", "broken.py, line 3", "upgrade or uninstall"),
    "exit at import": ("raise SystemExit(3)", "SystemExit", "it ended the program with 3", "upgrade"),
    "panic at import": (
        "class PanicException(BaseException): ...\nraise PanicException('called from C')",
        "PanicException",
        "called from C",
        "upgrade or uninstall",
    ),
    "generator exit at import": ("raise GeneratorExit", "GeneratorExit", "(no message)", "upgrade"),
    "exception without text": ("raise ValueError", "ValueError", "(no message)", "upgrade"),
    "exception that cannot be printed": (
        "class Odd(Exception):\n    def __str__(self): raise RuntimeError\nraise Odd",
        "Odd",
        "<exception str() failed>",
        "upgrade",
    ),
    "misspelt hook": (
        "@notifykit.hookimpl\ndef register_sender(register): ...",
        "PluginError",
        "there is no hook called 'register_sender'",
        "did you mean 'register_senders'?",
    ),
    "hook unlike any": (
        "@notifykit.hookimpl\ndef zzz(): ...",
        "PluginError",
        "there is no hook called 'zzz'",
        "the hooks are register_sources, ",
    ),
    "misspelt specname": (
        "@notifykit.hookimpl(specname='task_snet')\ndef seen(task): ...",
        "PluginError",
        "there is no hook called 'task_snet'",
        "did you mean 'task_sent'?",
    ),
    "wrong argument": (
        "@notifykit.hookimpl\ndef task_sent(task, result): ...",
        "PluginError",
        "task_sent takes 'result'",
        "write it as task_sent(task, outcome), or with fewer arguments",
    ),
    "star arguments": (
        "@notifykit.hookimpl\ndef task_sent(*args): ...",
        "PluginError",
        "task_sent takes 'args'",
        "write it as task_sent(task, outcome)",
    ),
    "argument with a default": (
        "@notifykit.hookimpl\ndef task_sent(task, outcome=None): ...",
        "PluginError",
        "has a default for 'outcome'",
        "remove it",
    ),
    "async hook": (
        "@notifykit.hookimpl\nasync def task_sent(task): ...",
        "PluginError",
        "task_sent is async",
        "write it as a plain function",
    ),
    "generator": (
        "@notifykit.hookimpl\ndef task_sent(task): yield",
        "PluginError",
        "task_sent contains a yield",
        "write it as a plain function",
    ),
    "async generator": (
        "@notifykit.hookimpl\nasync def task_sent(task): yield",
        "PluginError",
        "task_sent is async",
        "write it as a plain function",
    ),
    "wrapper that is none": (
        "@notifykit.hookimpl(wrapper=True)\ndef task_sent(task): ...",
        "PluginValidationError",
        "not a generator function",
        "upgrade or uninstall",
    ),
    "unmarked hook": (
        "def register_senders(register): ...",
        "PluginError",
        "register_senders is not marked as a hook",
        "put @notifykit.hookimpl above it",
    ),
    "no hook at all": ("x = 1", "PluginError", "it implements no hook", "mark its functions"),
    "register raises": (
        "@notifykit.hookimpl\ndef register_senders(register): raise KeyError('x')",
        "KeyError",
        "'x'",
        "upgrade or uninstall",
    ),
    "register exits": (
        "@notifykit.hookimpl\ndef register_senders(register): raise SystemExit",
        "SystemExit",
        "ended the program",
        "upgrade",
    ),
    "no dataclass": (
        "class A:\n    def send(self): ...\n@notifykit.hookimpl\ndef register_senders(register): register('a', A)",
        "PluginError",
        "type 'a' is offered as <class",
        "offer a class marked with @dataclass",
    ),
    "an instance": (
        (
            "@dataclass\nclass A:\n    def send(self, m, c): ...\n"
            "@notifykit.hookimpl\ndef register_senders(register): register('a', A())"
        ),
        "PluginError",
        "type 'a' is offered as A()",
        "offer a class marked with @dataclass",
    ),
    "no send": (
        "@dataclass\nclass A: ...\n@notifykit.hookimpl\ndef register_senders(register): register('a', A)",
        "PluginError",
        "A of type 'a' has no send()",
        "add it",
    ),
    "decide left out": (
        (
            "from notifykit.roles import Strategy\n@dataclass\nclass A(Strategy): ...\n"
            "@notifykit.hookimpl\ndef register_strategies(register): register('a', A)"
        ),
        "PluginError",
        "A of type 'a' has no decide()",
        "add it",
    ),
    "odd name": (
        (
            "@dataclass\nclass A:\n    def send(self, m, c): ...\n"
            "@notifykit.hookimpl\ndef register_senders(register): register(' a', A)"
        ),
        "PluginError",
        "a type cannot be called ' a'",
        "plain name",
    ),
    "name that cannot be seen": (
        (
            "@dataclass\nclass A:\n    def send(self, m, c): ...\n"
            "@notifykit.hookimpl\ndef register_senders(register): register('a\\x07b', A)"
        ),
        "PluginError",
        "a type cannot be called 'a\\x07b'",
        "plain name",
    ),
    "name that is no text": (
        (
            "@dataclass\nclass A:\n    def send(self, m, c): ...\n"
            "@notifykit.hookimpl\ndef register_senders(register): register(A, 'a')"
        ),
        "PluginError",
        "a type cannot be called <class",
        "plain name",
    ),
    "same name twice": (
        (
            "@dataclass\nclass A:\n    def send(self, m, c): ...\n"
            "@notifykit.hookimpl\ndef register_senders(register): register('a', A); register('a', A)"
        ),
        "PluginClash",
        "it offers 'a' twice among its senders",
        "rename one",
    ),
}


@pytest.mark.parametrize(("code", "cause", "what", "mend"), BROKEN.values(), ids=BROKEN)
def test_a_broken_plugin_is_explained_and_the_others_load(
    site: Any, code: str, cause: str, what: str, mend: str
) -> None:
    site.plugin("broken", code, version="0.3")
    site.plugin("alpha", GOOD.replace("pigeon", "alpha"))
    site.plugin("zulu", GOOD.replace("pigeon", "zulu"))
    plugins = site.load()
    assert [plugin.name for plugin in plugins.loaded] == ["alpha", "zulu"]
    assert list(plugins.registry.senders) == ["alpha", "zulu"]
    assert (plugins.registry.sources, plugins.registry.strategies) == ({}, {})
    (failed,) = plugins.failed
    assert (failed.name, failed.distribution, failed.version) == ("broken", "dist-broken", "0.3")
    assert (failed.cause, failed.what.partition(what)[1], failed.mend.partition(mend)[1]) == (cause, what, mend)
    assert str(failed) == (f"plugin 'broken' of dist-broken 0.3: {failed.cause}: {failed.what}; {failed.mend}")
    assert "\n" not in str(failed)
    assert ("broken.py" in failed.traceback) == (not failed.cause.startswith("Plugin"))
    (data,) = plugins.listing()["failed"]
    assert json.loads(json.dumps(data)) == {name: getattr(failed, name) for name in FAILED_FIELDS}


def test_a_missing_module_and_attribute_of_the_entry_point_are_explained(site: Any) -> None:
    site.install("ghost", {"ghost": "nowhere_at_all", "half": "json:nothing"}, {})
    plugins = site.load()
    assert [(failed.name, failed.cause) for failed in plugins.failed] == [
        ("ghost", "ModuleNotFoundError"),
        ("half", "AttributeError"),
    ]


def test_an_interrupt_while_loading_is_not_swallowed(site: Any) -> None:
    site.plugin("slow", "raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        site.load()


def test_a_class_as_entry_point_is_refused(site: Any) -> None:
    code = "import notifykit\nclass P:\n    @notifykit.hookimpl\n    def task_sent(self, task): ...\n"
    site.install("classy", {"classy": "classy:P"}, {"classy.py": code})
    failed = site.failure()
    assert "names the class P" in failed.what
    assert "an instance" in failed.mend


def test_an_optional_hook_that_does_not_exist_is_no_defect(site: Any) -> None:
    site.plugin("ahead", "@notifykit.hookimpl(optionalhook=True)\ndef from_the_future(task): ...")
    plugins = site.load()
    assert plugins.failed == ()
    assert plugins.loaded[0].hooks == ("from_the_future",)


def test_importing_the_specifications_is_no_defect(site: Any) -> None:
    site.plugin("curious", "from notifykit.hookspecs import *\n" + "@notifykit.hookimpl\ndef task_sent(task): ...")
    assert site.load().failed == ()


def test_nothing_half_registered_is_left(site: Any) -> None:
    code = (
        GOOD
        + """
    @notifykit.hookimpl
    def register_sources(register):
        @dataclass
        class Ok:
            def read(self): ...
        register("ok", Ok)
        register("not ok", 7)
    """
    )
    site.plugin("half", code)
    plugins = site.load()
    assert plugins.registry.sources == {}
    assert plugins.registry.senders == {}
    assert not plugins.observed("task_sent")
    assert plugins.hook.register_senders(register=lambda name, cls: None) == []


def test_a_type_name_belongs_to_the_first_by_name_and_both_are_named(site: Any) -> None:
    site.plugin("b_plugin", GOOD, distribution="zebra")
    site.plugin("a_plugin", GOOD, distribution="yak")
    plugins = site.load()
    assert plugins.registry.senders["pigeon"].plugin == "a_plugin"
    (failed,) = plugins.failed
    assert failed.cause == "PluginClash"
    assert "plugin 'b_plugin' of zebra 1.0 offers 'pigeon'" in failed.what
    assert "taken by plugin 'a_plugin' of yak 1.0" in failed.what
    assert failed.mend == "block or uninstall one of the two"


def test_a_stranger_cannot_take_a_name_of_ours(site: Any) -> None:
    site.plugin("zz_own", GOOD, distribution="Notifykit_Outbox")
    site.plugin("aa_stranger", GOOD, distribution="aardvark")
    plugins = site.load()
    assert plugins.registry.senders["pigeon"].plugin == "zz_own"
    assert plugins.failed[0].name == "aa_stranger"


def test_blocking_ours_lets_the_stranger_have_the_name(site: Any) -> None:
    site.plugin("zz_own", GOOD, distribution="notifykit-outbox")
    site.plugin("aa_stranger", GOOD, distribution="aardvark")
    assert site.load(block=["zz_own"]).registry.senders["pigeon"].plugin == "aa_stranger"


def test_a_plugin_may_give_way_when_a_name_is_taken(site: Any) -> None:
    site.plugin("first", GOOD)
    polite = """
    from notifykit.errors import PluginClash
    @dataclass
    class P:
        def send(self, message, context): ...
    @notifykit.hookimpl
    def register_senders(register):
        try:
            register("pigeon", P)
        except PluginClash:
            register("pigeon-2", P)
    """
    site.plugin("second", polite)
    plugins = site.load()
    assert plugins.failed == ()
    assert list(plugins.registry.senders) == ["pigeon", "pigeon-2"]


def test_registering_after_the_hook_has_returned_is_refused(site: Any) -> None:
    code = """
    kept = []
    @dataclass
    class P:
        def send(self, message, context): ...
    @notifykit.hookimpl
    def register_senders(register):
        kept.append(register)
    """
    site.plugin("late", code)
    plugins = site.load()
    late = sys.modules["late"]
    with pytest.raises(PluginError, match="comes too late"):
        late.kept[0]("p", late.P)
    assert plugins.registry.senders == {}


@pytest.mark.parametrize("broken", [True, False])
def test_a_shadowed_entry_point_is_reported(site: Any, broken: bool) -> None:
    files = {"one_impl.py": "1/0" if broken else "import notifykit\n@notifykit.hookimpl\ndef task_sent(): ..."}
    site.install("one", {"mail": "one_impl"}, files)
    site.install(
        "two", {"mail": "two_impl"}, {"two_impl.py": "import notifykit\n@notifykit.hookimpl\ndef task_sent(): ..."}
    )
    failed = site.load().failed[-1]
    assert failed.distribution == "two"
    assert failed.what == "its name is taken by plugin 'mail' of one 1.0"
    assert "two_impl" not in sys.modules
    assert [plugin.distribution for plugin in site.load(block=["one"]).loaded] == ["two"]


def test_two_entry_points_of_one_object_are_reported(site: Any) -> None:
    site.plugin("same", GOOD)
    site.install("twin", {"twin": "same"}, {})
    failed = site.failure()
    assert failed.name == "twin"
    assert "very object of plugin 'same'" in failed.what


@pytest.mark.parametrize("name", ["pigeons", "dist-pigeons", "Dist_Pigeons"])
def test_blocking_by_entry_point_or_distribution(site: Any, name: str) -> None:
    site.plugin("pigeons", "raise RuntimeError('never imported')")
    plugins = site.load(block=[name])
    assert (plugins.loaded, plugins.failed, plugins.warnings) == ((), (), ())
    assert plugins.listing()["blocked"] == [{"name": "pigeons", "distribution": "dist-pigeons", "version": "1.0"}]


def test_blocking_what_is_not_there_is_a_warning(site: Any) -> None:
    site.plugin("pigeons", GOOD)
    plugins = site.load(block=["pigeon"])
    assert plugins.warnings == ("nothing is called 'pigeon', so nothing was blocked by it",)
    assert plugins.listing()["warnings"] == list(plugins.warnings)
    assert len(plugins.loaded) == 1


def test_strict_lists_every_failure(site: Any) -> None:
    site.plugin("bad", "raise ImportError('one')")
    site.plugin("worse", "raise ImportError('two')")
    with pytest.raises(PluginError, match=r"(?s)plugin 'bad'.*one.*plugin 'worse'.*two") as caught:
        site.load(strict=True)
    assert caught.value.exit_code == ExitCode.ERROR


def test_strict_is_content_with_good_plugins(site: Any) -> None:
    site.plugin("pigeons", GOOD)
    site.plugin("blocked", "1/0")
    assert len(site.load(strict=True, block={"blocked"}).loaded) == 1


def test_what_a_plugin_prints_at_import_goes_to_stderr(site: Any) -> None:
    site.plugin("chatty", "print('hello')\n" + "@notifykit.hookimpl\ndef task_sent(task): ...")
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        site.load()
    assert (out.getvalue(), err.getvalue()) == ("", "hello\n")


def test_hosts_do_not_share_anything(site: Any) -> None:
    site.plugin("pigeons", GOOD)
    one, two = site.load(), site.load(block=["pigeons"])
    assert one.observed("task_sent")
    assert not two.observed("task_sent")
    assert len(one.hook.task_sent(task=None, outcome=None)) == 0


LOOKED_AT = """
    LOOKS = []

    def __dir__():
        LOOKS.append("again")
        return list(globals())
"""


def test_a_module_is_examined_once_and_registers_in_each_host(site: Any) -> None:
    site.plugin("bird", GOOD + LOOKED_AT)
    first = site.load()
    looks = len(sys.modules["bird"].LOOKS)
    second = site.load()
    assert looks == len(sys.modules["bird"].LOOKS) > 0
    assert list(first.registry.senders) == list(second.registry.senders) == ["pigeon"]
    assert first.loaded == second.loaded


def test_an_object_without_a_hash_may_be_a_plugin(site: Any) -> None:
    site.install(
        "dist-flock",
        {"flock": "flock:plugin"},
        {
            "flock.py": """
                import notifykit

                class Flock(dict):
                    @notifykit.hookimpl
                    def task_sent(self, task): task.append("flock")

                plugin = Flock()
            """
        },
    )
    for _ in range(2):
        heard: list[str] = []
        site.load().observe("task_sent", task=heard, outcome=None)
        assert heard == ["flock"]


def test_an_entry_point_without_a_distribution(site: Any) -> None:
    site.plugin("pigeons", GOOD)
    plugins = load_plugins(entry_points=[EntryPoint("loose", "pigeons", "notifykit")])
    assert str(plugins.loaded[0]) == "plugin 'loose' of (no distribution)"


def test_the_installed_plugins_are_found(site: Any) -> None:
    site.plugin("pigeons", GOOD)
    plugins = load_plugins()
    assert "pigeon" in plugins.registry.senders
    first_party = [
        plugin.name for plugin in (*plugins.loaded, *plugins.failed) if plugin.distribution == "notifykit-outbox"
    ]
    assert "notifykit_builtin" in first_party


def damage_lines(site: Any) -> None:
    site.install("torn", {"torn": "torn"}, {})
    (site.folder / "torn-1.0.dist-info" / "entry_points.txt").write_text("[notifykit]\nnonsense\n")


def damage_bytes(site: Any) -> None:
    site.install("torn", {"torn": "torn"}, {})
    (site.folder / "torn-1.0.dist-info" / "entry_points.txt").write_bytes(b"[notifykit]\n\xff\n")


def damage_metadata(site: Any) -> None:
    site.install("torn", {"torn": "torn"}, {})
    (site.folder / "torn-1.0.dist-info" / "METADATA").unlink()


@pytest.mark.parametrize("damage", [damage_lines, damage_bytes, damage_metadata])
def test_a_damaged_distribution_is_named_and_the_others_load(site: Any, damage: Callable[[Any], None]) -> None:
    damage(site)
    site.plugin("pigeons", GOOD)
    plugins = load_plugins()
    assert "pigeon" in plugins.registry.senders
    (failed,) = [failed for failed in plugins.failed if failed.distribution != "notifykit-outbox"]
    assert failed.distribution == f"(something damaged in {site.folder})"
    assert failed.mend == "what is installed there is damaged: reinstall or remove it"


def test_a_distribution_that_is_there_twice_counts_once(site: Any, tmp_path: Any, monkeypatch: Any) -> None:
    site.plugin("pigeons", GOOD, distribution="birds", version="1.0")
    second = type(site)(tmp_path / "older")
    second.folder.mkdir()
    second.install("birds", {"pigeons": "pigeons"}, {}, version="0.9")
    monkeypatch.setattr(sys, "path", [*sys.path, str(second.folder)])
    plugins = load_plugins()
    assert plugins.registry.senders["pigeon"].distribution == "birds 1.0"
    assert not [failed for failed in plugins.failed if failed.distribution == "birds"]


def test_nothing_is_loaded_at_import() -> None:
    code = "import sys, notifykit.plugins; print([m for m in sys.modules if m.startswith('notifykit_')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
