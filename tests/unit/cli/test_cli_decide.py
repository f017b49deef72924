"""`notifykit retry`, `resolve`, `resend` and `resume`."""

from __future__ import annotations

import getpass
import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing

import pytest
from cli_world import BROKEN, DOUBTFUL, FINE, REFUSED, CliWorld, contract

from notifykit.model import Status
from notifykit.outbox.values import Event, Filter

MakeWorld = Callable[[Sequence[str]], CliWorld]


def statuses(world: CliWorld) -> dict[int, str]:
    with world.outbox() as outbox:
        return {task.id: task.status.value for task in outbox.tasks(Filter()) if task.name == "group"}


def last_event(world: CliWorld, id_: int) -> Event:
    with world.outbox() as outbox:
        return outbox.events(id_)[-1]


@pytest.fixture
def stuck(make_world: MakeWorld) -> CliWorld:
    """Group messages 1 failed, 3 in doubt, 4 failed, 6 sent and written back."""
    return make_world((REFUSED, DOUBTFUL, REFUSED, FINE)).lived()


def test_the_world_is_as_the_tests_below_think(stuck: CliWorld) -> None:
    assert statuses(stuck) == {1: "failed", 3: "in_doubt", 4: "failed", 6: "completed"}


def test_retry_by_id(stuck: CliWorld) -> None:
    result = stuck.invoke("retry", "4", "--why", "the robot is back", "--who", "测试员")
    assert result.exit_code == 0
    assert result.stdout.startswith("1 message changed:\n")
    assert statuses(stuck)[4] == "queued"
    event = last_event(stuck, 4)
    assert (event.kind, event.who, event.detail) == ("retried", "测试员", "failed to queued: the robot is back")


@pytest.mark.parametrize("filters", [["--failed"], ["--campaign", "beijing"], ["--campaign", "beijing", "--failed"]])
def test_retry_all_that_failed(stuck: CliWorld, filters: list[str]) -> None:
    told = stuck.json("retry", *filters, "--why", "x", "--yes")
    assert [(task["id"], task["status"]) for task in told["changed"]] == [(1, "queued"), (4, "queued")]
    assert (
        stuck.invoke("retry", *filters, "--why", "x", "--yes").stdout
        == "nothing is in that state; nothing was changed\n"
    )


@pytest.mark.parametrize("code", ["not_proven", "ReadTimeout"])
def test_only_those_whose_reason_or_its_cause_has_a_code(stuck: CliWorld, code: str) -> None:
    (task,) = stuck.json("tasks", "--status", "in_doubt")["tasks"]
    assert (task["reason_code"], task["reason_params"]["cause"]["code"]) == ("not_proven", "ReadTimeout")
    assert stuck.json("resolve", "--reason", "rejected", "--sent", "--why", "x", "--yes")["changed"] == []
    told = stuck.json("resolve", "--reason", code, "--cancel", "--why", "not wanted", "--yes")
    assert [(task["id"], task["reason_code"], task["reason_params"]) for task in told["changed"]] == [
        (3, "decided", {"why": "not wanted"})
    ]


@pytest.mark.parametrize("how", [["5"], ["--status", "foreign"]])
def test_what_stays_foreign_whatever_is_decided_can_only_be_dropped(stuck: CliWorld, how: list[str]) -> None:
    with closing(sqlite3.connect(stuck.store)) as connection, connection:
        connection.execute("UPDATE tasks SET record_key = x'ff' WHERE id = 5")
    for decision in ("--sent", "--resend"):
        refused = stuck.invoke("resolve", *how, decision, "--why", "x", "--yes")
        assert refused.exit_code == 1
        told, nothing = refused.stderr.splitlines()
        assert told.startswith(
            "error: task 5 (beijing \\xff award) would be foreign as before: another program wrote what "
        )
        assert told.endswith(" row in the table `tasks`, or drop it with `notifykit resolve 5 --cancel`")
        assert nothing == "nothing was changed"
        assert [task["id"] for task in stuck.json("tasks", "--status", "foreign")["tasks"]] == [5]
    (changed,) = stuck.json("resolve", *how, "--cancel", "--why", "x", "--yes")["changed"]
    assert (changed["id"], changed["status"]) == (5, "cancelled")
    assert stuck.json("tasks", "--status", "foreign")["tasks"] == []
    assert stuck.json("run", "--once", code=3)["waiting_for_you"]["foreign"] == 0


def test_retry_of_one_kind_of_failure(stuck: CliWorld) -> None:
    told = stuck.json("retry", "--failed", "--reason", "rejected", "--why", "x", "--yes")
    assert [task["id"] for task in told["changed"]] == [1, 4]


def test_a_code_that_nobody_knows_is_an_error_with_those_that_are_there(stuck: CliWorld) -> None:
    result = stuck.invoke("resolve", "--reason", "not_provn", "--sent", "--why", "x", "--yes")
    assert result.exit_code == 1
    assert 'no reason has the code "not_provn"; did you mean "not_proven"?; those here are ' in result.stderr
    assert "ReadTimeout" in result.stderr
    assert statuses(stuck)[3] == "in_doubt"


def test_what_a_version_before_codes_stored_is_known_by_its_text(stuck: CliWorld) -> None:
    with stuck.outbox() as outbox:
        outbox.db.execute("UPDATE tasks SET reason_code = NULL, reason_params = NULL")
        outbox.db.execute("UPDATE tasks SET reason = 'out of attempts (5): ReadTimeout' WHERE id = 1")
    told = stuck.json("retry", "--reason", "out_of_attempts", "--why", "x", "--yes")
    assert [task["id"] for task in told["changed"]] == [1]
    assert [task["reason_code"] for task in stuck.json("tasks", "--status", "failed")["tasks"]] == [None]


def test_only_those_whose_reason_has_a_text(stuck: CliWorld) -> None:
    reasons = {task["id"]: task["reason"] for task in stuck.json("tasks", "--status", "in_doubt")["tasks"]}
    assert reasons
    assert stuck.json("resolve", "--where", "historic", "--sent", "--why", "x", "--yes")["changed"] == []
    word = next(iter(reasons.values())).split()[0]
    told = stuck.json("resolve", "--where", word, "--cancel", "--why", "x", "--yes")
    assert {task["id"] for task in told["changed"]} == {id_ for id_, reason in reasons.items() if word in reason}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_reason_is_found_by_its_text_in_english_and_in_chinese(stuck: CliWorld, language: str) -> None:
    stuck.environment["NOTIFYKIT_LANG"] = language
    with stuck.outbox() as outbox:
        outbox.db.execute("UPDATE tasks SET reason = 'out of attempts (5): x', reason_code = NULL WHERE id = 1")
    for text, found in (("out of attempts", 1), ("尝试次数已用完（5", 1), ("次数已用尽", 0)):
        told = stuck.json("retry", "--where", text, "--why", "x", "--dry-run")
        assert told["messages"] == found, text


def test_retry_of_one_record(stuck: CliWorld) -> None:
    assert [task["id"] for task in stuck.json("retry", "--key", contract(1), "--why", "x", "--yes")["changed"]] == [1]


@pytest.mark.parametrize(
    ("option", "id_", "status"),
    [
        ("--sent", 3, "sent"),
        ("--resend", 3, "queued"),
        ("--cancel", 3, "cancelled"),
        ("--sent", 1, "sent"),
        ("--cancel", 4, "cancelled"),
    ],
)
def test_resolve_by_id(stuck: CliWorld, option: str, id_: int, status: str) -> None:
    assert stuck.invoke("resolve", str(id_), option, "--why", "asked").exit_code == 0
    assert statuses(stuck)[id_] == status
    assert last_event(stuck, id_).who == getpass.getuser()


def test_what_was_resolved_as_sent_is_written_back(stuck: CliWorld) -> None:
    stuck.invoke("resolve", "3", "--sent", "--why", "it is in the group")
    stuck.invoke("settle")
    assert stuck.flags() == ["N", "Y", "N", "Y"]


def test_filters_mean_what_is_in_doubt_unless_told_otherwise(stuck: CliWorld) -> None:
    told = stuck.json("resolve", "--campaign", "beijing", "--cancel", "--why", "x", "--yes")
    assert [task["id"] for task in told["changed"]] == [3]
    told = stuck.json("resolve", "--campaign", "beijing", "--status", "failed", "--cancel", "--why", "x", "--yes")
    assert [task["id"] for task in told["changed"]] == [1, 4]


@pytest.mark.parametrize(
    "arguments",
    [
        ["retry", "--why", "x"],
        ["retry", "1", "--failed", "--why", "x"],
        ["retry", "1"],
        ["retry", "1", "--why", "  "],
        ["retry", "0", "--why", "x"],
        ["retry", "one", "--why", "x"],
        ["resolve", "3", "--why", "x"],
        ["resolve", "3", "--sent", "--cancel", "--why", "x"],
        ["resolve", "--sent", "--why", "x"],
        ["resolve", "3", "--campaign", "beijing", "--sent", "--why", "x"],
        ["resolve", "--status", "sent", "--cancel", "--why", "x"],
        ["resend", contract(4), "--why", "x", "--yes"],
        ["resend", contract(4), "--campaign", "beijing", "--why", "x"],
        ["resume"],
    ],
)
def test_what_is_not_said_clearly_is_wrong_usage(stuck: CliWorld, arguments: list[str]) -> None:
    before = statuses(stuck)
    assert stuck.invoke(*arguments).exit_code == 2
    assert statuses(stuck) == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["retry", "99"], "there is no task 99"),
        (["retry", "1", "3"], "task 3 (beijing 1010000000000000002 group) is in_doubt; `notifykit resolve` decides"),
        (["resolve", "6", "--resend"], "is completed; `notifykit resend` sends again"),
        (["resolve", "1", "--resend"], "is failed; `notifykit retry` tries"),
        (["resolve", "6", "--cancel"], "is completed; this is for queued or failed or in_doubt"),
        (["resolve", "--campaign", "beijing", "--status", "queued", "--sent", "--yes"], "it is for in_doubt or failed"),
        (["retry", "--campaign", "bejing", "--yes"], 'no campaign is called "bejing"; did you mean "beijing"?'),
        (
            ["retry", "--key", "nobody", "--yes"],
            'nothing was ever queued for the key "nobody"; `notifykit tasks` lists',
        ),
        (["resend", contract(4), "--campaign", "bejing", "--yes"], 'did you mean "beijing"?'),
        (["resend", "none", "--campaign", "beijing", "--yes"], 'nothing was ever queued for the key "none"'),
        (["resend", contract(1), "--campaign", "beijing", "--message", "group", "--yes"], "task 1 (group) is failed"),
        (["resend", contract(4), "--campaign", "beijing", "--message", "grup", "--yes"], 'did you mean "group"?'),
    ],
)
def test_a_wrong_wish_is_an_error_that_changes_nothing(stuck: CliWorld, arguments: list[str], said: str) -> None:
    with stuck.outbox() as outbox:
        before = list(outbox.tasks(Filter()))
    result = stuck.invoke(*arguments, "--why", "x")
    assert result.exit_code == 1
    assert said in result.stderr
    with stuck.outbox() as outbox:
        assert list(outbox.tasks(Filter())) == before


def test_resend_opens_a_new_round(stuck: CliWorld) -> None:
    told = stuck.json("resend", contract(4), "--campaign", "beijing", "--why", "deleted", "--yes", "--who", "测试员")
    assert [(task["message"], task["round"], task["status"]) for task in told["changed"]] == [("group", 2, "queued")]
    assert stuck.invoke("dispatch", "--once").stdout.splitlines()[0] == "1 sent"
    id_ = told["changed"][0]["id"]
    assert (last_event(stuck, id_).kind, last_event(stuck, id_).detail) == ("resent", "deleted")


class Terminal:
    """Makes the runner's stdin look like a terminal."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("notifykit.cli.deciding.sys", self)

    @property
    def stdin(self) -> Terminal:
        return self

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("answer", "code", "opened"), [("y\n", 0, 1), ("n\n", 0, 0), ("", 130, 0)])
def test_resend_asks_on_a_terminal(
    stuck: CliWorld, monkeypatch: pytest.MonkeyPatch, answer: str, code: int, opened: int
) -> None:
    Terminal(monkeypatch)
    result = stuck.invoke("resend", contract(4), "--campaign", "beijing", "--why", "x", input=answer)
    assert result.exit_code == code
    assert "group to 北京签约喜报群 by beijing-group, sent before as task 6" in result.stderr
    assert "Send 1 message again?" in result.stderr
    with stuck.outbox() as outbox:
        assert len(list(outbox.tasks(Filter(statuses=(Status.QUEUED,))))) == opened


def test_a_question_in_chinese_is_answered_with_y(stuck: CliWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    Terminal(monkeypatch)
    stuck.environment["NOTIFYKIT_LANG"] = "zh"
    asked = stuck.invoke("retry", "1", "--why", "x", input="是\ny\n")
    assert (asked.exit_code, statuses(stuck)[1]) == (0, "queued")
    assert "[y/N]: " in asked.output
    assert "错误：输入无效" in asked.output


def test_resume_ends_a_pause(make_world: MakeWorld) -> None:
    world = make_world((BROKEN,)).lived()
    result = world.invoke("resume", "beijing-group")
    assert (result.exit_code, result.stdout) == (0, "channel beijing-group goes on\n")
    with world.outbox() as outbox:
        assert outbox.pauses() == []
    assert world.invoke("resume", "beijing-group").stdout == "channel beijing-group is not paused\n"
    assert world.json("resume", "beijing-group") == {"channel": "beijing-group", "resumed": False}
    result = world.invoke("resume", "beijing-grup")
    assert (result.exit_code, 'did you mean "beijing-group"?' in result.stderr) == (1, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ["retry", "1", "--why", "x"],
        ["resolve", "1", "--sent", "--why", "x"],
        ["resend", "x", "--campaign", "beijing", "--why", "x", "--yes"],
        ["resume", "beijing-group"],
    ],
)
def test_without_a_store_there_is_nothing_to_decide(world: CliWorld, arguments: list[str]) -> None:
    result = world.invoke(*arguments)
    assert result.exit_code == 1
    assert result.stderr.startswith("error: nothing has been queued yet: ")
    assert not world.store.exists()


@pytest.mark.parametrize("known", ["not at all", "by bytes that are no text"])
def test_where_the_computer_does_not_know_the_user(
    stuck: CliWorld, monkeypatch: pytest.MonkeyPatch, known: str
) -> None:
    def nobody() -> str:
        if known == "not at all":
            raise KeyError("getpwuid(): uid not found: 12345")
        return os.fsdecode(b"\xff")

    monkeypatch.setattr(getpass, "getuser", nobody)
    result = stuck.invoke("retry", "1", "--why", "x")
    assert (result.exit_code, "--who NAME" in result.stderr) == (2, True)
    assert stuck.invoke("retry", "1", "--why", "x", "--who", "测试员").exit_code == 0
