from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from notifykit.campaign.campaign import DispatchSettings, RetryPolicy, Settings
from notifykit.config.project import ProjectFile, read_project
from notifykit.config.resolve import Configuration
from notifykit.errors import ConfigError, ExitCode, RenderError
from notifykit.legacy import Disposal, LegacyState
from notifykit.model import OnUnknown, Record, Table
from notifykit.outbox.sqlite.store import SqliteAddress
from notifykit.roles import Rate

Load = Callable[..., Configuration]
Complaints = Callable[..., list[str]]

FULL = """\
name: 北京八月
source:
  type: rows
  path: ../data/a.csv
  unsent: 0
  sent: 1
  every: 3m
  free: {a: 1, b: no, c: [1.5, "1.5", null]}
  rules:
    - {column: 状态, equals: 1}
    - {column: 007, equals: N}
strategy: {type: flag, column: no}
on_unknown: hold
order: none
order_patience: 2m
retry: {attempts: 3, cap: 1h}
messages:
  - name: group
    when: record["award"] == "1"
    recipient: '{{ record["管家"] }}'
    template: |
      {{ campaign }}: {{ record["管家"] }}
    sender: group
  - name: plain
    recipient: ops
    template_file: texts/plain.txt
    sender: note
    on_unknown: resend
    order: recipient
    order_patience: 0
    retry: {attempts: 9, jitter: 0}
    split: lines
    task_type: send_wecom_message
legacy: {kind: job, status_file: state/a.json, keep: yes, word: 007}
"""


def rec(**cells: object) -> Record:
    return Record("k1", list(cells.values()), Table("a.csv", {name: at for at, name in enumerate(cells)}), 2)


def only(configuration: Configuration) -> Any:
    (campaign,) = configuration.campaigns
    return campaign


def test_everything_that_can_be_said(load: Load, project: Path) -> None:
    configuration = load({"campaigns/a.yaml": FULL, "texts/plain.txt": "Plain <@all>\n"})
    campaign = only(configuration)
    assert campaign.name == "北京八月"
    assert campaign.file == Path("campaigns/a.yaml")
    source = campaign.source
    assert source.path == project.parent / "data/a.csv"
    assert source.log == project / "state/log.txt"
    assert (source.unsent, source.sent, source.every) == ("0", "1", 180.0)
    assert source.free == {"a": 1, "b": False, "c": [1.5, "1.5", None]}
    assert [(rule.column, rule.equals) for rule in source.rules] == [("状态", 1), ("007", "N")]
    assert campaign.strategy.column == "no"
    assert campaign.legacy == LegacyState(
        campaign="北京八月", status_file=Path("state/a.json"), sent_word="007", disposal=Disposal.KEEP
    )
    group, plain = campaign.messages
    assert (group.name, group.channel.name, group.on_unknown) == ("group", "group", OnUnknown.HOLD)
    assert (group.ordered, group.order_patience, group.split) == (False, 120.0, False)
    assert group.retry == RetryPolicy(attempts=3, cap=3600.0)
    assert group.task_type == "notifykit"
    assert group.when(rec(award="1"))
    assert group.recipient(rec(管家="测试管家甲")) == "测试管家甲"
    assert group.text(rec(管家="<@all>")) == "北京八月: (@all>"
    assert (plain.on_unknown, plain.ordered, plain.order_patience) == (OnUnknown.RESEND, True, 0.0)
    assert plain.retry == RetryPolicy(attempts=9, jitter=0.0, cap=3600.0)
    assert (plain.split, plain.task_type, plain.when) == (True, "send_wecom_message", None)
    assert plain.text(rec()) == "Plain <@all>"
    assert campaign.message("group.2") is group
    assert configuration.unavailable == ()


def test_what_need_not_be_said(load: Load, project: Path) -> None:
    configuration = load()
    settings = configuration.settings
    assert settings == Settings(file=Path("notifykit.yaml"), store=SqliteAddress(project / "state/notifykit.db"))
    assert configuration.sections == {}
    (message,) = only(configuration).messages
    assert only(configuration).name == "a"
    assert message.retry == RetryPolicy()
    assert (message.ordered, message.order_patience, message.split) == (True, 600.0, False)
    group, note = configuration.channels["group"], configuration.channels["note"]
    assert (group.limits, group.repeatable, group.max_bytes, group.type) == ((Rate(20, 60.0),), False, 2048, "robot")
    assert (note.limits, note.repeatable, note.max_bytes, note.escape) == ((), True, None, None)


def test_the_default_about_doubt_depends_on_the_sender(load: Load) -> None:
    campaign = """\
    source: {type: rows, path: a}
    strategy: {type: flag}
    messages:
      - {name: once, recipient: a, template: b, sender: group}
      - {name: repeatable, recipient: a, template: b, sender: note}
    """
    once, repeatable = only(load({"campaigns/a.yaml": campaign})).messages
    assert once.on_unknown is OnUnknown.HOLD
    assert repeatable.on_unknown is OnUnknown.RESEND


def test_the_project_file(load: Load, project: Path) -> None:
    text = """\
    store: ../outbox.db
    campaigns: [months/**/*.yaml, campaigns/a.yaml]
    senders:
      群: {type: robot, key: {file: key.txt}, limits: [{count: 5, seconds: 1m}], concurrency: 3, mentions: {zs: no}}
      note: {type: quiet, limits: []}
    dispatch: {workers: 8, lease: 1m, timeout: 5}
    run: {interval: 10m}
    plugins: {block: [noisy], strict: yes, requires: [pytest]}
    desk: {channels: {letters: 群}, share: 0}
    """
    configuration = load(
        {"notifykit.yaml": text, "key.txt": "geheim-xyz\n"} | {"months/08/b.yaml": "extends: ../../campaigns/a.yaml"}
    )
    assert configuration.settings == Settings(
        file=Path("notifykit.yaml"),
        store=SqliteAddress(project.parent / "outbox.db"),
        dispatch=DispatchSettings(workers=8, lease=60.0, timeout=5.0),
        interval=600.0,
    )
    assert [campaign.name for campaign in configuration.campaigns] == ["a", "b"]
    channel = configuration.channels["群"]
    sender: Any = channel.sender
    assert (channel.limits, channel.concurrency) == ((Rate(5, 60.0),), 3)
    assert (sender.key.reveal(), sender.mentions) == ("geheim-xyz", {"zs": False})
    assert configuration.channels["note"].limits == ()
    desk: Any = configuration.sections["desk"]
    assert (desk.channels, desk.share) == ({"letters": "群"}, 0.0)
    plugins = read_project(Path("notifykit.yaml")).plugins
    assert (plugins.block, plugins.strict, plugins.requires) == (("noisy",), True, ("pytest",))


def test_a_key_with_nothing_behind_it_counts_as_not_written(load: Load) -> None:
    project = "dispatch:\nrun:\nplugins:\nlegacy:\nsenders:\n  note: {type: quiet, limits: }\n"
    assert load({"notifykit.yaml": project}).settings.dispatch == DispatchSettings()


def test_places_are_told_as_the_person_named_the_project(load: Load, project: Path) -> None:
    files = {
        "conf/notifykit.yaml": "senders: {note: {type: quiet}}",
        "conf/campaigns/a.yaml": FULL.replace("sender: group", "sender: note"),
        "conf/texts/plain.txt": "{{ 1 / 0 }}",
    }
    campaign = only(load(files, file="conf/notifykit.yaml"))
    assert campaign.source.path == project / "data/a.csv"
    with pytest.raises(
        RenderError, match=r"^conf/campaigns/a.yaml:21: messages\[0\].template, line 1: no column '管家'"
    ):
        campaign.messages[0].text(rec(a=1))
    with pytest.raises(RenderError, match=r"^conf/texts/plain.txt, line 1: ZeroDivisionError"):
        campaign.messages[1].text(rec())


def test_without_campaigns_there_is_nothing_to_do(load: Load) -> None:
    assert load({"campaigns/a.yaml": ""}).campaigns == ()


def test_bases_and_folders_are_no_campaigns(load: Load, project: Path) -> None:
    (project / "campaigns/folder.yaml").mkdir(parents=True)
    assert [campaign.name for campaign in load({"campaigns/_base.yaml": "x: y"}).campaigns] == ["a"]


def test_a_disabled_campaign_is_kept_apart(load: Load) -> None:
    configuration = load({"campaigns/b.yaml": "extends: a.yaml\nenabled: no\n"})
    assert [campaign.name for campaign in configuration.campaigns] == ["a"]
    assert [campaign.name for campaign in configuration.disabled] == ["b"]


def test_secrets_may_be_missing_where_nothing_is_sent(
    load: Load, complaints: Complaints, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GROUP_KEY")
    what = "the environment variable GROUP_KEY is not set; set it before notifykit starts"
    assert complaints() == [f"notifykit.yaml:4: senders.group.key: {what}"]
    sender: Any = load(secrets=False).channels["group"].sender
    with pytest.raises(ConfigError, match=what):
        sender.key.reveal()


def test_a_sender_that_needs_its_secret_at_once_is_unavailable_without_it(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GROUP_KEY")
    project = (
        "senders:\n  group:\n    type: robot\n    revealed: yes\n    key: {env: GROUP_KEY}\n  note: {type: quiet}\n"
    )
    configuration = load({"notifykit.yaml": project}, secrets=False)
    assert list(configuration.channels) == ["note"]
    assert [str(missing) for missing in configuration.unavailable] == [
        (
            'notifykit.yaml:3: channel "group" cannot be used: a secret is needed: '
            "the environment variable GROUP_KEY is not set; set it before notifykit starts"
        )
    ]


def test_what_needs_a_missing_plugin_fails_alone(load: Load) -> None:
    files = {
        "notifykit.yaml": "senders: {note: {type: quiet}, sms: {type: acme_sms}}\nplugins: {block: [noisy]}\n",
        "campaigns/b.yaml": "extends: a.yaml\nsource: {type: mysql, table: t}\n",
        "campaigns/c.yaml": "extends: a.yaml\nmessages:\n  - {name: hello, sender: sms}\n",
        "campaigns/d.yaml": "extends: a.yaml\nenabled: no\nstrategy: {type: never}\n",
    }
    configuration = load(files)
    install = "install the plugin that offers it, or unblock it: noisy (`notifykit plugins` lists what there is)"
    assert [campaign.name for campaign in configuration.campaigns] == ["a"]
    assert [(missing.kind, missing.name) for missing in configuration.unavailable] == [
        ("channel", "sms"),
        ("campaign", "b"),
        ("campaign", "c"),
    ]
    assert [str(missing) for missing in configuration.unavailable] == [
        f'notifykit.yaml:1: channel "sms" cannot be used: no plugin offers the sender type "acme_sms"; {install}',
        f'campaigns/b.yaml:2: campaign "b" cannot be used: no plugin offers the source type "mysql"; {install}',
        (
            'campaigns/c.yaml:3: campaign "c" cannot be used: its channel "sms" cannot be used '
            f'(notifykit.yaml:1: no plugin offers the sender type "acme_sms"; {install})'
        ),
    ]


@pytest.mark.parametrize(
    ("plugins", "mend"),
    [
        ("", "install the plugin that offers it (`notifykit plugins` lists what there is)"),
        (
            "plugins: {requires: ['notifykit-acme>=2', pytest]}",
            "install notifykit-acme>=2, which this project requires",
        ),
        ("plugins: {requires: ['?']}", "install ?, which this project requires"),
        (
            "plugins: {requires: [pytest]}",
            "install the plugin that offers it (`notifykit plugins` lists what there is)",
        ),
    ],
)
def test_what_to_install(load: Load, plugins: str, mend: str) -> None:
    project = f"senders:\n  note: {{type: quiet}}\n  sms: {{type: acme_sms}}\n{plugins}"
    (missing,) = load({"notifykit.yaml": project}).unavailable
    assert missing.why == f'no plugin offers the sender type "acme_sms"; {mend}'


def test_a_type_that_is_nearly_right(load: Load) -> None:
    project = "senders:\n  note: {type: quiet}\n  group: {type: robott}\n"
    (missing,) = load({"notifykit.yaml": project}).unavailable
    assert missing.why == 'no plugin offers the sender type "robott"; did you mean "robot"?'


@pytest.mark.parametrize(
    ("section", "why"),
    [
        (
            "{type: broken}",
            (
                "plugin 'fake' of notifykit-fake 1.0 fails with ZeroDivisionError: integer division or modulo by zero; "
                "its author needs to know"
            ),
        ),
        (
            "{type: sloppy}",
            (
                "plugin 'fake' of notifykit-fake 1.0 has an option 'share' whose default does not fit its type; "
                "its author must mend that"
            ),
        ),
        (
            "{type: greedy}",
            (
                "its type 'greedy' of plugin 'fake' of notifykit-fake 1.0 has an option 'type', a word that notifykit "
                "keeps for itself; its author must rename it"
            ),
        ),
        (
            "{type: strange}",
            (
                "its type 'strange' of plugin 'fake' of notifykit-fake 1.0 has an option that cannot come from YAML "
                "(name 'Unheard' is not defined); its author must change the field's type, or give it init=False"
            ),
        ),
        (
            "{type: plain}",
            "its type 'plain' of plugin 'fake' of notifykit-fake 1.0 is no dataclass; its author must mend that",
        ),
    ],
)
def test_a_defective_plugin_disturbs_nobody_else(load: Load, section: str, why: str) -> None:
    configuration = load({"notifykit.yaml": f"senders:\n  note: {{type: quiet}}\n  bad: {section}\n"})
    (missing,) = configuration.unavailable
    assert missing.why == why
    assert len(configuration.campaigns) == 1


def read(text: str | bytes) -> ProjectFile:
    Path("notifykit.yaml").write_bytes(text.encode() if isinstance(text, str) else text)
    return read_project(Path("notifykit.yaml"))


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("- a\n", "notifykit.yaml:1: must be a mapping with the keys store, senders, campaigns, …"),
        ("just text\n", "notifykit.yaml:1: must be a mapping with the keys store, senders, campaigns, …"),
        ("a: [\n", "notifykit.yaml:2: is not YAML: "),
        (b"\xff", "notifykit.yaml:1: is not UTF-8; save the file as UTF-8"),
        ("plugins: all\n", "notifykit.yaml:1: plugins: must be a mapping with the keys block, strict, requires"),
        ("plugins:\n  blok: [x]\n", 'notifykit.yaml:2: plugins.blok: there is no such key; did you mean "block"?'),
        ("plugins:\n  block: x\n", 'notifykit.yaml:2: plugins.block: must be a list, not "x"'),
        ("plugins:\n  strict: maybe\n", 'notifykit.yaml:2: plugins.strict: must be true or false, not "maybe"'),
    ],
)
@pytest.mark.usefixtures("project")
def test_a_project_file_that_is_none(text: str | bytes, what: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(text)
    assert str(caught.value).startswith(what)
    assert caught.value.exit_code == ExitCode.PREFLIGHT_FAILED


@pytest.mark.usefixtures("project")
def test_a_project_file_that_is_not_there() -> None:
    with pytest.raises(ConfigError, match=r"^none.yaml: there is no such file; run this in the folder of a project"):
        read_project(Path("none.yaml"))


@pytest.mark.usefixtures("project")
def test_the_folder_is_the_real_one() -> None:
    Path("real").mkdir()
    Path("link").symlink_to("real")
    Path("real/notifykit.yaml").write_text("senders: {}")
    assert read_project(Path("link/notifykit.yaml")).folder == Path("real").resolve()


def test_old_state_and_sections_of_plugins_that_are_not_there(load: Load) -> None:
    text = "senders: {note: {type: quiet}}\nplugins: {requires: [notifykit-elsewhere]}\nremote:\n  channels: {}\n"
    configuration = load(
        {"notifykit.yaml": text, "campaigns/a.yaml": PLAIN + "legacy: {kind: technicians}\n", "campaigns/b.yaml": PLAIN}
    )
    assert [campaign.name for campaign in configuration.campaigns] == ["b"]
    assert configuration.sections == {}
    install = "install notifykit-elsewhere, which this project requires"
    assert [str(item) for item in configuration.unavailable] == [
        f'notifykit.yaml:3: section "remote" cannot be used: no plugin offers the section "remote"; {install}',
        (
            'campaigns/a.yaml:5: campaign "a" cannot be used: no plugin offers the kind of old state "technicians"; '
            f"{install}"
        ),
    ]


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("raising", "state() fails with SystemExit: no a; its author needs to know"),
        ("answering", "state() returned 'retired', which is no LegacyState; its author must mend that"),
    ],
)
def test_what_a_kind_of_old_state_does_wrong_stays_with_its_campaign(load: Load, kind: str, why: str) -> None:
    files = {"campaigns/a.yaml": f"{PLAIN}legacy: {{kind: {kind}}}\n", "campaigns/b.yaml": PLAIN}
    configuration = load(files)
    assert [campaign.name for campaign in configuration.campaigns] == ["b"]
    assert [item.why for item in configuration.unavailable] == [f"plugin 'fake' of notifykit-fake 1.0: {why}"]


PLAIN = """\
source: {type: rows, path: a.csv}
strategy: {type: flag}
messages:
  - {name: a, recipient: b, sender: note, template: c}
"""
