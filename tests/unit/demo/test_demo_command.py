"""What the command says of a proof, true or false, and how it runs the commands that it shows."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pytest

import notifykit.cli.demo as module
from notifykit.demo.commands import CommandFailedError, Commands, Say
from notifykit.demo.proof import ChannelProof, FlagProof, Proof
from notifykit.errors import ExitCode

CHANNEL = ChannelProof(channel="beijing-group", due=3, once=3, in_doubt=0, twice=(), never=(), strange=0)
FLAGS = FlagProof(file="a.csv", rows=4, set_now=3, wrong=(), other_bytes=0)
TRUE = Proof((CHANNEL,), (FLAGS,))


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run the command over a proof that is given instead of made."""

    def run(proof: Proof, *arguments: str) -> int:
        def walk(folder: Path, say: Say) -> Proof:
            say(f"the story in {folder}")
            return proof

        monkeypatch.setattr(module, "walk", walk)
        code = module.demo.main(arguments, standalone_mode=False)
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
        "Look around: cd notifykit-demo, then `notifykit status`, `notifykit tasks`, `notifykit trace KEY`.",
    ]


def test_doubts_are_listed(demo: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert demo(replace(TRUE, channels=(replace(CHANNEL, once=2, in_doubt=1),))) == ExitCode.DONE
    assert (
        "PROVED: 3 messages due; 2 accepted exactly once, 1 listed as in doubt; every flag tells the truth."
        in capsys.readouterr().out
    )


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
    assert found["flags"] == [{"file": "a.csv", "rows": 4, "set": 3, "wrong": ["A-2"], "other_bytes_changed": False}]


def test_the_help_names_the_folder_and_the_exit_code() -> None:
    text = module.demo.get_help(click.Context(module.demo, info_name="demo"))
    assert "notifykit-demo" in text
    assert "exit code 7" in text
    assert "Examples:" in text


# the commands that it shows --------------------------------------------------------------------------------


def test_a_command_is_shown_with_what_it_prints(tmp_path: Path) -> None:
    said: list[str] = []
    assert Commands(tmp_path, said.append).run("--version") is ExitCode.DONE
    assert said[0] == "  $ notifykit --version"
    assert said[1].startswith("    notifykit")


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
