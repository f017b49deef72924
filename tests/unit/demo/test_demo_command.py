"""What the command says of a proof, true or false, and how it runs the commands that it shows."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import notifykit.cli.demo as module
from notifykit.cli.app import build_cli
from notifykit.demo.acts import Acts
from notifykit.demo.commands import CommandFailedError, Commands
from notifykit.demo.narration import Narrator, Say
from notifykit.demo.proof import ChannelProof, FlagProof, Proof
from notifykit.demo.story import Played
from notifykit.errors import ExitCode
from notifykit.plugins import Plugins, load_plugins
from notifykit.session import Session
from notifykit.wording import translation

CHANNEL = ChannelProof(channel="beijing-group", due=3, once=3, in_doubt=0, twice=(), never=(), strange=0)
FLAGS = FlagProof(file="a.csv", rows=4, set_now=3, wrong=(), other_bytes=0)
TRUE = Proof((CHANNEL,), (FLAGS,))


def invoke(arguments: Sequence[str], plugins: Plugins) -> object:
    alone = copy(module.demo)  # a command keeps the help option that it had first, and here it is not the usual one
    return alone.main(arguments, standalone_mode=False, obj=Session(plugins=plugins))


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run the command over a proof that is given instead of made."""

    def run(proof: Proof | Sequence[Proof], *arguments: str) -> int:
        """The first proof is of the host's act, the others of acts that were added in one folder."""

        def walk(folder: Path, added: Sequence[Acts], say: Say, **_: object) -> Iterator[Played]:
            for nth, act in enumerate([proof] if isinstance(proof, Proof) else proof):
                say(f"the story in {folder}")
                place = folder / "added" if nth else folder
                yield Played(folder=place, proof=act, look_around=f"look in {place}")

        monkeypatch.setattr(module, "walk", walk)
        code = invoke(arguments, load_plugins(entry_points=[]))
        assert isinstance(code, int)
        return code

    return run


def test_a_true_claim(demo: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert demo(TRUE) == ExitCode.DONE
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "the story in notifykit-demo"
    assert " ".join(said[1].split()) == "channel due accepted once in doubt more than once never not due"
    assert said[2].split() == ["beijing-group", "3", "3", "0", "0", "0", "0"]
    assert said[3:] == [
        "a.csv: 3 flags set, all 4 right; no other byte changed",
        "PROVED: 3 messages due, each accepted exactly once; every flag tells the truth.",
        "",
        "Look around:",
        "  look in notifykit-demo",
    ]


def test_doubts_are_listed(demo: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert demo(replace(TRUE, channels=(replace(CHANNEL, once=2, in_doubt=1),))) == ExitCode.DONE
    assert (
        "PROVED: 3 messages due; 2 accepted exactly once, 1 listed as in doubt; every flag tells the truth."
        in capsys.readouterr().out
    )


def test_flags_of_what_is_in_doubt_are_not_counted_as_right(demo: Any, capsys: pytest.CaptureFixture[str]) -> None:
    held = Proof((replace(CHANNEL, once=2, in_doubt=1),), (replace(FLAGS, held=1),))
    assert demo(held) == ExitCode.DONE
    told = capsys.readouterr().out
    assert "a.csv: 3 flags set, all 3 right, 1 left as they were, in doubt; no other byte changed" in told
    assert "1 listed as in doubt; every other flag tells the truth." in told


def test_each_act_is_proved_and_the_last_counts_for_those_before(demo: Any, capsys: pytest.CaptureFixture[str]) -> None:
    second = replace(TRUE, channels=(replace(CHANNEL, channel="second"),))
    third = replace(TRUE, channels=(replace(CHANNEL, channel="third", due=5, once=5),))
    assert demo([TRUE, second, third]) == ExitCode.DONE
    told = capsys.readouterr().out
    assert told.count("PROVED: ") == 3
    assert told.endswith("\nLook around:\n  look in notifykit-demo\n  look in notifykit-demo/added\n")
    assert demo([TRUE, second, third], "--json") == ExitCode.DONE
    found = json.loads(capsys.readouterr().out)
    assert found["proved"] is True
    assert [item["channel"] for item in found["channels"]] == ["beijing-group", "third"]
    assert len(found["flags"]) == 2


def test_an_act_that_is_not_proved_is_the_last(demo: Any, capsys: pytest.CaptureFixture[str]) -> None:
    false = replace(TRUE, channels=(replace(CHANNEL, twice=("A-1",)),))
    assert demo([TRUE, false, TRUE]) == ExitCode.VERIFICATION_FAILED
    told = capsys.readouterr().out
    assert (told.count("the story"), told.count("\nPROVED: ")) == (2, 1)
    assert "NOT PROVED: the claim is false.\n  beijing-group: accepted more than once: A-1" in told
    assert demo([TRUE, false, TRUE], "--json") == ExitCode.VERIFICATION_FAILED
    assert json.loads(capsys.readouterr().out)["proved"] is False


@pytest.mark.parametrize(
    ("proof", "said"),
    [
        (replace(TRUE, channels=(replace(CHANNEL, twice=("A-1",)),)), "beijing-group: accepted more than once: A-1"),
        (
            replace(TRUE, channels=(replace(CHANNEL, once=2, never=("A-1",)),)),
            "beijing-group: never accepted, and not listed as in doubt: A-1",
        ),
        (replace(TRUE, channels=(replace(CHANNEL, strange=1),)), "beijing-group: 1 message that nobody was due"),
        (replace(TRUE, flags=(replace(FLAGS, wrong=("A-2",)),)), "a.csv: wrong flags: A-2"),
        (
            replace(TRUE, flags=(replace(FLAGS, other_bytes=2),)),
            "a.csv: 3 flags set, all 4 right; 2 other bytes CHANGED",
        ),
        (
            replace(TRUE, flags=(replace(FLAGS, wrong=("A-2",), other_bytes=-1),)),
            "a.csv: 3 flags set, 1 of 4 wrong; the length of the file CHANGED",
        ),
    ],
)
def test_a_false_claim(demo: Any, capsys: pytest.CaptureFixture[str], proof: Proof, said: str) -> None:
    assert demo(proof) == ExitCode.VERIFICATION_FAILED
    told = capsys.readouterr().out
    assert "NOT PROVED: the claim is false." in told
    assert "PROVED: 3" not in told
    assert said in told


def test_json_goes_to_stdout_and_the_story_to_stderr(demo: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert demo(replace(TRUE, flags=(replace(FLAGS, wrong=("A-2",)),)), "--json", "elsewhere") == 7
    captured = capsys.readouterr()
    assert captured.err == "the story in elsewhere\n"
    found = json.loads(captured.out)
    assert found["proved"] is False
    assert found["channels"][0]["accepted_once"] == 3
    assert found["flags"] == [
        {"file": "a.csv", "rows": 4, "set": 3, "wrong": ["A-2"], "held": 0, "other_bytes_changed": False}
    ]


def test_the_help_names_the_folder_and_the_exit_code() -> None:
    text = CliRunner().invoke(build_cli(), ["demo", "--help"]).output
    assert "notifykit-demo" in text
    assert "exit code 7" in " ".join(text.split())
    assert "Examples:" in text


# the acts that plugins add ----------------------------------------------------------------------------------

ACTS = """
import notifykit
from notifykit.demo import Acts

@notifykit.hookimpl
def register_demo_acts(register):
    register(Acts(folder="{folder}", play=lambda folder, narrator: iter(()), look_around="There is {{folder}}."))
"""


def test_the_acts_of_plugins_are_played_and_what_is_wrong_with_one_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    for name, folder in (("acts_good", "sequel"), ("acts_second", "sequel"), ("acts_strange", "../elsewhere")):
        (tmp_path / f"{name}.py").write_text(ACTS.format(folder=folder), encoding="utf-8")
    torn = ACTS.format(folder="torn").replace("    register(", "    raise OSError(")
    (tmp_path / "acts_torn.py").write_text(torn, encoding="utf-8")
    importlib.invalidate_caches()
    names = ("acts_good", "acts_second", "acts_strange", "acts_torn")
    plugins = load_plugins(entry_points=[EntryPoint(name, name, "notifykit") for name in names])
    added: list[Acts] = []

    def walk(folder: Path, acts: Sequence[Acts], say: Say, **_: object) -> Iterator[Played]:
        added.extend(acts)
        yield Played(folder=folder, proof=TRUE, look_around="")

    monkeypatch.setattr(module, "walk", walk)
    assert invoke([], plugins) == ExitCode.DONE
    assert [acts.folder for acts in added] == ["sequel"]
    told = capsys.readouterr().err.splitlines()
    assert [line.partition("' of")[0] for line in told] == [f"warning: plugin '{name}" for name in names[1:]]
    assert "it offers 'sequel' by register_demo_acts, which is taken by plugin 'acts_good' of" in told[0]
    assert "its acts cannot have the folder '../elsewhere'" in told[1]
    assert "OSError" in told[2]


# the commands that it shows --------------------------------------------------------------------------------


def test_a_command_is_shown_with_what_it_prints(tmp_path: Path) -> None:
    said: list[str] = []
    commands = Commands(tmp_path, said.append)
    assert commands.run("plugins", "--help") is ExitCode.DONE
    assert said[0] == "  $ notifykit plugins --help"
    assert said[1].startswith("    Usage: notifykit plugins")
    shown = len(said)
    commands.run("plugins", "--help", news_only=True)
    assert said[shown:] == ["  $ notifykit plugins --help", "    … (as above)"]
    commands.run("--version", news_only=True)
    assert said[-1].startswith("    notifykit")


def test_a_command_that_fails_ends_the_story(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Another project that is named in the environment is not what the commands are about.
    monkeypatch.setenv("NOTIFYKIT_PROJECT", str(tmp_path / "other.yaml"))
    said: list[str] = []
    with pytest.raises(CommandFailedError, match="the command above failed with exit code 4"):
        Commands(tmp_path, said.append).run("status")
    assert said[0] == "  $ notifykit status"
    assert "notifykit.yaml" in said[1]
    with pytest.raises(CommandFailedError), Commands(tmp_path, said.append).running("trace", "a b"):
        pass
    assert '  $ notifykit trace "a b"' in said


def test_a_worker_that_does_not_come_so_far_is_not_waited_for(tmp_path: Path) -> None:
    with pytest.raises(CommandFailedError, match="notifykit dispatch: it did not come as far as it should; it said: "):
        Commands(tmp_path, lambda _: None).run_until_killed("dispatch", until=lambda _: False)


def test_a_command_is_killed_at_its_line_and_an_old_program_needs_no_notifykit(tmp_path: Path) -> None:
    said: list[str] = []
    commands = Commands(tmp_path, said.append)
    commands.run_until_it_says("--help", line="Start here:")
    assert said[-1] == "    Start here:"
    with pytest.raises(CommandFailedError, match=r"notifykit --version: it did not come as far .* said: notifykit"):
        commands.run_until_it_says("--version", line="something else")
    (tmp_path / "old.py").write_text("print('完成')", encoding="utf-8")
    commands.run_python("old.py")
    assert said[-2:] == ["  $ python old.py", "    完成"]
    (tmp_path / "old.py").write_text("raise SystemExit(1)", encoding="utf-8")
    with pytest.raises(CommandFailedError, match="exit code 1"):
        commands.run_python("old.py")


def test_long_lines_are_folded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    (tmp_path / "long.py").write_text("print('word ' * 40)", encoding="utf-8")
    said: list[str] = []
    Commands(tmp_path, said.append).run_python("long.py")
    assert len(said) > 2
    assert max(map(len, "\n".join(said).splitlines())) <= 80
    assert said[2].startswith("      word")
    Narrator(said.append).tell("word " * 40)
    assert max(map(len, "\n".join(said).splitlines())) <= 80


def test_the_commands_that_are_shown_speak_the_language_that_is_spoken(tmp_path: Path) -> None:
    for language, said in (("zh", "notifykit，版本"), ("en", "notifykit, version")):
        translation.speak(language)
        lines: list[str] = []
        Commands(tmp_path, lines.append).run("--version")
        assert said in "".join(lines)


@pytest.mark.parametrize("arguments", [["--postgres"], ["--act", "2"], ["--json"]])
def test_the_page_is_for_people_and_for_the_first_act(arguments: list[str]) -> None:
    done = CliRunner().invoke(build_cli(), ["demo", "--serve", *arguments])
    assert (done.exit_code, done.stdout) == (ExitCode.USAGE, "")
    assert "--serve is for the first act's world, and for people" in done.stderr
