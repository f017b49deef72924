"""A path in a project file means one file, whoever runs it: what a shell would expand is refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from cli_world import CliWorld

from notifykit.config.paths import unusable

PLACEHOLDERS = {
    "~/outbox.db": "~",
    "~\\outbox.db": "~",
    "~somebody/outbox.db": "~somebody",
    "~": "~",
    "$HOME/outbox.db": "$HOME",
    "${HOME}/outbox.db": "${HOME}",
    "state/${MONTH}.csv": "${MONTH}",
    "state/$MONTH/orders.csv": "$MONTH",
    "%USERPROFILE%/outbox.db": "%USERPROFILE%",
    "state/%DATE%.csv": "%DATE%",
}

PLAIN = [
    "state/outbox.db",
    "a~b.csv",
    "~$orders.csv",
    "~backup.csv",
    "price$.csv",
    "net$sales.csv",
    "100%.csv",
    "5% a%.csv",
]


@pytest.fixture
def world(tmp_path: Path) -> CliWorld:
    return CliWorld(tmp_path / "world")


@pytest.mark.parametrize(("path", "what"), PLACEHOLDERS.items())
def test_what_a_shell_would_expand_is_refused(tmp_path: Path, path: str, what: str) -> None:
    assert (unusable(tmp_path, path) or "").startswith(f'"{what}" is not expanded: for another account')


@pytest.mark.parametrize("path", PLAIN)
def test_what_only_looks_like_it_is_a_name(tmp_path: Path, path: str) -> None:
    assert unusable(tmp_path, path) is None


def test_the_mend_names_the_whole_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    monkeypatch.setenv("USERPROFILE", "/home/somebody")
    for path in ("~/x.db", "$HOME/x.db"):
        assert (unusable(tmp_path, path) or "").endswith("write the whole path, such as /home/somebody/x.db")
    assert (unusable(tmp_path, "~no-such-account/x.db") or "").endswith("write the whole path")


def test_a_folder_that_has_such_a_name_is_meant(tmp_path: Path) -> None:
    """As an earlier version made it."""
    (tmp_path / "~").mkdir()
    (tmp_path / "~" / "outbox.db").touch()
    assert unusable(tmp_path, "~/outbox.db") is None


LONG = "x" * 300


@pytest.mark.parametrize("path", [LONG, f"none/{LONG}", "x/" * 3000, f"/{LONG}"])
def test_a_name_that_the_system_cannot_have_is_refused(tmp_path: Path, path: str) -> None:
    assert (unusable(tmp_path, path) or "").startswith("cannot be the path of a file (")


def test_so_is_one_with_a_character_that_ends_it(tmp_path: Path) -> None:
    assert unusable(tmp_path, "a\0b") == "holds the character U+0000, which no path may; remove it"


OPTIONS = [
    ("notifykit.yaml", "store: state/notifykit.db", "store: ~/notifykit.db", "notifykit.yaml:2: store: "),
    ("notifykit.yaml", "campaigns: campaigns", "campaigns: ~/campaigns", "notifykit.yaml:3: campaigns: "),
    ("notifykit.yaml", "path: out/", "path: $OUT/", "notifykit.yaml:6: senders.award-desk.path: "),
    ("campaigns/beijing.yaml", "path: data/", "path: $DATA/", "beijing.yaml:2: source.path: "),
    ("campaigns/beijing.yaml", "source:", "extends: ~/base.yaml\nsource:", "beijing.yaml:2: extends: "),
    ("campaigns/beijing.yaml", "template: '奖励", "template_file: '%USERPROFILE%", "messages[1].template_file: "),
    (
        "campaigns/beijing.yaml",
        "source:",
        "legacy: {kind: contract, status_file: ~/s.json}\nsource:",
        "beijing.yaml:2: legacy.status_file: ",
    ),
]


@pytest.mark.parametrize(("file", "old", "new", "where"), OPTIONS)
@pytest.mark.parametrize(("name", "said"), [("", "is not expanded"), (LONG, "cannot be the path of a file (")])
def test_every_path_goes_by_this_rule(
    world: CliWorld, file: str, old: str, new: str, where: str, name: str, said: str
) -> None:
    world.edit(file, old, re.sub(r"~|\$\w+|%\w+%", name, new) if name else new)
    for command in ("check", "generate", "status"):
        done = world.invoke(command)
        if command == "status" and not where.endswith("store: "):
            continue  # it reads of the project which store it has, and nothing else
        assert done.exit_code == 4, command
        assert where in done.output
        assert said in done.output
    assert not world.store.exists()
    assert list(world.folder.glob("~*")) == []


def test_the_file_of_a_secret_goes_by_it_too(world: CliWorld) -> None:
    world.edit("notifykit.yaml", "  award-desk:", "  hook: {type: webhook, url: {file: ~/hook.url}}\n  award-desk:")
    done = world.invoke("check")
    assert done.exit_code == 4
    assert 'senders.hook.url: the secret\'s file: "~" is not expanded' in done.stdout
