"""The tour of both READMEs, done as a reader would: the files are made, the commands run, the outputs compared."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from notifykit.plugins import load_plugins

ROOT = Path(__file__).parents[2]
NOTIFYKIT = Path(sys.executable).with_name("notifykit")

READMES = {"README.md": "en", "README.zh-CN.md": "zh"}
"""Each with the language in which its reader is spoken to."""

CHANGING = (
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "<time>"),
    (r"[\d.]+ (s|min) (ago|前)|just now|刚刚", "<ago>"),
    (r"(after|用时) [\d.]+ (ms|s)", "after <a while>"),
    (r" +", " "),
)


def plain(text: str) -> str:
    for pattern, stand_in in CHANGING:
        text = re.sub(pattern, stand_in, text)
    return "\n".join(line.strip() for line in text.strip().splitlines())


def typed(words: list[str], folder: Path, readme: str) -> subprocess.CompletedProcess[str]:
    """Run a command as the reader of this page would."""
    return subprocess.run(
        [NOTIFYKIT, *words],
        cwd=folder,
        env={**os.environ, "NOTIFYKIT_LANG": READMES[readme], "PYTHONUTF8": "1"},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=60,
    )


def blocks(page: str, start: str) -> list[str]:
    return re.findall(rf"^```{start}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


def files(page: str) -> list[tuple[str, str]]:
    """Return name and content of each file shown: a line with its name, then the block."""
    return re.findall(r"^`([^`\n]+)`[:：]\n\n```\w+\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


def make_files(page: str, folder: Path) -> None:
    for name, content in files(page):
        file = folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(content, encoding="utf-8")


@pytest.mark.long
@pytest.mark.parametrize("readme", READMES)
def test_the_tour_does_what_it_says(readme: str, tmp_path: Path) -> None:
    page = (ROOT / readme).read_text(encoding="utf-8")
    make_files(page, tmp_path)
    commands = 0
    for block in re.findall(r"^```console\n(\$ .*?)^```$", page, re.MULTILINE | re.DOTALL):
        for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, expected = step.partition("\n")
            words = shlex.split(command)
            assert words[0] == "notifykit"
            done = typed(words[1:], tmp_path, readme)
            assert (done.returncode, done.stderr) == (0, "")
            assert plain(done.stdout) == plain(expected)
            commands += 1
    assert commands == 5


@pytest.mark.parametrize("readme", READMES)
def test_its_mistakes_are_told_as_it_says(readme: str, tmp_path: Path) -> None:
    page = (ROOT / readme).read_text(encoding="utf-8")
    make_files(page, tmp_path)
    campaign = tmp_path / "campaigns" / "orders.yaml"
    text = campaign.read_text(encoding="utf-8")
    campaign.write_text(text.replace("unsent:", "unset:").replace("sender: outbox-file", "sender: outbox-fil"))
    done = typed(["generate"], tmp_path, readme)
    (told,) = re.findall(r"^```text\n((?:error|错误).*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert done.returncode == 4
    assert plain(done.stderr) == plain(told)
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("readme", READMES)
def test_every_page_it_names_exists(readme: str) -> None:
    page = (ROOT / readme).read_text(encoding="utf-8")
    named = re.findall(r"\]\(([^)#:]+)\)", page)
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


def without_comments(text: str) -> str:
    return re.sub(r" +#.*", "", text)


def test_both_languages_show_the_same_tour() -> None:
    english, chinese = ((ROOT / name).read_text(encoding="utf-8") for name in READMES)
    assert [name for name, _ in files(english)] == ["notifykit.yaml", "campaigns/orders.yaml", "orders.csv"]
    assert files(english) == files(chinese)
    shown = [without_comments(block) for block in blocks(english, "sh")]
    assert shown == [without_comments(block) for block in blocks(chinese, "sh")]
    # What the commands answer is in the reader's language; what is typed is not.
    asked = [re.findall(r"^\$ .*$", block, re.MULTILINE) for block in blocks(english, "console")]
    assert asked == [re.findall(r"^\$ .*$", block, re.MULTILINE) for block in blocks(chinese, "console")]
    assert len(blocks(english, "text")) == len(blocks(chinese, "text"))


def test_both_languages_have_the_same_chapters() -> None:
    english, chinese = ((ROOT / name).read_text(encoding="utf-8") for name in READMES)
    levels = [re.findall(r"^(#+) ", page, re.MULTILINE) for page in (english, chinese)]
    assert levels[0] == levels[1]
    assert len(re.findall(r"^- ", english, re.MULTILINE)) == len(re.findall(r"^- ", chinese, re.MULTILINE))


@pytest.mark.parametrize("readme", READMES)
def test_it_names_every_sender(readme: str) -> None:
    page = (ROOT / readme).read_text(encoding="utf-8")
    named = set(re.findall(r"`(\w+)`", page.partition("\n## ")[0]))
    assert set(load_plugins().registry.senders) <= named
