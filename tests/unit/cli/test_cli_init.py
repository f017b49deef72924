"""`notifykit init`: a project that works at once, of a CSV file or of nothing."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from cli_world import NOTIFYKIT
from click.testing import CliRunner, Result

from notifykit.cli.app import build_cli
from notifykit.plugins import load_plugins

MEMBERS = "number,name,mail,told\n7,Ann,ann@club.example,no\n8,Bob,bob@club.example,yes\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "members.csv").write_text(MEMBERS)
    return tmp_path


def invoke(*arguments: str) -> Result:
    result = CliRunner(env={"NOTIFYKIT_PROJECT": None, "COLUMNS": "100"}).invoke(
        build_cli(), arguments, prog_name="notifykit"
    )
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def sent(folder: Path) -> list[tuple[str, str]]:
    lines = (folder / "sent.jsonl").read_text(encoding="utf-8").splitlines()
    return [(line["recipient"], line["text"]) for line in map(json.loads, lines)]


def all_that_it_says_to_type(stderr: str) -> None:
    """Type what `init` says comes next, all of it."""
    steps = re.findall(r"^  notifykit (\w+)", stderr, re.MULTILINE)
    assert steps == ["check", "preview", "generate", "dispatch", "settle"]
    for step in steps:
        done = invoke(step)
        assert done.exit_code == 0, done.output


def test_an_example_of_its_own_works_at_once(folder: Path) -> None:
    made = invoke("init")
    assert made.exit_code == 0, made.output
    assert "made notifykit.yaml" in made.stdout
    assert invoke("check").stdout == "1 campaign tried; nothing must be mended\n"
    all_that_it_says_to_type(made.stderr)
    assert [recipient for recipient, _ in sent(folder)] == ["ann@shop.example", "bob@shop.example"]
    assert [line[-1] for line in (folder / "orders.csv").read_text().splitlines()[1:]] == ["1", "1", "1"]


def test_a_file_is_looked_at_and_the_reasons_are_told(folder: Path) -> None:
    made = invoke("init", "members.csv", "--yes")
    assert made.exit_code == 0, made.output
    for line in (
        "members.csv: 2 rows; columns: number, name, mail, told",
        "encoding: utf-8 (it is ASCII alone)",
        "key: number (its name says so, and each of the 2 rows has its own)",
        "flag: told (its name says so, and it holds no (1 x) and yes (1 x))",
        "unsent: no (the flag holds both)",
        "recipient: mail (it holds mail addresses)",
    ):
        assert line in made.stdout.splitlines()
    all_that_it_says_to_type(made.stderr)
    assert sent(folder) == [("ann@club.example", "number: 7\nname: Ann")]
    assert (folder / "members.csv").read_text() == MEMBERS.replace("example,no", "example,yes")


def test_without_a_flag_the_outbox_alone_knows(folder: Path) -> None:
    (folder / "plain.csv").write_text("id,who\n1,Ann\n2,Bob\n")
    made = invoke("init", "plain.csv", "--yes")
    assert "flag: none" in made.stdout
    all_that_it_says_to_type(made.stderr)
    all_that_it_says_to_type(made.stderr)
    assert len(sent(folder)) == 2
    assert (folder / "plain.csv").read_text() == "id,who\n1,Ann\n2,Bob\n"


@pytest.mark.parametrize(
    ("column", "words", "mend"),
    [
        ("sent", "No Yes yes", "--flag sent --unsent No --sent Yes, or say --flag none"),
        ("notified", "Y N y N/A", "--flag notified --unsent N --sent Y, or say --flag none"),
        ("sent_at", "2026-01-02 ", "--flag sent_at --unsent '' --sent WORD, or say --flag none"),
        ("mailed", "x  x", "--flag mailed --unsent '' --sent x, or say --flag none"),
    ],
)
def test_a_record_of_sending_that_is_not_certain_is_never_left_out_unasked(
    folder: Path, column: str, words: str, mend: str
) -> None:
    rows = "".join(f"{at},{word}\n" for at, word in enumerate(words.split(" ")))
    (folder / "members.csv").write_text(f"id,{column}\n{rows}")
    refused = invoke("init", "members.csv", "--yes")
    assert (refused.exit_code, names(folder)) == (1, ["members.csv"])
    assert f"the flag cannot be told: {column} may say who was told, but its words are not two" in refused.stderr
    assert refused.stderr.endswith(f"; name them with {mend}\n")


def test_what_the_flag_says_beside_its_two_words_is_held_and_never_sent(folder: Path) -> None:
    (folder / "members.csv").write_text("id,sent\n1,No\n2,Yes\n3,yes\n")
    assert "the unsent cannot be told" in invoke("init", "members.csv", "--yes", "--flag", "sent").stderr
    made = invoke("init", "members.csv", "--yes", "--flag", "sent", "--unsent", "No", "--sent", "Yes")
    assert made.exit_code == 0, made.output
    assert "sent: yes (1 x) says neither sent nor not sent; nothing is queued before it is set right" in made.stdout
    assert "records marked neither as sent nor as not sent: 1" in invoke("generate").output
    assert invoke("dispatch").exit_code == 0
    assert [text for _, text in sent(folder)] == ["id: 1"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "id,email\n1,a@b.example\n1,c@d.example\n",
            "the key cannot be told: id is called a key, and is none: 2 rows say 1; email may be one: each of",
        ),
        ("id,mail\n1.12E+18,a@b.example\n", "id is called a key, and is none: 1.12E+18 was rounded by a spreadsheet"),
        (
            "id,told\n1,n,o\n2,y,es\n",
            "the key cannot be told: 2 rows cannot be read, the first: members.csv:2: 3 cells",
        ),
        ("id,id,who\n1,1,Ann\n", 'the key cannot be told: several columns are called "id", and none of them is used'),
        ("id,told,told\n1,N,Y\n", 'the flag cannot be told: several columns are called "told", and none of them is'),
        ("id,mail,mail\n1,a,b\n", 'the recipient cannot be told: several columns are called "mail", and none of them'),
    ],
)
def test_a_choice_that_is_not_safe_is_not_made_unasked(folder: Path, text: str, told: str) -> None:
    (folder / "members.csv").write_text(text)
    refused = invoke("init", "members.csv", "--yes")
    assert (refused.exit_code, names(folder)) == (1, ["members.csv"])
    assert told in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_a_named_column_that_is_there_twice_is_told_so(folder: Path) -> None:
    (folder / "members.csv").write_text("id,told,told\n1,N,Y\n")
    refused = invoke("init", "members.csv", "--yes", "--flag", "told")
    assert 'several columns are called "told"; rename all but one' in refused.stderr


def test_rows_that_cannot_be_read_are_not_counted_as_none(folder: Path) -> None:
    (folder / "members.csv").write_text("id,told\n1,no\n2,y,es\n")
    options = ["--key", "id", "--flag", "told", "--unsent", "no", "--sent", "yes"]
    assert "the unsent cannot be told: 1 row cannot" in invoke("init", "members.csv", "--yes", *options[:4]).stderr
    made = invoke("init", "members.csv", "--yes", *options)
    assert "members.csv: 1 row that can be read; columns: id, told" in made.stdout.splitlines()
    assert "1 row cannot be read, the first: members.csv:3: 3 cells where the header has 2" in made.stdout


def test_what_is_named_is_not_guessed(folder: Path) -> None:
    made = invoke("init", "members.csv", "--yes", "--key", "name", "--flag", "none", "--recipient", "none", "--json")
    assert json.loads(made.stdout)["found"] == {
        "key": "name",
        "flag": None,
        "unsent": None,
        "sent": None,
        "recipient": None,
    }
    all_that_it_says_to_type("\n".join(f"  {step}" for step in json.loads(made.stdout)["next"]))
    assert {recipient for recipient, _ in sent(folder)} == {"everybody"}


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["init", "members.csv"], 2, "nobody can be asked here; take what is found with --yes"),
        (["init", "members.csv", "--yes", "--key", "nmber"], 1, 'no column "nmber"; did you mean "number"?'),
        (["init", "members.csv", "--yes", "--sent", "no"], 1, '"no" says that a message is to be sent'),
        (["init", "--key", "x"], 2, "--key is about a CSV file: name it"),
        (["init", "members.csv", "--from-program", "."], 2, "exclude each other"),
        (["init", "nothing.csv", "--yes"], 2, "does not exist"),
        (["init", "--from-program", "nothing"], 2, "does not exist"),
    ],
)
def test_what_cannot_be_done_is_told_and_nothing_is_made(
    folder: Path, arguments: list[str], code: int, told: str
) -> None:
    result = invoke(*arguments)
    assert (result.exit_code, told in result.stderr) == (code, True), result.output
    assert names(folder) == ["members.csv"]


@pytest.mark.parametrize("there", ["notifykit.yaml", "orders.csv", "campaigns/orders.yaml"])
def test_nothing_is_overwritten(folder: Path, there: str) -> None:
    (folder / there).parent.mkdir(exist_ok=True)
    (folder / there).write_text("mine")
    result = invoke("init")
    assert result.exit_code == 4
    assert f"{there} is there already, and nothing is overwritten" in result.stderr
    assert names(folder) == sorted(["members.csv", there])
    assert (folder / there).read_text() == "mine"


def test_a_project_elsewhere_finds_the_file(folder: Path) -> None:
    made = invoke("--project", "a b/mine.yaml", "init", "members.csv", "--yes")
    assert made.exit_code == 0, made.output
    assert "notifykit --project 'a b/mine.yaml' check" in made.stderr
    assert invoke("--project", "a b/mine.yaml", "check").exit_code == 0


def typed(answers: bytes) -> str:
    """Type answers to `init members.csv` on a terminal; return what it says."""
    pty = pytest.importorskip("pty")  # no module of Windows
    screen, side = pty.openpty()
    with subprocess.Popen(
        [NOTIFYKIT, "init", "members.csv"], stdin=side, stdout=side, stderr=side, env={**os.environ, "COLUMNS": "100"}
    ) as process:
        os.close(side)
        os.write(screen, answers)
        said = b""
        try:
            while piece := os.read(screen, 1 << 16):
                said += piece
        except OSError:  # the other side was closed
            assert sys.platform != "darwin"
    os.close(screen)
    text = said.decode()
    assert process.returncode == 0, text
    return text


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such terminals")
def test_on_a_terminal_a_doubtful_flag_has_no_default(folder: Path) -> None:
    (folder / "members.csv").write_text("id,sent\n1,No\n2,Yes\n3,yes\n")
    text = typed(b"\n\nsent\n\n\n\n")
    assert "flag: ? (sent may say who was told, but its words are not two clear ones" in text
    assert text.count("flag: ") == 3
    assert "unsent [No]:" in text
    assert "flag: sent\n  unsent: 'No'\n  sent: 'Yes'\n" in (folder / "campaigns" / "members.yaml").read_text()


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such terminals")
def test_on_a_terminal_each_point_is_asked_and_a_slip_is_asked_again(folder: Path) -> None:
    text = typed(b"nmber\nname\n\n\n\nnone\n")
    assert 'there is no column "nmber"; did you mean "number"?' in text
    assert "flag [told]:" in text
    campaign = (folder / "campaigns" / "members.yaml").read_text()
    assert "key: name\n" in campaign
    assert "recipient: everybody\n" in campaign


def test_from_program_needs_a_plugin_that_reads_programs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("notifykit.cli.app.load_plugins", lambda **_: load_plugins(entry_points=[]))
    result = invoke("init", "--from-program", ".")
    assert result.exit_code == 1
    assert "--from-program needs a plugin that reads old programs, and none is loaded" in result.stderr
    assert "no plugin reads such a file" in invoke("init", "members.csv", "--yes").stderr
    assert names(folder) == ["members.csv"]
