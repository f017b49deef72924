"""What plugins and the pipeline say is Chinese where the locale is; what is kept, and JSON, is not."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from cli_world import BROKEN, DOUBTFUL, FINE, CliWorld, contract

MakeWorld = Callable[[Sequence[str]], CliWorld]


@pytest.fixture
def chinese(world: CliWorld) -> CliWorld:
    world.environment |= {"NOTIFYKIT_LANG": "zh", "URL": "http://127.0.0.1:1/x", "KEY": "k"}
    return world


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("path: data/bj.csv", "path: data/no.csv", "data/no.csv：没有这个文件；请放回，或改正路径"),
        ("key: 合同ID(_id)", "key: 合同号", "没有列“合同号”"),
        ("{type: contract}", "{type: contract, sent: N}", "`unsent` 和 `sent` 都是 'N'；两者必须不同"),
        ("{type: contract}", "{type: contract, sent: 'Y,'}", "`sent` 是 'Y,'；标记应是不含逗号、引号和换行的纯文本"),
        ("key: 合同ID(_id)", "key: 合同ID(_id), encoding: utf-9", "没有叫“utf-9”的编码"),
    ],
)
def test_a_wrong_campaign_is_told_in_chinese(chinese: CliWorld, old: str, new: str, said: str) -> None:
    chinese.edit("campaigns/beijing.yaml", old, new)
    assert said in chinese.invoke("generate").stderr


@pytest.mark.parametrize(
    ("sender", "said"),
    [
        ("{type: python, call: desk}", "必须是“module:function”，而不是 'desk'"),
        ("{type: python, call: 'no_such:send'}", "no_such 无法导入"),
        ("{type: webhook, url: {env: URL}, headers: {Authorization: x}}", "Authorization 是凭据"),
        ("{type: webhook, url: {env: URL}, fields: {a: '{txt}'}}", "正文.a 有不认识的占位符"),
        ("{type: wecom_robot, key: {env: KEY}, msgtype: markdown, mentioned_list: ['@all']}", "markdown 不接受"),
        ("{type: file, path: campaigns}", "world/campaigns 是"),
    ],
)
def test_a_wrong_sender_is_told_in_chinese(chinese: CliWorld, sender: str, said: str) -> None:
    chinese.edit("notifykit.yaml", "{type: file, path: out/awards.jsonl}", sender)
    done = chinese.invoke("check")
    assert said in done.output, done.output


def test_rows_that_are_held_are_told_in_chinese_and_json_stays(chinese: CliWorld) -> None:
    with chinese.csv.open("a", encoding="utf-8", newline="") as file:
        file.write("1,2\r\n,x,0,N,\r\n1.01E+10,x,0,N,\r\n")
    english = chinese.invoke("generate", "--dry-run", "--json").stdout
    assert "2 cells where the header has 5" in english
    told = chinese.invoke("generate").output
    for said in (
        "有 2 个单元格，而表头有 5 个",
        "请补全该行",
        "键为空",
        "请填上，或删除该行",
        "把键变成了数 1.01E+10",
    ):
        assert said in told


def test_what_a_sender_said_is_kept_in_english_and_told_in_chinese(make_world: MakeWorld) -> None:
    world = make_world((FINE, DOUBTFUL, BROKEN))
    world.environment["NOTIFYKIT_LANG"] = "zh"
    desk = next(world.folder.glob("desk_*.py"))
    desk.write_text("def send(recipient, text):\n    return None if '存疑' in text else 1\n", encoding="utf-8")
    for command in ("generate", "dispatch --once"):
        world.invoke(*command.split())
    kept = {task["key"]: task["reason"] for task in world.json("tasks", "--status", "in_doubt")["tasks"]}
    assert kept[contract(1)] == "returned_int the function returned int: only True is a yes"
    assert kept[contract(2)] == "returned_none the function returned nothing, which proves nothing"
    told = world.invoke("tasks", "--status", "in_doubt").stdout
    assert "returned_int 函数返回了 int：只有 True 才算成功" in told
    assert "returned_none 函数没有返回值，什么也不能证明" in told


def test_why_a_flag_is_not_written_is_kept_in_english_and_told_in_chinese(chinese: CliWorld) -> None:
    for command in ("generate", "dispatch --once"):
        chinese.invoke(*command.split())
    chinese.csv.write_bytes(b"")
    chinese.invoke("settle")
    (reason, *_) = {task["reason"] for task in chinese.json("tasks", "--status", "sent")["tasks"]}
    assert reason.endswith("bj.csv: it is empty; put the rows back that it had")


def test_which_campaign_is_not_there_is_told_in_chinese(chinese: CliWorld) -> None:
    done = chinese.invoke("generate", "--campaign", "beijng")
    assert (done.exit_code, "没有叫“beijng”的活动" in done.stderr) == (1, True), done.stderr
