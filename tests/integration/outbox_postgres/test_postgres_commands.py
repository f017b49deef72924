"""Every command says of an outbox on a server what it says of one in a file, but for those of an old program."""

from __future__ import annotations

import re
import time
from contextlib import closing
from pathlib import Path

import pytest
from cli_world import BUSY, DOUBTFUL, FINE, REFUSED, CliWorld, contract
from postgres_store import postgres_address

from notifykit.clock import SystemClock
from notifykit.outbox.postgres.address import PostgresAddress

MOODS = (FINE, FINE, REFUSED, DOUBTFUL, BUSY)

ALIKE = (
    "status",
    "tasks",
    "check",
    "generate --dry-run",
    "dispatch --dry-run",
    "run --dry-run",
    "settle --dry-run",
    "generate",
    "generate",
    "tasks",
    "dispatch --once --workers 1",
    "status",
    "status --json",
    "health",
    "health --json",
    "check",
    "tasks --json",
    "settle",
    f"trace {contract(1)}",
    f"trace {contract(4)} --json",
    "resolve --status in_doubt --sent --dry-run",
    "resolve --status in_doubt --sent --why asked --who me --yes",
    "undo --dry-run --json",
    "undo 1 --why wrong --who me",
    "resolve --status in_doubt --sent --why asked --who me --yes",
    "retry --failed --why mended --who me --yes",
    f"resend {contract(1)} --campaign beijing --why lost --who me --yes",
    "dispatch --once --workers 1",
    "run --once --workers 1",
    "keys distinct 7 007 --campaign beijing --why two --who me",
    "keys list",
    "resume beijing-group --dry-run",
    "resume beijing-group --who me",
    "undo --who me --why wrong --yes",
    "resume beijing-group --who me",
    "cancel 3 --why enough --who me",
    "decisions",
    "preview",
    "store accept",
    "store accept --yes",
    "tasks --status cancelled",
    "dispatch --dry-run",
    "store check",
    "store check --json",
    "dispatch --dry-run --campaign beijing --channel award-desk",
    "run --once --workers 1 --channel award-desk",
    "settle --campaign beijing",
    "campaign rename beijing other --why x --who me",
)

NOT_ALIKE = re.compile(
    r"\d{4}-\d\d-\d\d[ T][\d:.]+Z?"
    r"|\d+(\.\d+)? (µs|ms|s|min|h)( ago)?\b|just now"
    r'|"(p50|p95|[a-z_]*_seconds)": [\d.e-]+|"worker": "[^"]*"| +'
)
"""Times, durations, names of workers, and the widths of columns."""


@pytest.fixture
def worlds(tmp_path: Path) -> tuple[CliWorld, CliWorld]:
    of_file, of_server = CliWorld(tmp_path / "file", MOODS), CliWorld(tmp_path / "server", MOODS)
    of_server.edit("notifykit.yaml", "state/notifykit.db", str(postgres_address(tmp_path)))
    return of_file, of_server


def said(world: CliWorld, command: str, store: object) -> tuple[int, str]:
    result = world.invoke(*command.split())
    text = result.output.replace(str(store), "STORE").replace(str(world.folder), "FOLDER")
    return result.exit_code, NOT_ALIKE.sub(" ", text)


@pytest.mark.long
def test_every_command_says_the_same(worlds: tuple[CliWorld, CliWorld], tmp_path: Path) -> None:
    of_file, of_server = worlds
    for command in ALIKE:
        found = said(of_server, command, postgres_address(tmp_path))
        assert found == said(of_file, command, of_file.store), command
        assert "Traceback" not in found[1]
    assert of_server.flags() == of_file.flags() != ["N"] * len(MOODS)


LEGACY = "\nlegacy: {kind: contract, status_file: state/sent.json}\n"


@pytest.mark.parametrize("command", ["migrate --dry-run", "migrate --yes --stopped idle", "verify", "rollback --yes"])
def test_what_has_to_do_with_an_old_program_says_that_it_needs_a_file(
    worlds: tuple[CliWorld, CliWorld], command: str
) -> None:
    _, world = worlds
    with (world.folder / "campaigns" / "beijing.yaml").open("a", encoding="utf-8") as file:
        file.write(LEGACY)
    (world.folder / "state").mkdir()
    (world.folder / "state" / "sent.json").write_text("{}", encoding="utf-8")
    result = world.invoke(*command.split())
    assert result.exit_code in (1, 4)
    assert "what has to do with an old program works on a store that is a file" in result.output
    assert "`notifykit store copy` takes it to a server then" in result.output


def test_old_state_that_nobody_moved_holds_its_campaign(worlds: tuple[CliWorld, CliWorld]) -> None:
    _, world = worlds
    with (world.folder / "campaigns" / "beijing.yaml").open("a", encoding="utf-8") as file:
        file.write(LEGACY)
    (world.folder / "state").mkdir()
    (world.folder / "state" / "sent.json").write_text("{}", encoding="utf-8")
    result = world.invoke("generate")
    assert result.exit_code == 1
    assert "sent.json" in result.output
    (world.folder / "state" / "sent.json").unlink()
    assert world.invoke("generate").exit_code == 0
    (world.folder / "state" / "sent.json").write_text("{}", encoding="utf-8")
    assert world.invoke("generate").exit_code == 0, "the store knows its messages"


def test_a_copy_of_the_files_of_a_server_is_made_by_the_server(worlds: tuple[CliWorld, CliWorld]) -> None:
    _, world = worlds
    result = world.invoke("store", "backup", "x.db")
    assert (result.exit_code, "use the server's own tools, such as pg_dump" in result.output) == (1, True)


def test_a_server_tells_how_large_an_outbox_is_and_which_rules_are_broken(worlds: tuple[CliWorld, CliWorld]) -> None:
    of_file, of_server = (world.lived() for world in worlds)
    told, there = of_server.json("store", "info"), of_file.json("store", "info")
    assert {name: told[name] for name in ("rows", "tasks")} == {name: there[name] for name in ("rows", "tasks")}
    assert told["bytes"]["tasks"] > 0
    with closing(PostgresAddress(told["store"]).open(SystemClock())) as outbox, outbox.transaction():
        outbox.db.execute("DELETE FROM outbox.messages WHERE id = 1")
        outbox.db.execute("UPDATE outbox.tasks SET attempts = 0, sent_at = NULL WHERE status = 'completed'")
    found = of_server.json("store", "check", code=7)
    assert [one["rule"] for one in found["findings"]] == ["halves", "unfenced", "contradicted"]


def test_what_is_finished_leaves_a_server_for_a_file_beside_the_project(worlds: tuple[CliWorld, CliWorld]) -> None:
    _, world = worlds
    world.lived()
    store = world.json("store", "info")["store"]
    with closing(PostgresAddress(store).open(SystemClock())) as outbox, outbox.transaction():
        outbox.db.execute("UPDATE outbox.tasks SET completed_at = completed_at - 60")
    done = [task for task in world.json("tasks")["tasks"] if task["status"] == "completed"]
    told = world.json("store", "prune", "--keep", "1s")
    assert (told["moved"], told["archive"]) == (len(done), str(world.folder / "notifykit-archive.db"))
    assert told["moved"] >= 1
    assert (world.folder / "notifykit-archive.db").stat().st_mode & 0o777 == 0o600
    (again,) = world.json("generate", code=0)["campaigns"]
    assert again["queued"] == 0
    assert world.invoke("store", "check").exit_code == 0
    gone = world.json("trace", done[0]["key"])["archived"]
    assert [task["text"] for task in gone["stories"][0]["tasks"]][:1] == [done[0]["text"]]


def test_an_outbox_that_is_gone_is_followed_by_no_empty_one(worlds: tuple[CliWorld, CliWorld]) -> None:
    _, world = worlds
    assert world.invoke("generate").exit_code == 0
    assert world.invoke("dispatch", "--once").exit_code == 3
    world.edit("notifykit.yaml", "&schema=", "&schema=o")
    for command in ("generate", "status", "dispatch", "check"):
        result = world.invoke(command)
        assert result.exit_code == (4 if command == "check" else 1), command
        assert "the outbox of this project is gone: it was dropped" in result.output
    assert world.invoke("store", "accept", "--yes").exit_code == 0
    assert world.invoke("generate").exit_code == 0


def test_a_password_in_the_file_is_refused_and_shown_nowhere(worlds: tuple[CliWorld, CliWorld]) -> None:
    _, world = worlds
    world.edit("notifykit.yaml", "//notifykit@", "//notifykit:geheim-7@")
    for command in ("check", "generate"):
        result = world.invoke(command)
        assert result.exit_code == 4
        assert "holds a password in plain text" in result.output
        assert "geheim" not in result.output


@pytest.mark.parametrize(
    ("url", "wrong"),
    [
        ("postgresql://me@box", "names no database"),
        ("postgresql://me@box/a/b", "names no database"),
        ("postgresql://me@box:port/a", "is no address"),
        ("postgresql://me@box/a?schema=Mine!", "the schema cannot be called 'Mine!'"),
        ("mongo://box/a", 'no plugin offers stores of the scheme "mongo"'),
    ],
)
def test_an_address_that_is_none(worlds: tuple[CliWorld, CliWorld], url: str, wrong: str) -> None:
    world, _ = worlds
    world.edit("notifykit.yaml", "state/notifykit.db", url)
    for command in ("status", "check"):
        result = world.invoke(command)
        assert result.exit_code == 4
        assert f"notifykit.yaml:2: store: {wrong}" in result.output


@pytest.mark.parametrize(
    ("ahead", "said"),
    [
        (3600.0, "clock is 3,600.0 s behind this machine's"),
        (-90.0, "clock is 90.0 s ahead of this machine's"),
        (0.5, ""),
    ],
)
def test_a_clock_that_is_off_is_noted(
    worlds: tuple[CliWorld, CliWorld], monkeypatch: pytest.MonkeyPatch, ahead: float, said: str
) -> None:
    _, world = worlds
    world.invoke("generate")
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + ahead)
    result = world.invoke("check")
    assert result.exit_code == 0
    assert said in result.output
    assert ("store: its clock is" in result.output) is bool(said)
