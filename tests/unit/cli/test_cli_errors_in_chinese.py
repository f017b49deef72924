"""What is wrong is told in Chinese, room by room; JSON is English whoever looks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.metadata import EntryPoint

import pytest
from cli_world import DOUBTFUL, FINE, CliWorld

from notifykit.plugins import find, load_plugins

MakeWorld = Callable[[Sequence[str]], CliWorld]


@pytest.fixture
def world(make_world: MakeWorld) -> CliWorld:
    made = make_world((FINE, DOUBTFUL))
    made.environment["NOTIFYKIT_LANG"] = "zh"
    return made


def told(world: CliWorld, *arguments: str) -> str:
    done = world.invoke(*arguments)
    assert done.exit_code != 0
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("notifykit.yaml", "workers: 2", "workers: many", 'dispatch.workers：必须是整数，而不是 "many"'),
        ("notifykit.yaml", "workers: 2", "workers: 0", "dispatch.workers：必须不小于 1，而不是 0"),
        ("notifykit.yaml", "workers: 2", "wokers: 2", "dispatch.wokers：没有这个键；是不是想写“workers”？"),
        ("notifykit.yaml", "type: file", "type: fiel", "没有插件提供发送器类型“fiel”；是不是想写“file”？"),
        ("notifykit.yaml", "workers: 2", "\tworkers: 2", "YAML 要空格的地方是制表符；请用空格缩进"),
        ("notifykit.yaml", "lease: 5", "lease: soon", '必须是时长，例如 30、"30s"、"10m"、"2h" 或 "7d"，而不是 "soon"'),
        ("notifykit.yaml", "path: out/awards.jsonl", "path: ~/awards", "“~”不会展开：换一个账号就是别的路径"),
        (
            "campaigns/beijing.yaml",
            "sender: award-desk",
            "sender: nobody",
            "没有名为“nobody”的发送器；可选：beijing-group",
        ),
        ("campaigns/beijing.yaml", "{{ record[", "{{ recrd[", "没有名为“recrd”的东西；是不是想写“record”？"),
        ("campaigns/beijing.yaml", "template: '奖励", "  template: '奖励", "不是 YAML"),
    ],
)
def test_what_is_wrong_with_the_files_of_a_project(world: CliWorld, file: str, old: str, new: str, said: str) -> None:
    world.edit(file, old, new)
    found = told(world, "status" if "\t" in new else "check")
    assert said in found
    assert "configuration" not in found  # of `check`, what a finding is about


def test_a_project_that_is_not_there(world: CliWorld) -> None:
    world.project.unlink()
    assert "notifykit.yaml：没有这个文件；请在项目的文件夹里运行" in told(world, "status")


def test_what_a_template_cannot_make_of_a_row(world: CliWorld) -> None:
    world.edit("campaigns/beijing.yaml", '{{ record["备注"] }}', '{{ record["备注"] | number }}')
    assert "过滤器 number 要的是数，而不是 ''（记录 " in told(world, "check")


def test_what_is_wrong_with_the_outbox(world: CliWorld) -> None:
    world.lived()
    world.store.unlink()
    assert "本项目的发件箱不见了：它被移走或删除了" in told(world, "dispatch")
    world.store.write_text("no database")
    assert "请检查 notifykit.yaml 中的 `store:`" in told(world, "dispatch")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["resolve", "99", "--sent", "--why", "x"], "没有任务 99；`notifykit tasks` 列出任务\n什么都没有改"),
        (["retry", "1", "--why", "x"], "的状态是 queued；这用于 failed 或 cancelled"),
        (["undo", "9", "--why", "x"], "没有决定 9；`notifykit decisions` 列出它们"),
        (["resend", "--campaign", "beijing", "1", "--why", "x", "--yes"], "活动“beijing”的键“1”从未有消息入队"),
        (["campaign", "rename", "a", "beijing", "--why", "x"], "存储里没有活动“a”；可选：beijing"),
        (
            ["alerts", "silence", "paussed", "--for", "1h", "--why", "x"],
            "没有名为“paussed”的条件；是不是想写“paused”？",
        ),
        (["new-plugin", "Acme!"], "插件不能叫 'Acme!'；请用最多"),
    ],
)
def test_what_a_command_refuses(world: CliWorld, arguments: list[str], said: str) -> None:
    world.invoke("generate")
    assert said in told(world, *arguments)


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(*, block: object = (), strict: bool = False, local: object = ()) -> object:
        points = [*find.find_entry_points()[0], EntryPoint("broken", "no_such_module_anywhere", "notifykit")]
        return load_plugins(block=block, strict=strict, entry_points=points, local=local)  # type: ignore[arg-type]

    monkeypatch.setattr("notifykit.cli.app.load_plugins", load)


@pytest.mark.usefixtures("broken")
def test_a_broken_plugin(world: CliWorld) -> None:
    said = world.invoke("plugins").stdout
    assert "插件 'broken'（（无发行包））：ModuleNotFoundError：" in said
    assert "请安装提供模块 'no_such_module_anywhere' 的包" in said
    spoken = world.invoke("plugins", "--json").stdout
    del world.environment["NOTIFYKIT_LANG"]
    assert world.invoke("plugins", "--json").stdout == spoken


def test_json_of_what_is_wrong_is_english(world: CliWorld) -> None:
    world.edit("notifykit.yaml", "workers: 2", "workers: many")
    spoken = world.invoke("check", "--json").stdout
    del world.environment["NOTIFYKIT_LANG"]
    assert world.invoke("check", "--json").stdout == spoken


def test_trouble_that_is_known_is_no_other_in_another_language(world: CliWorld) -> None:
    world.edit("campaigns/beijing.yaml", '{{ record["备注"] }}', '{{ record["备注"] | number }}')
    assert world.invoke("run", "--once").exit_code == 3
    del world.environment["NOTIFYKIT_LANG"]
    assert world.invoke("run", "--once").exit_code == 0
