"""`notifykit inventory` as it is called."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from legacy_code import write_legacy_code
from notifykit_inventory.command import inventory
from notifykit_inventory.patch import plan_patch

from notifykit.cli.app import build_cli
from notifykit.errors import ExitCode, NotifykitError
from notifykit.plugins import load_plugins
from notifykit.session import Session

CAMPAIGN = """
source: {{type: contract_csv, path: data/bj.csv, key: 合同ID(_id)}}
strategy: {{type: contract}}
messages: [{{name: group, recipient: 群, sender: out, template: x}}]
legacy: {{kind: {kind}, status_file: state/sent.json}}
"""


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--project", type=Path, default=Path("nowhere.yaml"))
@click.pass_context
def cli(context: click.Context, project: Path) -> None:
    context.obj = Session(plugins=load_plugins(), file=project)


@cli.result_callback()
def answer(code: ExitCode, **_: Any) -> None:
    raise SystemExit(int(code))


cli.add_command(inventory)


def invoke(*arguments: str, width: int = 200) -> Result:
    result = CliRunner(env={"COLUMNS": str(width)}).invoke(cli, arguments)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_the_table_names_every_use_and_hazard(tmp_path: Path) -> None:
    result = invoke("inventory", str(write_legacy_code(tmp_path, {"old.py": "print 'send_status'\n"})))
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    (line,) = (line for line in lines if line.startswith("modules/notification_module.py:25 "))
    assert line.split("  ")[0] == "modules/notification_module.py:25"
    assert "update_send_status" in line
    assert "contract" in line
    assert any(line.startswith("task_manager.py:13") and "SELECT * FROM tasks" in line for line in lines)
    assert any(line.startswith("old.py") and "Python 2?" in line and "may use send status" in line for line in lines)
    assert "send status is used in 17 places: 6 contract, 4 technician, 7 shared, 0 undecided" in lines
    assert result.stderr == "looked through 7 files, 121 lines\n"


def test_why_a_use_is_undecided_is_said(tmp_path: Path) -> None:
    (tmp_path / "x.py").write_text("load_send_status(f)\n")
    assert "the file is known only at run time" in invoke("inventory", str(tmp_path)).stdout


def test_json_for_programs(tmp_path: Path) -> None:
    result = invoke("inventory", str(write_legacy_code(tmp_path)), "--json")
    found = json.loads(result.stdout)
    assert found["counts"] == {"contract": 6, "technician": 4, "shared": 7, "undecided": 0}
    assert found["clean"] is False
    assert found["files"] == 6
    assert found["unread"] == []
    assert found["hazards"][0]["danger"] == "SELECT * FROM tasks"
    assert found["uses"][0] == {
        "file": "jobs.py",
        "line": 6,
        "column": 5,
        "function": "signing_and_sales_incentive_aug_beijing",
        "what": "passes the file",
        "name": "notify_awards_jun_beijing",
        "access": "read, write",
        "owner": "contract",
        "why": "names state/send_status_bj_aug.json",
        "fate": "goes: the outbox knows what was sent",
    }


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("x = 1\n", ExitCode.DONE),
        ("load_send_status('technician_status_record.json')\n", ExitCode.DONE),
        ("row['是否发送通知'] = 'Y'\n", ExitCode.DONE),
        ("load_send_status('send_status_bj.json')\n", ExitCode.ERROR),
        ("load_send_status(f)\n", ExitCode.ERROR),
        ("print 'STATUS_FILENAME_BJ'\n", ExitCode.ERROR),
        ("print 'hello'\n", ExitCode.DONE),
    ],
)
def test_check_fails_while_contract_uses_may_remain(tmp_path: Path, code: str, expected: ExitCode) -> None:
    (tmp_path / "x.py").write_text(code, encoding="utf-8")
    assert invoke("inventory", str(tmp_path), "--check").exit_code == expected
    assert invoke("inventory", str(tmp_path)).exit_code == ExitCode.DONE


def test_check_passes_once_the_contracts_are_out(tmp_path: Path) -> None:
    program = write_legacy_code(tmp_path)
    assert invoke("inventory", str(program), "--check").exit_code == ExitCode.ERROR
    assert plan_patch(program).text.count("\n+++ ") == 3


def test_a_path_that_leads_nowhere(tmp_path: Path) -> None:
    with pytest.raises(NotifykitError, match="name a folder or a file of the old program"):
        invoke("inventory", str(tmp_path / "nowhere"))


def test_an_empty_folder(tmp_path: Path) -> None:
    result = invoke("inventory", str(tmp_path), "--check")
    assert result.exit_code == ExitCode.DONE
    assert "nothing here uses send status" in result.stdout


def project(folder: Path, campaign: str) -> str:
    (folder / "campaigns").mkdir()
    (folder / "campaigns" / "bj.yaml").write_text(campaign, encoding="utf-8")
    text = "store: x.db\ncampaigns: campaigns/*.yaml\nsenders: {out: {type: file, path: out.jsonl}}\n"
    (folder / "notifykit.yaml").write_text(text, encoding="utf-8")
    (folder / "x.py").write_text("load_send_status('./state/sent.json')\n", encoding="utf-8")
    return str(folder / "notifykit.yaml")


@pytest.mark.parametrize(("kind", "owner"), [("contract", "contract"), ("technician", "technician")])
def test_the_projects_campaigns_decide_first(tmp_path: Path, kind: str, owner: str) -> None:
    file = project(tmp_path, CAMPAIGN.format(kind=kind))
    result = invoke("--project", file, "inventory", str(tmp_path), "--json")
    assert [use["owner"] for use in json.loads(result.stdout)["uses"]] == [owner]


def test_a_broken_project_is_no_obstacle(tmp_path: Path) -> None:
    file = project(tmp_path, "source: 3\n")
    result = invoke("--project", file, "inventory", str(tmp_path), "--json")
    assert "is not used to tell contracts from technicians" in result.stderr
    assert "\\n" not in result.stderr, "each defect has a line"
    assert [use["owner"] for use in json.loads(result.stdout)["uses"]] == ["undecided"]


def test_two_campaigns_that_disagree_about_a_file(tmp_path: Path) -> None:
    file = project(tmp_path, CAMPAIGN.format(kind="contract"))
    (tmp_path / "campaigns" / "ts.yaml").write_text(CAMPAIGN.format(kind="technician"), encoding="utf-8")
    result = invoke("--project", file, "inventory", str(tmp_path))
    assert "state/sent.json is to be retired for one campaign and kept for another" in result.stderr


def test_help_says_the_exit_code_and_shows_an_example() -> None:
    text = invoke("inventory", "--help", width=100).stdout
    assert "Exit with 1 while contract uses remain" in text
    assert text.rstrip().endswith("notifykit inventory . --check --json")


def test_everything_is_told_in_chinese_where_the_locale_is(tmp_path: Path) -> None:
    code = write_legacy_code(tmp_path / "program", {"old.py": "print 'send_status'\n"})
    runner = CliRunner(env={"COLUMNS": "200", "NOTIFYKIT_LANG": "zh"})

    def told(*arguments: str, code: int = 0) -> str:
        done = runner.invoke(build_cli(), ["--project", str(tmp_path / "none.yaml"), "inventory", *arguments])
        assert done.exit_code == code, done.output
        return done.output

    listed = told(str(code))
    for said in (
        "有 17 处用到发送状态：合同 6、技师 4、共用 7、待定 0",
        "读不了的：",
        "是 Python 2？",
        "可能用到发送状态",
        "行是按位置读的",
        "去掉：发过什么，发件箱知道",
    ):
        assert said in listed
    assert "的活动，来自 modules/" in told(str(code), "--campaigns", str(tmp_path / "drafts"))
    assert any("# 据 modules/" in file.read_text(encoding="utf-8") for file in (tmp_path / "drafts").iterdir())
    assert "请指定旧程序的文件夹或文件" in told(str(tmp_path / "nowhere"), code=1)
    assert "--out 需要 --format：说明要写什么" in told(str(code), "--out", "x.md", code=2)
    english = json.loads(told(str(code), "--json"))
    assert {use["fate"] for use in english["uses"]} >= {"goes: the outbox knows what was sent"}
    assert any("Python 2?" in item["reason"] for item in english["unread"])
