"""`notifykit init --from-program`: a project around the drafts, and what is left to write by hand."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from legacy_code import write_legacy_code
from program_world import ProgramWorld

from notifykit.cli.app import build_cli

TEXT = (
    "    template: '{{ undecided }} 您好，贵司 {{ record[\"technician\"] }} 师傅 {{ undecided }} 申请{{ undecided }}'"
)

BY_HAND = {
    "  person: {type: file, path: sent/person.jsonl}": "  person: {type: console}",
    "  group: {type: file, path: sent/group.jsonl}": "  group: {type: console}",
    TEXT: TEXT.replace("{{ undecided }} 您好", "您好").replace("{{ undecided }}", '{{ record["content"][0] }}'),
}
"""The lines of the project of the old program in these tests that the code does not tell, and what a person writes."""

PAGES = ("docs/migration.md", "docs/migration.zh-CN.md")


def invoke(*arguments: str) -> Result:
    result = CliRunner(env={"NOTIFYKIT_PROJECT": None, "COLUMNS": "100"}).invoke(
        build_cli(), arguments, prog_name="notifykit"
    )
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ProgramWorld:
    """The old program with its data, and no project."""
    world = ProgramWorld(tmp_path / "program", shanghai=2)
    world.fill()
    (world.folder / "state" / "PerformanceData-SH-Aug.csv").write_bytes(world.csv.read_bytes())
    for path in (world.project, *(world.folder / "campaigns").iterdir()):
        path.unlink()
    monkeypatch.chdir(world.folder)
    return world


def files_of(folder: Path) -> list[Path]:
    return [folder / "notifykit.yaml", *sorted((folder / "campaigns").iterdir())]


def test_of_a_whole_program_three_lines_are_left_to_write(world: ProgramWorld) -> None:
    made = invoke("init", "--from-program", ".")
    assert made.exit_code == 0, made.output
    checked = json.loads(invoke("check", "--json").stdout)
    todo = [finding["error"] for finding in checked["findings"] if finding["what"].find(": TODO ") > 0]
    assert f"left to you: {len(todo)} x # TODO" in made.stdout
    lines = [line for file in files_of(world.folder) for line in file.read_text(encoding="utf-8").splitlines()]
    written = {after for line, after in itertools.pairwise(lines) if "# TODO" in line and "# TODO" not in after}
    assert {line for line in written if line} == set(BY_HAND)
    said = [line for line in lines if line.strip() and not line.strip().startswith("#")]
    for page in PAGES:
        text = (Path(__file__).parents[4] / page).read_text(encoding="utf-8")
        numbers = re.findall(r"\((\d+) [^\d]*(\d+) [^\d]*`# TODO`\)", text)
        assert numbers == [(str(len(BY_HAND)), str(len(said)))], page

    for file in files_of(world.folder):
        text = file.read_text(encoding="utf-8")
        for before, after in BY_HAND.items():
            text = text.replace(before, after)
        file.write_text(re.sub(r"^ *# TODO .*\n", "", text, flags=re.MULTILINE), encoding="utf-8")
    done = invoke("check")
    assert done.exit_code == 0, done.output
    assert "3 campaigns tried; nothing must be mended" in done.stdout


def test_what_is_left_is_held_by_check_with_its_place_in_the_code(world: ProgramWorld) -> None:
    invoke("init", "--from-program", ".")
    checked = invoke("check")
    assert checked.exit_code == 4  # a template says `undecided`
    assert "held: configuration: notifykit.yaml:11: TODO by which service messages of send_wechat_message leave" in (
        checked.stdout
    )
    assert re.search(r"technician\.yaml:\d+: TODO modules/notification_module\.py:93: content\[0\]", checked.stdout)


def test_nothing_of_the_program_is_touched_or_overwritten(world: ProgramWorld) -> None:
    before = {path: path.read_bytes() for path in world.folder.rglob("*") if path.is_file()}
    assert invoke("init", "--from-program", ".").exit_code == 0
    assert {path: path.read_bytes() for path in before} == before
    (world.folder / "notifykit.yaml").unlink()
    again = invoke("init", "--from-program", ".")
    assert again.exit_code == 4
    assert "campaigns/bj-aug.yaml" in again.stderr
    assert not (world.folder / "notifykit.yaml").exists()


def test_a_program_of_which_nothing_is_drafted_makes_no_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = write_legacy_code(tmp_path / "code", {"jobs.py": "", "modules/notification_module.py": "def f(:\n"})
    monkeypatch.chdir(tmp_path)
    result = invoke("init", "--from-program", str(code))
    assert result.exit_code == 1
    assert "no campaign can be drafted from this code; make a project from its CSV file" in result.stderr
    assert "not read: modules/notification_module.py" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["code"]
