"""The week of docs/migration.md, lived through: what the page shows is what the commands print."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from legacy_code import FILES
from legacy_world import AWARD, GROUP, SENT, LegacyWorld

DOCS = Path(__file__).parents[3] / "docs"
ALIKE = (
    (r"\x1b\[[0-9;]*m", ""),
    (r"\b20\d{6}T\d{6}Z-[0-9a-f]+", "<id>"),
    (r"\b[0-9a-f]{12}\b", "<hash>"),
    (r"\d+(\.\d+)? (s|min|h|d)\b", "<age>"),
    (r"\d+", "<n>"),
    (r"(contract|message|check|row)s\b", r"\1"),
    (r" +", " "),
)
"""What differs from day to day, and from one project to the next."""


def alike(text: str) -> list[str]:
    for pattern, stand_in in ALIKE:
        text = re.sub(pattern, stand_in, text)
    return [line.strip() for line in text.splitlines()]


def left_by_the_old_program(folder: Path) -> LegacyWorld:
    world = LegacyWorld(folder, campaigns=("beijing", "shanghai"))
    with world.together():
        world.leftovers(18)
        for _ in range(20):
            world.contract("Y", SENT, campaign="shanghai")
        for _ in range(25):
            world.contract("Y", SENT, [(GROUP, "completed"), (AWARD, "completed")], award=True)
        world.contract("Y", SENT, [(GROUP, "pending")], age_days=12)
        world.contract("Y", SENT, [(GROUP, "pending")])
        for _ in range(6):
            world.contract("N", SENT, [(GROUP, "completed")])
        world.contract("N", None, [(GROUP, "completed")], award=True)
        world.technician()
        for _ in range(4):
            world.contract("Y", SENT, [(GROUP, "pending")])
        world.reports(1)
        world.contract("Y", SENT, [(GROUP, "pending")], campaign="shanghai")
        world.contract("Y", None)
        for _ in range(5):
            world.contract("N")
    for name, text in FILES.items():
        file = folder.parent / "old-program" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return world


class Week:
    """Runs commands in the project's folder, and keeps what they print."""

    def __init__(self, world: LegacyWorld) -> None:
        self.world = world
        self.said: list[str] = []

    def does(self, line: str, *, code: int) -> None:
        done = self.world.run(*shlex.split(line))
        assert done.exit_code == code, done.output
        self.said += alike(done.output.replace(f"{self.world.folder}/", ""))


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> Week:
    world = left_by_the_old_program(tmp_path_factory.mktemp("week") / "project")
    week = Week(world)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(world.folder)
        week.does("inventory ../old-program", code=0)
        described = (world.folder / "campaigns").rename(world.folder / "described")
        (world.folder / "campaigns").mkdir()
        week.does("inventory ../old-program --campaigns drafts", code=0)
        (world.folder / "campaigns").rmdir()
        described.rename(world.folder / "campaigns")
        week.does("check", code=4)
        week.does("migrate --dry-run --out plan.json", code=0)
        week.does("migrate --dry-run --stopped idle --out plan.json", code=0)
        week.does("migrate --plan plan.json --soak 7 --report migrate.html --yes", code=3)
        week.does("tasks --status in_doubt", code=0)
        week.does('resolve --reason historic --sent --why "all got it" --yes', code=0)
        week.does("resolve 70 --resend --why asked", code=0)
        week.does('resolve --where "older than" --cancel --why old --yes', code=0)
        week.does("run --once", code=3)
        week.does("status", code=0)
        week.does("verify", code=0)
        week.does("history", code=0)
        week.does("verify --backup latest", code=0)
        week.does("retire --yes", code=4)
        week.does("retire --now --code ../old-program --patch cleanup.patch --yes", code=0)
        week.does("rollback --dry-run", code=0)
        week.does("rollback --yes", code=3)
        week.does("verify", code=4)
    return week


@pytest.mark.parametrize("page", ["migration.md", "migration.zh-CN.md"])
def test_what_the_page_shows_is_what_is_printed(week: Week, page: str) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    shown = [
        line
        for block in re.findall(r"^```(?:console|text)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
        for line in block.splitlines()
        if line.strip() not in ("", "…") and not line.startswith("$ ")
    ]
    assert len(shown) > 25
    for line, plain in zip(shown, alike("\n".join(shown)), strict=True):
        beginning, cut, _ = plain.partition("…")
        assert plain in week.said or (cut and any(said.startswith(beginning) for said in week.said)), line


def test_nobody_was_told_twice(week: Week) -> None:
    assert week.world.delivered
    assert set(week.world.delivered.values()) == {1}
