"""`legacy:` in notifykit.yaml, as the host reads it for the migration and the shim."""

from __future__ import annotations

import textwrap
from dataclasses import replace
from pathlib import Path

import pytest
from cli_world import CliWorld
from notifykit_migration.legacy.settings import (
    LegacySettings,
    Modules,
    others_of,
    settings_of,
    written_modules,
)

from notifykit.config.resolve import Configuration
from notifykit.errors import ConfigError, ExitCode
from notifykit.model import OnUnknown
from notifykit.pipeline.project import open_project
from notifykit.plugins import load_plugins


@pytest.fixture
def world(tmp_path: Path) -> CliWorld:
    return CliWorld(tmp_path)


def read(world: CliWorld, section: str = "", *, block: tuple[str, ...] = ()) -> Configuration:
    text = world.project.read_text(encoding="utf-8")
    world.project.write_text(f"{text.rstrip()}\n{textwrap.dedent(section)}", encoding="utf-8")
    return open_project(world.project, plugins=load_plugins(block=block), secrets=False).configuration


def test_a_project_that_says_nothing_means_the_usual(world: CliWorld) -> None:
    configuration = read(world)
    settings = settings_of(configuration)
    assert settings == LegacySettings()
    assert (settings.channels, settings.on_unknown, settings.interval) == ({}, OnUnknown.HOLD, 10.0)
    assert settings.retry.attempts == 8
    assert others_of(configuration) == {}


def test_everything_can_be_said(world: CliWorld) -> None:
    configuration = read(
        world,
        """
        legacy:
          others: notifykit
          channels: {send_wecom_message: beijing-group, send_wechat_message: award-desk}
          modules: {file_utils: lib.files}
          on_unknown: assume_sent
          retry: {attempts: 3, first: 500s}
          interval: 2m
        """,
    )
    settings = settings_of(configuration)
    assert settings.modules == Modules(file_utils="lib.files")
    assert settings.modules.by_part()["task_manager"] == "task_manager"
    assert settings.on_unknown is OnUnknown.ASSUME_SENT
    assert (settings.retry.attempts, settings.retry.first, settings.interval) == (3, 500.0, 120.0)
    assert others_of(configuration) == {"send_wecom_message": "beijing-group", "send_wechat_message": "award-desk"}


def test_channels_alone_do_not_make_notifykit_send(world: CliWorld) -> None:
    assert others_of(read(world, "legacy: {channels: {send_wecom_message: beijing-group}}")) == {}


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("chanels: {}", 'legacy.chanels: there is no such key; did you mean "channels"?'),
        ("othrs: notifykit", 'legacy.othrs: there is no such key; did you mean "others"?'),
        ("others: both", "legacy.others: is \"both\", which is not 'legacy' or 'notifykit'"),
        ("others: notifykit", "legacy: channels: says nothing, so nobody would send"),
        ("channels: [x]", "legacy.channels: must be a mapping, not a list"),
        (
            "channels: {send_wecom_message: bejing-group}",
            'legacy.channels.send_wecom_message: no sender called "bejing-group"; did you mean "beijing-group"',
        ),
        ("modules: {file_util: x}", 'legacy.modules.file_util: there is no such key; did you mean "file_utils"?'),
        ("modules: [x]", "legacy.modules: must be a mapping, not a list"),
        ("modules: {file_utils: task_manager}", "legacy.modules: task_manager is named twice"),
        ("on_unknown: guess", "legacy.on_unknown: is \"guess\", which is not 'hold', 'resend' or 'assume_sent'"),
        ("retry: {tries: 3}", "legacy.retry.tries: there is no such key"),
        ("retry: {jitter: 7}", "legacy.retry.jitter: must be less than or equal to 1, not 7"),
        ("retry: {first: soon}", "legacy.retry.first: must be a duration"),
        ("interval: -1", "legacy.interval: must be a duration"),
        ("interval: 0", "legacy.interval: must be greater than 0, not 0"),
    ],
)
def test_mistakes_are_told_with_file_and_line(world: CliWorld, line: str, told: str) -> None:
    with pytest.raises(ConfigError) as error:
        read(world, f"legacy:\n  {line}\n")
    (text,) = str(error.value).splitlines()
    at = world.project.read_text(encoding="utf-8").splitlines().index("legacy:") + (
        1 if told.startswith("legacy: ") else 2
    )
    assert text.startswith(f"{world.project}:{at}: {told}"), text


def test_the_name_of_their_campaign_is_taken(world: CliWorld) -> None:
    configuration = read(world, "legacy: {others: notifykit, channels: {x: award-desk}}")
    (campaign,) = configuration.campaigns
    named = replace(configuration, campaigns=(replace(campaign, name="legacy"),))
    with pytest.raises(ConfigError, match='a campaign is called "legacy"'):
        others_of(named)


def test_without_its_plugin_nobody_reads_the_section(world: CliWorld) -> None:
    configuration = read(world, "legacy: {others: both}", block=("notifykit_migration",))
    assert [item.kind for item in configuration.unavailable] == ["section"]
    with pytest.raises(ConfigError, match='no plugin offers the section "legacy"; install the plugin that offers it'):
        settings_of(configuration)


@pytest.mark.parametrize(
    ("file", "modules"),
    [
        ({"legacy": {"modules": {"task_manager": "queue"}}}, Modules(task_manager="queue")),
        (
            {"legacy": {"modules": {"task_manager": "queue", "file_util": "x", "file_utils": None}}},
            Modules(task_manager="queue"),
        ),
        ({"legacy": {"modules": {"task_manager": "modules.file_utils"}}}, Modules()),
        ({"legacy": {"modules": ["x"]}}, Modules()),
        ({"legacy": 7}, Modules()),
        ({}, Modules()),
    ],
)
def test_module_names_are_read_before_the_senders_are(file: object, modules: Modules) -> None:
    assert written_modules(file) == modules


def test_check_tells_every_mistake_at_once_with_its_line(world: CliWorld) -> None:
    text = world.project.read_text(encoding="utf-8").rstrip()
    section = "legacy:\n  chanels: {}\n  othrs: notifykit\n  retry: {jitter: 7}\n"
    world.project.write_text(f"{text}\n{section}", encoding="utf-8")
    campaign = world.project.parent / "campaigns" / "beijing.yaml"
    said = campaign.read_text(encoding="utf-8").rstrip()
    campaign.write_text(f"{said}\nlegacy: {{kind: contract, status_fle: state/sent.json}}\n", encoding="utf-8")
    result = world.run("check")
    assert result.returncode == ExitCode.PREFLIGHT_FAILED
    first = len(text.splitlines())
    for line, what in enumerate(
        (
            'legacy.chanels: there is no such key; did you mean "channels"?',
            'legacy.othrs: there is no such key; did you mean "others"?',
            "legacy.retry.jitter: must be less than or equal to 1, not 7",
        ),
        first + 2,
    ):
        assert f"notifykit.yaml:{line}: {what}" in result.stdout
    at = len(said.splitlines()) + 1
    assert f'beijing.yaml:{at}: legacy.status_fle: there is no such key; did you mean "status_file"?' in result.stdout
