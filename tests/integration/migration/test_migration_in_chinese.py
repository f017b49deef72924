"""A migration in a Chinese locale: what is shown is Chinese, what is kept and JSON are as in any other."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from legacy_world import AWARD, GROUP, SENT, LegacyWorld

HAN = re.compile(r"[\u4e00-\u9fff]")
IDLE = ("--stopped", "idle")


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LegacyWorld:
    monkeypatch.setenv("NOTIFYKIT_LANG", "zh")
    world = LegacyWorld(tmp_path / "project")
    with world.together():
        world.contract("N", SENT, [(GROUP, "completed")])
        world.contract("Y", SENT, [(GROUP, "completed"), (AWARD, "pending")], award=True)
        world.contract("N")
        world.contract("X", None, [])
    return world


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ("migrate --plan no.json --yes", 4, "无法读取（No such file or directory）"),
        ("migrate --plan {project} --yes", 4, "不是计划"),
        ("migrate --yes --out plan.json", 2, "只与 --dry-run 同用"),
        ("migrate --dry-run --show 7", 1, "计划里没有合同“7”"),
        ("migrate", 2, "这里不是终端，无法询问；请加 --yes"),
        ("verify", 4, "还没有迁移过"),
        ("verify --sign A", 2, "--sign 和 --log 与 --acceptance 同用"),
        ("retire --yes", 4, "项目的状态：未迁移"),
        ("rollback --yes", 0, "没有要做的：什么都没有迁移"),
        ("history", 0, "还没有迁移过；`notifykit migrate --dry-run` 显示会怎样"),
    ],
)
def test_what_does_not_go_is_told_in_chinese(world: LegacyWorld, arguments: str, code: int, said: str) -> None:
    done = world.run(*arguments.format(project=world.project).split())
    assert (done.exit_code, said in done.output) == (code, True), done.output


def test_a_whole_migration_is_told_in_chinese(world: LegacyWorld) -> None:
    for arguments in (
        ("migrate", *IDLE, "--dry-run"),
        ("migrate", *IDLE, "--yes"),
        ("verify",),
        ("history",),
        ("rollback", "--dry-run"),
        ("rollback", "--yes"),
    ):
        done = world.run(*arguments)
        assert done.exit_code in (0, 3), done.output
        for line in done.output.splitlines():
            if re.fullmatch(r"[\s\w.,/-]*", line, re.ASCII):
                continue  # the rest of a cell, such as a name
            assert HAN.search(line), line
            plain = re.sub(r"`[^`]+`|表结构：.*|\S*/\S*", "", line)
            assert re.findall(r"[a-z]+ [a-z]+ [a-z]+", plain) == [], line


def test_what_is_kept_is_the_same_in_every_language(world: LegacyWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    template = world.folder / "campaigns" / "beijing.yaml"
    text = template.read_text(encoding="utf-8")
    template.write_text(re.sub(r"recipient: .*", "recipient: '{{ 1 // 0 }}'", text, count=1), encoding="utf-8")
    plans = []
    for language in ("zh", "en"):
        monkeypatch.setenv("NOTIFYKIT_LANG", language)
        done = world.run("migrate", *IDLE, "--dry-run", "--fit-anyway", "--out", str(world.folder / f"{language}.json"))
        assert done.exit_code == 0, done.output
        plans.append(json.loads((world.folder / f"{language}.json").read_text(encoding="utf-8"))["hash"])
    assert plans[0] == plans[1]
    monkeypatch.setenv("NOTIFYKIT_LANG", "zh")
    assert world.run("migrate", "--plan", str(world.folder / "en.json"), "--yes").exit_code == 3
    assert HAN.search(world.run("verify", "--acceptance").output)
    kept = [json.loads(line) for line in (world.migration / "journal.jsonl").read_text("utf-8").splitlines()]
    assert {entry["kind"] for entry in kept} >= {"migrate_begun", "verified", "migrate_done"}
    names = [name for entry in kept for name in entry.get("failed") or ()]
    assert not HAN.search(" ".join(map(str, names)))
    english = world.run("verify", "--json").output
    assert "every contract once" in english


def test_the_page_has_both_languages_whatever_is_spoken(world: LegacyWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = []
    for language in ("zh", "en"):
        monkeypatch.setenv("NOTIFYKIT_LANG", language)
        done = world.run("migrate", *IDLE, "--dry-run", "--report", str(world.folder / f"{language}.html"))
        assert done.exit_code == 0, done.output
        page = (world.folder / f"{language}.html").read_text(encoding="utf-8")
        pages.append(re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "", page))
    assert pages[0] == pages[1]


def test_a_signature_is_kept_in_english(world: LegacyWorld) -> None:
    assert world.run("migrate", *IDLE, "--yes").exit_code == 3
    for id_ in [task["id"] for task in json.loads(world.run("tasks", "--json").output)["tasks"]]:
        world.run("resolve", str(id_), "--cancel", "--why", "x", "--yes")
    done = world.run("verify", "--acceptance", "--sign", "测试员")
    assert done.exit_code == 0, done.output
    assert "测试员 已验收" in done.output
    (accepted,) = [
        entry for entry in json.loads(world.run("history", "--json").output)["entries"] if entry["kind"] == "accepted"
    ]
    assert not HAN.search(" ".join(accepted["fields"]["points"]))
