"""What commands find, ask and refuse is Chinese where the locale is; JSON and exit codes stay what they are."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from cli_world import BROKEN, DOUBTFUL, FINE, REFUSED, CliWorld, contract
from click.testing import CliRunner

from notifykit.cli.app import build_cli

MakeWorld = Callable[[Sequence[str]], CliWorld]

ENGLISH = re.compile(r"(?<![\w./-])[a-z]{2,} [a-z]{2,} [a-z]{2,}")
"""Three words beside one another; what is typed and what a service said have fewer."""


@pytest.fixture
def chinese(make_world: MakeWorld) -> CliWorld:
    world = make_world((FINE, DOUBTFUL, REFUSED, BROKEN))
    world.environment["NOTIFYKIT_LANG"] = "zh"
    return world


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ("resolve 1 --why x", 2, "请说明如何处理：--sent、--resend 或 --cancel"),
        ("resolve 1 --campaign beijing --sent --why x", 2, "编号和筛选条件只能给一样"),
        (
            "cancel --campaign beijing --why x",
            2,
            "这涉及符合筛选条件的全部消息；请用 --yes 确认，或先用 --dry-run 看看",
        ),
        ("retry 1", 2, "缺少选项 '--why'。"),
        ("alerts silence in_doubt --for 0 --why x", 2, "'0' 不算时长"),
        ("run --interval soon", 2, '\'soon\'：须是时长，例如 30、"30s"、"10m"、"2h" 或 "7d"'),
        ("report --log x.log", 2, "--log 要与 --since-migration 同用"),
        ("tasks --campaign bejing", 1, "没有叫“bejing”的活动"),
        ("trace 7", 1, "键“7”从未有消息入队"),
        ("send --channel award-desk --to x", 2, "会发出一条真实的消息；请用 --yes 确认"),
        ("send --channel award --to x --yes", 1, "没有叫“award”的通道"),
        ("docs nix", 1, "没有叫“nix”的页面"),
    ],
)
def test_what_is_refused_is_told_in_chinese_with_the_same_exit_code(
    chinese: CliWorld, arguments: str, code: int, said: str
) -> None:
    chinese.invoke("generate")
    done = chinese.invoke(*arguments.split())
    assert (done.exit_code, said in done.stderr) == (code, True), done.stderr


def test_before_anything_is_queued_it_is_said_so(chinese: CliWorld) -> None:
    assert "还没有任何消息入队：没有" in chinese.invoke("status").stderr
    assert chinese.invoke("health").stdout == "正常：还没有任何消息入队\n"


def test_results_are_chinese_from_the_first_message_to_the_last_decision(chinese: CliWorld) -> None:
    chinese.invoke("generate")
    told = [chinese.invoke("dispatch", "--once").output, chinese.invoke("settle").output]
    told += [chinese.invoke(*one.split()).output for one in ("status", "health", "dispatch --dry-run", "tasks")]
    told += [chinese.invoke("trace", contract(number)).output for number in (1, 2, 3, 4)]
    told += [
        chinese.invoke(*one.split()).output
        for one in (
            "resolve 3 --sent --why x --dry-run",
            "resolve 3 --sent --why x",
            "retry --failed --why x --yes",
            "resume beijing-group --dry-run",
            "undo --why x --yes --dry-run",
            "undo --why x --yes",
            "decisions",
        )
    ]
    said = "\n".join(told)
    for words in (
        "等你处理：存疑 1；",
        "等你处理：通道 beijing-group 已暂停（",
        "第 1 次尝试：不明，用时",
        "将改变 1 条消息：",
        "改变了 1 条消息：",
        "可以收回",
        "已收回：1 条消息恢复原状",
    ):
        assert words in said
    assert ENGLISH.findall(re.sub(r"`[^`]+`", "", said)) == []


def test_a_test_message_and_what_became_of_it_is_chinese(chinese: CliWorld) -> None:
    said = chinese.invoke("send", "--channel", "award-desk", "--to", "x", "--yes").stdout
    assert re.fullmatch(r"award-desk 已接收，用时 .+；记为任务 1（notifykit trace .+）\n", said)
    assert "这是 notifykit 经通道 award-desk 发的测试消息" in (chinese.folder / "out/awards.jsonl").read_text("utf-8")


@pytest.mark.parametrize("command", ["status", "health", "tasks", "decisions", "alerts", "check", "dispatch --dry-run"])
def test_json_is_the_same_in_every_language(chinese: CliWorld, command: str) -> None:
    chinese.lived()
    theirs = chinese.invoke(*command.split(), "--json")
    chinese.environment["NOTIFYKIT_LANG"] = "en"
    ours = chinese.invoke(*command.split(), "--json")
    moments = re.compile(r"\d\d:\d\d:\d\d(\.\d+)?|: \d+\.\d+")
    assert moments.sub("", theirs.stdout) == moments.sub("", ours.stdout)
    assert theirs.exit_code == ours.exit_code


def test_what_a_sender_of_ours_said_is_told_in_chinese(chinese: CliWorld) -> None:
    (chinese.folder / "quiet_desk.py").write_text("def send(recipient, text):\n    pass\n", encoding="utf-8")
    chinese.edit(
        "notifykit.yaml",
        "{type: file, path: out/awards.jsonl}",
        '{type: legacy_function, call: "quiet_desk:send", search_path: .}',
    )
    chinese.lived()
    assert "函数正常返回，它能说明的也只有这些" in chinese.invoke("trace", contract(1)).stdout
    assert "which is all that it ever says" in chinese.invoke("trace", contract(1), "--json").stdout


def test_a_new_project_is_asked_about_told_of_and_written_in_chinese(tmp_path: Path) -> None:
    (tmp_path / "members.csv").write_text("id,email,notified\n1,a@x.example,0\n2,b@x.example,1\n", encoding="utf-8")

    def told(*arguments: str, code: int = 0) -> str:
        runner = CliRunner(env={"NOTIFYKIT_LANG": "zh"})
        at = ["--project", str(tmp_path / "notifykit.yaml"), "init", str(tmp_path / "members.csv")]
        done = runner.invoke(build_cli(), [*at, *arguments])
        assert done.exit_code == code, done.output
        return done.output

    assert "没有列“phone”" in told("--yes", "--recipient", "phone", code=1)
    said = told("--yes")
    for words in ("key：id（从名字看是，而且", "recipient：email（里面是邮件地址）", "接下来可以键入："):
        assert words in said
    assert "# 记录从哪里来：每行是一条。" in (tmp_path / "campaigns" / "members.yaml").read_text(encoding="utf-8")
    assert "已经存在，不会覆盖" in told("--yes", code=4)
