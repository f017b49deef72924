"""Decisions that are seen before, asked for, and taken back: `--dry-run`, the question, `undo`, `decisions`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from cli_world import BROKEN, DOUBTFUL, FINE, REFUSED, CliWorld, contract

from notifykit.outbox.values import Filter

MakeWorld = Callable[[Sequence[str]], CliWorld]


@pytest.fixture
def stuck(make_world: MakeWorld) -> CliWorld:
    """Group messages 1 failed, 3 in doubt, 4 failed, 6 sent and written back; awards 2 and 5 sent."""
    return make_world((REFUSED, DOUBTFUL, REFUSED, FINE)).lived()


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the runner's stdin look like a terminal."""

    class Terminal:
        @property
        def stdin(self) -> Terminal:
            return self

        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("notifykit.cli.deciding.sys", Terminal())


def whole(world: CliWorld) -> list[object]:
    with world.outbox() as outbox:
        tasks = list(outbox.tasks(Filter()))
        return [*tasks, *(outbox.events(task.id) for task in tasks), outbox.decisions(), outbox.pauses()]


def statuses(world: CliWorld) -> dict[int, str]:
    with world.outbox() as outbox:
        return {task.id: task.status.value for task in outbox.tasks(Filter())}


DECISIONS = (
    ["retry", "--failed"],
    ["retry", "1", "4"],
    ["resolve", "--campaign", "beijing", "--cancel"],
    ["resolve", "3", "--sent"],
    ["cancel", "--status", "failed"],
    ["resend", contract(4), "--campaign", "beijing"],
)


@pytest.mark.parametrize("arguments", DECISIONS, ids=" ".join)
def test_a_dry_run_shows_what_would_change_and_changes_no_byte(stuck: CliWorld, arguments: list[str]) -> None:
    before = stuck.store.read_bytes()
    shown = stuck.invoke(*arguments, "--dry-run")
    told = stuck.json(*arguments, "--dry-run")
    assert shown.exit_code == 0
    assert stuck.store.read_bytes() == before
    changed = stuck.json(*arguments, "--why", "x", "--yes")["changed"]
    assert told["messages"] == len(changed) == len(told["first"]) > 0
    many = "messages" if len(changed) > 1 else "message"
    assert shown.stdout.startswith(f"{len(changed)} {many} would change:\n  beijing: {len(changed)} ")
    assert [one["to"] for one in told["by_campaign"]] == [changed[0]["status"]]


def test_a_preview_tells_the_first_ten_and_what_it_means_for_flags(make_world: MakeWorld) -> None:
    world = make_world([REFUSED] * 13).lived()
    shown = world.invoke("cancel", "--status", "failed", "--status", "queued", "--dry-run").stdout.splitlines()
    assert shown[:2] == ["13 messages would change:", "  beijing: 13 failed to cancelled"]
    assert shown[2] == f"  task 1: {contract(1)} group to 北京签约喜报群 by beijing-group (40058 too long)"
    assert len(shown) == 2 + 10 + 1 + 2
    assert shown[12:] == [
        "  … and 3 more",
        "flags: 7 records would be flagged with the next settle",
        "flags: 6 records would not be flagged: none of their messages would be left",
    ]
    told = world.json("cancel", "--status", "failed", "--dry-run")
    assert (told["messages"], len(told["first"])) == (13, 10)
    assert told["flags"] == {"next_settle": 7, "waiting": 0, "written": 0, "never": 6}
    world.invoke("cancel", "--status", "failed", "--why", "x", "--yes")
    world.invoke("settle")
    assert world.flags() == ["Y", "N"] * 6 + ["Y"]


@pytest.mark.parametrize("arguments", [one for one in DECISIONS if one[-1] not in ("4", "--sent")], ids=" ".join)
def test_where_nobody_can_be_asked_what_is_not_named_needs_a_word(stuck: CliWorld, arguments: list[str]) -> None:
    before = whole(stuck)
    refused = stuck.invoke(*arguments, "--why", "x")
    assert (refused.exit_code, "--yes" in refused.stderr, "--dry-run" in refused.stderr) == (2, True, True)
    assert whole(stuck) == before


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize("arguments", DECISIONS, ids=" ".join)
def test_on_a_terminal_it_is_asked(stuck: CliWorld, arguments: list[str]) -> None:
    before = whole(stuck)
    refused = stuck.invoke(*arguments, "--why", "x", input="n\n")
    assert (refused.exit_code, refused.stdout) == (0, "")
    assert "would change:" in refused.stderr
    assert "? [y/N]: n" in refused.stderr
    assert refused.stderr.endswith("nothing was changed\n")
    assert whole(stuck) == before
    agreed = stuck.invoke(*arguments, "--why", "x", input="y\n")
    assert (agreed.exit_code, "changed:\n" in agreed.stdout) == (0, True)
    assert stuck.invoke(*arguments, "--dry-run").exit_code in (0, 1), "nothing is asked"


@pytest.mark.usefixtures("terminal")
def test_where_nothing_would_change_nothing_is_asked(stuck: CliWorld) -> None:
    result = stuck.invoke("cancel", "--status", "queued", "--why", "x")
    assert (result.exit_code, result.output) == (0, "nothing is in that state; nothing was changed\n")


@pytest.mark.usefixtures("terminal")
def test_what_came_while_it_was_asked_is_not_decided(stuck: CliWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    def meanwhile(*_: object, **__: object) -> bool:
        with stuck.outbox() as outbox:
            outbox.db.execute("UPDATE tasks SET status = 'failed' WHERE id = 3")
        return True

    monkeypatch.setattr("click.confirm", meanwhile)
    told = stuck.json("retry", "--failed", "--why", "x")
    assert [task["id"] for task in told["changed"]] == [1, 4]


def test_a_decision_is_listed_and_taken_back(stuck: CliWorld) -> None:
    before = statuses(stuck)
    made = stuck.invoke("cancel", "1", "3", "4", "--why", "not wanted", "--who", "甲")
    assert made.stdout.splitlines()[-1] == "`notifykit undo 1` takes it back"
    (listed,) = stuck.json("decisions")["decisions"]
    assert {**listed, "at": None} == {
        "id": 1,
        "at": None,
        "kind": "cancelled",
        "who": "甲",
        "why": "not wanted",
        "messages": 3,
        "channel": None,
        "undone_at": None,
        "undone_by": None,
        "undone_why": None,
    }
    shown = stuck.invoke("undo", "1", "--dry-run").stdout
    assert shown.startswith("decision 1: 3 messages cancelled by 甲, 2")
    assert "  beijing: 2 cancelled to failed\n  beijing: 1 cancelled to in_doubt\n" in shown
    told = stuck.json("undo", "1", "--why", "they are", "--who", "乙")
    assert [task["id"] for task in told["changed"]] == [1, 3, 4]
    assert (told["kept"], told["pause"], told["decision"]["id"]) == ([], None, 1)
    assert statuses(stuck) == before
    assert "by 乙: they are" in stuck.invoke("decisions").stdout
    assert "undone" in stuck.invoke("trace", contract(1)).stdout
    again = stuck.invoke("undo", "1", "--why", "x")
    assert (again.exit_code, again.stderr.splitlines()[0]) == (
        1,
        "error: decision 1 was undone by 乙; `notifykit decisions` lists them",
    )


def test_what_happened_since_is_not_undone_and_told(stuck: CliWorld) -> None:
    stuck.invoke("cancel", "1", "4", "--why", "not wanted")
    stuck.invoke("settle")
    assert stuck.flags()[0] == "Y", "the award of the first contract was sent, and the group message does not count"
    shown = stuck.invoke("undo", "1", "--why", "x")
    assert shown.exit_code == 1
    assert "tasks 1, 4: the flag of its record was written since" in shown.stderr
    stuck.invoke("retry", "1", "--why", "x")
    assert statuses(stuck)[1] == "queued"


def test_part_of_it_is_put_back_and_the_rest_is_told(stuck: CliWorld) -> None:
    stuck.invoke("retry", "1", "4", "--why", "x")
    stuck.invoke("cancel", "4", "--why", "x")
    told = stuck.json("undo", "1", "--why", "x")
    assert [task["id"] for task in told["changed"]] == [1]
    (kept,) = told["kept"]
    assert (kept["task"], kept["status"], kept["reason_code"]) == (4, "cancelled", "undo_later")
    assert kept["reason_params"] == {"decision": 2}


def test_the_latest_one_needs_a_word_where_nobody_can_be_asked(stuck: CliWorld) -> None:
    stuck.invoke("retry", "1", "--why", "x")
    refused = stuck.invoke("undo", "--why", "x")
    assert (refused.exit_code, "whoever made it" in refused.stderr) == (2, True)
    result = stuck.invoke("undo", "--why", "x", "--yes")
    assert result.stdout.splitlines()[0] == "decision 1 is undone: 1 message put back"
    nothing = stuck.invoke("undo", "--why", "x", "--yes")
    assert (nothing.exit_code, "there is no decision that could be undone" in nothing.stderr) == (1, True)


@pytest.mark.usefixtures("terminal")
def test_an_undoing_is_asked_for_on_a_terminal(stuck: CliWorld) -> None:
    stuck.invoke("retry", "1", "--why", "x", "--yes")
    before = whole(stuck)
    refused = stuck.invoke("undo", "--why", "x", input="n\n")
    assert "Undo decision 1? [y/N]: n" in refused.stderr
    assert whole(stuck) == before
    assert stuck.invoke("undo", "--why", "x", input="y\n").exit_code == 0
    assert statuses(stuck)[1] == "failed"


def test_a_pause_that_was_ended_is_one_again(make_world: MakeWorld) -> None:
    world = make_world((BROKEN,)).lived()
    with world.outbox() as outbox:
        before = outbox.pauses()
    shown = world.invoke("resume", "beijing-group", "--dry-run").stdout
    assert shown == (
        "channel beijing-group is paused until it is resumed: 93000 bad key\n"
        "channel beijing-group: the service asks to wait: 93000 bad key\n1 message waits for it\n"
    )
    assert world.json("resume", "beijing-group", "--dry-run")["pause"]["until"] is None
    world.invoke("resume", "beijing-group", "--why", "mended")
    undone = world.invoke("undo", "--why", "it is not", "--yes")
    assert undone.stdout.splitlines() == [
        "decision 1 is undone: 0 messages put back",
        "channel beijing-group is paused again until it is resumed: 93000 bad key",
    ]
    with world.outbox() as outbox:
        assert outbox.pauses() == before
    assert world.invoke("resume", "award-desk", "--dry-run").stdout == "channel award-desk is not paused\n"


@pytest.mark.usefixtures("terminal")
def test_resuming_is_asked_for_on_a_terminal(make_world: MakeWorld) -> None:
    world = make_world((BROKEN,)).lived()
    refused = world.invoke("resume", "beijing-group", input="n\n")
    assert "Let channel beijing-group go on? [y/N]: n" in refused.stderr
    with world.outbox() as outbox:
        assert len(outbox.pauses()) == 1
    assert world.invoke("resume", "beijing-group", input="y\n").stdout == "channel beijing-group goes on\n"


def test_lists_of_decisions_can_be_long(stuck: CliWorld) -> None:
    assert stuck.invoke("decisions").stdout == "no decisions\n"
    for _ in range(3):
        stuck.invoke("cancel", "1", "--why", "x")
        stuck.invoke("retry", "1", "--why", "x")
    told = stuck.json("decisions", "--limit", "2")
    assert ([one["id"] for one in told["decisions"]], told["more"]) == ([6, 5], True)
    assert stuck.invoke("decisions", "--limit", "2").stdout.endswith("--limit 20 lists more of them, --json all\n")
    assert stuck.json("decisions")["more"] is False


@pytest.mark.parametrize("arguments", [["undo", "1", "--why", "x"], ["undo", "--dry-run"], ["retry", "1", "--dry-run"]])
def test_without_a_store_there_is_nothing_to_look_at(world: CliWorld, arguments: list[str]) -> None:
    result = world.invoke(*arguments)
    assert (result.exit_code, result.stderr[:37]) == (1, "error: nothing has been queued yet: t")
    assert not world.store.exists()
