"""Whatever is wrong is told at once, each with its place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from notifykit.config.resolve import Configuration
from notifykit.errors import ConfigError
from notifykit.pipeline.project import open_project

Load = Callable[..., Configuration]
Complaints = Callable[..., list[str]]

HEAD = """\
source: {type: rows, path: data/a.csv}
strategy: {type: flag}
messages:
"""
MESSAGES = "messages: [{name: a, recipient: b, sender: note, template: c}]\n"


def message(lines: str) -> str:
    """Return a campaign whose one message has these lines from line 4 on."""
    indented = "".join(f"    {line}\n" for line in lines.splitlines())
    return HEAD + "  -" + indented[3:]


def test_all_defects_of_all_files_at_once(complaints: Complaints, project: Path) -> None:
    files = {
        "notifykit.yaml": """\
        stor: outbox.db
        senders:
          wecom-group: {type: robot, key: {env: GROUP_KEY}, limits: [{count: 0, seconds: 0}]}
          "a/b": {type: quiet}
          plain: quiet
        dispatch: {workers: 0, timeout: soon}
        """,
        "campaigns/b.yaml": """\
        name: bj
        source:
          type: rows
          pth: data/b.csv
        strategy: flag
        messages:
          - name: group
            recipient: "{{ recrd.key }}"
            template: |
              fine
              {{ record.amount }}
            sender: wecom-grup
            on_unknown: assume_send
            retry: {attempts: -1, factor: 0.5, jitter: 2, cap: inf}
          - name: award.2
            when: "{{ true }}"
            recipient: ops
            sender: wecom-group
        order: no
        """,
        "campaigns/c.yaml": "name: bj\nsource: [x]\nstrategy: {column: x}\nmessages: []\n",
        "campaigns/d.yaml": "a: 1\n\tb: 2\n",
        "campaigns/e.yaml": "- list\n",
    }
    (project / "campaigns").mkdir()
    (project / "campaigns/f.yaml").write_bytes(b"name: \xce\xd2")
    assert complaints(files) == [
        'campaigns/a.yaml:7: messages[0].sender: no sender called "note"; there is wecom-group, a/b, plain',
        "campaigns/b.yaml:2: source.path: is missing",
        'campaigns/b.yaml:4: source.pth: there is no such key; did you mean "path"?',
        'campaigns/b.yaml:5: strategy: must be a mapping, not "flag"; write {type: flag}',
        'campaigns/b.yaml:8: messages[0].recipient: there is nothing called "recrd"; did you mean "record"?',
        'campaigns/b.yaml:11: messages[0].template: a record has no "amount"; a column is written record["amount"]',
        'campaigns/b.yaml:12: messages[0].sender: no sender called "wecom-grup"; did you mean "wecom-group"?',
        (
            "campaigns/b.yaml:13: messages[0].on_unknown: is \"assume_send\", which is not 'hold', 'resend' or "
            "'assume_sent'; did you mean \"assume_sent\"?"
        ),
        "campaigns/b.yaml:14: messages[0].retry.attempts: must be greater than or equal to 1, not -1",
        "campaigns/b.yaml:14: messages[0].retry.factor: must be greater than or equal to 1, not 0.5",
        (
            'campaigns/b.yaml:14: messages[0].retry.cap: must be a duration such as 30, "30s", "10m", "2h" or "7d", '
            'not "inf"'
        ),
        "campaigns/b.yaml:14: messages[0].retry.jitter: must be less than or equal to 1, not 2",
        (
            'campaigns/b.yaml:15: messages[1].name: must not contain "." (it marks the parts of a split message); '
            'use "-"'
        ),
        (
            "campaigns/b.yaml:16: messages[1].when: expected token ':', got '}'; a condition is written without "
            "{{ }} or {% %}"
        ),
        "campaigns/b.yaml:19: order: is no, which is not 'recipient' or 'none'; did you mean \"none\"?",
        (
            'campaigns/c.yaml:1: name: "bj" is also the name of the campaign at campaigns/b.yaml:1; give each campaign '
            "its own"
        ),
        "campaigns/c.yaml:2: source: must be a mapping, not a list; write its keys without dashes",
        "campaigns/c.yaml:3: strategy.type: is missing",
        "campaigns/c.yaml:4: messages: must not be empty",
        "campaigns/d.yaml:2: a tab stands where YAML wants spaces; indent with spaces",
        "campaigns/e.yaml:1: must be a mapping with the keys source, strategy and messages",
        "campaigns/f.yaml:1: is not UTF-8; save the file as UTF-8",
        'notifykit.yaml:1: stor: there is no such key; did you mean "store"?',
        "notifykit.yaml:3: senders.wecom-group.limits[0].count: must be greater than or equal to 1, not 0",
        "notifykit.yaml:3: senders.wecom-group.limits[0].seconds: must be greater than 0, not 0",
        'notifykit.yaml:4: senders.a/b: must be a plain name (no "/", no line breaks, no outer spaces), not "a/b"',
        'notifykit.yaml:5: senders.plain: must be a mapping, not "quiet"; write {type: quiet}',
        "notifykit.yaml:6: dispatch.workers: must be greater than or equal to 1, not 0",
        'notifykit.yaml:6: dispatch.timeout: must be a duration such as 30, "30s", "10m", "2h" or "7d", not "soon"',
    ]


NOTHING_CALLED_Y = 'there is nothing called "y"; there is record, campaign, now, today; a column is written record["y"]'


@pytest.mark.parametrize(
    ("lines", "what"),
    [
        (
            "name: a\nrecipient: b\nsender: note\ntemplate: x\ntimezone: UTC",
            ["8: messages[0].timezone: there is no such key here; it belongs to the whole file, at its beginning"],
        ),
        ("name: a\nrecipient: b\nsender: note", ["4: messages[0]: needs either template or template_file"]),
        (
            "name: a\nrecipient: b\nsender: note\ntemplate: x\ntemplate_file: y",
            ["4: messages[0]: needs either template or template_file"],
        ),
        (
            "name: a\nrecipient: b\nsender: note\ntemplate_file: texts/goup.txt",
            ['7: messages[0].template_file: no file texts/goup.txt; did you mean "group.txt"?'],
        ),
        (
            "name: a\nrecipient: b\nsender: note\ntemplate_file: nowhere/goup.txt",
            ["7: messages[0].template_file: no file nowhere/goup.txt; correct the path"],
        ),
        (
            "name: a\nrecipient: b\nsender: note\ntemplate_file: texts",
            ["7: messages[0].template_file: texts cannot be read (it is a folder); correct it"],
        ),
        (
            "name: a\nrecipient: b\nsender: note\ntemplate_file: texts/gb.txt",
            ["7: messages[0].template_file: texts/gb.txt is not UTF-8; save it as UTF-8"],
        ),
        (
            'name: a\nrecipient: b\nsender: note\ntemplate: "x\\n\\n{{ y }}"',
            [f"7: messages[0].template: line 3 of it: {NOTHING_CALLED_Y}"],
        ),
        (
            "name: a\nrecipient: b\nsender: note\ntemplate: >\n  x\n  {{ y }}",
            [f"7: messages[0].template: {NOTHING_CALLED_Y}"],
        ),
        (
            "name: a\nrecipient: b\nsender: note\ntemplate: |\n  {{ y }}\n\n  {{ 1 | z }}",
            ['10: messages[0].template: there is no filter "z"; there is abs, attr, batch, '],
        ),
        (
            "name: [a]\nrecipient: {b: c}\nsender: 5\ntemplate:",
            [
                "4: messages[0].name: must be text, not a list",
                "5: messages[0].recipient: must be text, not a mapping",
                '6: messages[0].sender: no sender called "5"; there is group, note',
            ],
        ),
        (
            f"name: {'x' * 99}/\nrecipient: b\nsender: note\ntemplate: x",
            ['4: messages[0].name: must be a plain name (no "/", no line breaks, no outer spaces), not "'],
        ),
        (
            "name: a\nrecipient: b\nsender: note\ntemplate: x\nretry: {factor: inf, jitter: nan}",
            [
                '8: messages[0].retry.factor: must be a number, not "inf"',
                '8: messages[0].retry.jitter: must be a number, not "nan"',
            ],
        ),
        (
            f"name: a\nrecipient: b\nsender: note\ntemplate: x\nsplit: {'x' * 99}",
            [f"8: messages[0].split: is \"{'x' * 60}…\", which is not 'none' or 'lines'"],
        ),
    ],
)
def test_a_message(complaints: Complaints, project: Path, lines: str, what: list[str]) -> None:
    (project / "texts").mkdir()
    (project / "texts/group.txt").write_text("fine")
    (project / "texts/gb.txt").write_bytes("你".encode("gb18030"))
    found = complaints({"campaigns/a.yaml": message(lines)})
    assert [line[: len("campaigns/a.yaml:") + len(expected)] for line, expected in zip(found, what, strict=True)] == [
        f"campaigns/a.yaml:{expected}" for expected in what
    ]


EMPTY = """\
source:
strategy: {type: }
messages:
  - {name: a, recipient: r, template: t, sender: }
"""


def test_a_key_with_nothing_behind_it_is_told_by_its_path(complaints: Complaints) -> None:
    assert complaints({"campaigns/a.yaml": EMPTY, "campaigns/b.yaml": "name: b\nmessages:\n"}) == [
        "campaigns/a.yaml:1: source: is missing",
        "campaigns/a.yaml:2: strategy.type: is missing",
        "campaigns/a.yaml:4: messages[0].sender: is missing",
        "campaigns/b.yaml:1: source: is missing",
        "campaigns/b.yaml:1: strategy: is missing",
        "campaigns/b.yaml:2: messages: is missing",
    ]


def test_types_that_nobody_offers_are_told_with_the_defects(complaints: Complaints) -> None:
    text = message("name: a\nsender: none\ntemplate: x")
    text = text.replace("type: rows", "type: rowz").replace("type: flag", "type: mysql")
    assert [line.partition("; ")[0] for line in complaints({"campaigns/a.yaml": text})] == [
        "campaigns/a.yaml:4: messages[0].recipient: is missing",
        'campaigns/a.yaml:5: messages[0].sender: no sender called "none"',
        'campaigns/a.yaml:1: campaign "a" cannot be used: no plugin offers the source type "rowz"',
        'campaigns/a.yaml:2: campaign "a" cannot be used: no plugin offers the strategy type "mysql"',
    ]


def test_a_mistake_in_a_template_file_stands_in_that_file(complaints: Complaints) -> None:
    lines = "name: a\nrecipient: b\nsender: note\ntemplate_file: texts/x.txt"
    assert complaints({"campaigns/a.yaml": message(lines), "texts/x.txt": "one\ntwo {{ y }}\n"}) == [
        f"texts/x.txt:2: messages[0].template_file: {NOTHING_CALLED_Y}"
    ]


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ("path: a\nfirst: -1", "4: source.first: must be greater than or equal to 0, not -1"),
        ("path: a\nevery: -5", '4: source.every: must be a duration such as 30, "30s", "10m", "2h" or "7d", not -5'),
        ("path: a\nfirst: x", '4: source.first: must be a whole number, not "x"'),
        ("path: a\nfirst: 1.5", "4: source.first: must be a whole number, not 1.5"),
        ("path: a\nunsent: Y", "4: source.unsent: must differ from sent (Y)"),
        ("path: a\nsent: 0", "4: source.sent: is 0, which is not 'Y', '1' or 'yes'"),
        ("path: a\nunsent:", "4: source.unsent: must be text, not empty"),
        ("path: a\nfirst: 13", "2: source: thirteen: brings bad luck"),
        ("path: [a]", "3: source.path: must be a path, not a list"),
        ("path: ''", '3: source.path: must be a path, not ""'),
        ("path: a\nrules: x", '4: source.rules: must be a list, not "x"'),
        ("path: a\nrules:\n  - x", '5: source.rules[0]: must be a mapping, not "x"'),
        ("path: a\nrules:\n  - colum: x", "5: source.rules[0].column: is missing"),
        (
            "path: a\nrules:\n  - column: x\n    equal: y",
            '6: source.rules[0].equal: there is no such key; did you mean "equals"?',
        ),
        (
            "path: a\nopened: 5",
            "4: source.opened: there is no such key; there is path, unsent, sent, every, log, rules, ",
        ),
        ("path: a\ntoken: [x]", "4: source.token: must be {env: NAME} or {file: path}, not a list"),
        (
            "path: a\ntoken: {env: UNSET_FOR_SURE}",
            "4: source.token: the environment variable UNSET_FOR_SURE is not set",
        ),
    ],
)
def test_a_plugin_s_options(complaints: Complaints, options: str, what: str) -> None:
    section = "\n".join(f"  {line}" for line in options.splitlines())
    text = f"strategy: {{type: flag}}\nsource:\n{section}\n  type: rows\n{MESSAGES}"
    first, *_ = complaints({"campaigns/a.yaml": text})
    assert first.startswith(f"campaigns/a.yaml:{what}")


def test_a_secret_in_plain_text_is_refused_with_the_mend_and_not_repeated(complaints: Complaints) -> None:
    project = """\
    senders:
      wecom-bj:
        type: robot
        key: 11112222-secret
      群:
        type: robot
        key: 11112222-secret
      note: {type: quiet}
    """
    assert complaints({"notifykit.yaml": project}) == [
        (
            "notifykit.yaml:4: senders.wecom-bj.key: is a secret in plain text; set an environment variable to it and "
            "write key: {env: WECOM_BJ_KEY}"
        ),
        (
            "notifykit.yaml:7: senders.群.key: is a secret in plain text; set an environment variable to it and "
            "write key: {env: KEY}"
        ),
    ]


def test_a_credential_anywhere_is_refused_and_not_repeated(complaints: Complaints) -> None:
    address = "https://qyapi.example/cgi-bin/webhook/send?key=11112222-secret"
    files = {
        "notifykit.yaml": f"""\
        senders:
          group: {{type: robot, key: "{address}"}}
          note: {{type: quiet}}
        desk:
          urls:
            - {address}
        dispatch: {{workers: "{address}"}}
        """,
        "campaigns/a.yaml": f"extends: _b.yaml\nlegacy: {{kind: bare}}\nenabled: {address}\n",
        "campaigns/_b.yaml": message(f"name: a\nrecipient: b\nsender: note\ntemplate: |\n  see {address}"),
    }
    holds = "holds a group robot's key in plain text; take it out, and give it to an option for secrets as"
    lines = complaints(files)
    assert lines == [
        f"campaigns/_b.yaml:7: messages[0].template: {holds} {{env: NAME}} or {{file: path}}",
        "campaigns/a.yaml:3: enabled: must be true or false, not what stands there",
        (
            "notifykit.yaml:2: senders.group.key: is a secret in plain text; set an environment variable to it and "
            "write key: {env: GROUP_KEY}"
        ),
        f"notifykit.yaml:6: desk.urls[0]: {holds} {{env: NAME}} or {{file: path}}",
        "notifykit.yaml:7: dispatch.workers: must be a whole number, not what stands there",
    ]


def test_a_revealed_secret_is_removed_from_what_a_plugin_says(
    complaints: Complaints, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "must differ from sent")
    text = "strategy: {type: flag}\nsource: {type: rows, path: a, unsent: Y, token: {env: TOKEN}}\n" + "".join(
        message("name: a\nrecipient: b\nsender: note\ntemplate: c").splitlines(keepends=True)[2:]
    )
    assert complaints({"campaigns/a.yaml": text}) == ["campaigns/a.yaml:2: source.unsent: *** (Y)"]


@pytest.mark.parametrize(
    ("patterns", "what"),
    [
        ("campaings/*.yaml", '"campaings/*.yaml" matches no file under .: campaings is not there; correct it'),
        ("[campaigns/*.yaml, x.yaml]", '"x.yaml" matches no file under .; correct it'),
    ],
)
def test_a_pattern_that_finds_nothing(complaints: Complaints, patterns: str, what: str) -> None:
    assert complaints({"notifykit.yaml": f"senders: {{note: {{type: quiet}}}}\ncampaigns: {patterns}\n"}) == [
        f"notifykit.yaml:2: campaigns: {what}"
    ]


@pytest.mark.parametrize(
    ("store", "path", "said"),
    [
        ("s.db", "s.db", "senders.note: {folder}/s.db is the store"),
        ("s.db", "s.db-wal", "senders.note: {folder}/s.db-wal is the store"),
        ("s.db", "link.jsonl", "senders.note: {folder}/x.csv is what campaign a reads, and what channel note writes"),
        ("s.db", "notifykit.yaml", "senders.note: notifykit.yaml is the project file, and what channel note writes"),
        ("s.db", "campaigns/a.yaml", "senders.note: campaigns/a.yaml is a campaign file, and what channel note writes"),
        ("x.csv", "out.jsonl", "store: {folder}/x.csv is what campaign a reads, and the store"),
    ],
)
def test_a_file_has_one_role(project: Path, store: str, path: str, said: str) -> None:
    (project / "campaigns").mkdir()
    (project / "x.csv").write_text("id,flag\n")
    (project / "link.jsonl").symlink_to("x.csv")
    (project / "notifykit.yaml").write_text(f"store: {store}\nsenders: {{note: {{type: file, path: {path}}}}}\n")
    (project / "campaigns/a.yaml").write_text(
        "source: {type: csv, path: x.csv, key: id}\nstrategy: {type: csv_flag, flag: flag}\n"
        "messages: [{name: m, recipient: r, sender: note, template: t}]\n"
    )
    with pytest.raises(ConfigError) as raised:
        open_project(Path("notifykit.yaml"))
    line = 1 if said.startswith("store") else 2
    assert str(raised.value) == f"notifykit.yaml:{line}: {said.format(folder=project)}; give each a file of its own"


@pytest.mark.parametrize("text", ["dispatch: {workers: 1}", "senders:", "senders: {note: }", "senders: {note: ~}"])
def test_without_any_sender(complaints: Complaints, text: str) -> None:
    """A name with nothing behind it is no channel: its messages would vanish without a word."""
    assert complaints({"notifykit.yaml": f"{text}\n"}) == [
        'campaigns/a.yaml:7: messages[0].sender: no sender called "note"; notifykit.yaml names none under `senders`'
    ]


def test_a_defective_sender_is_not_called_missing(complaints: Complaints) -> None:
    lines = complaints({"notifykit.yaml": "senders:\n  note: {type: quiet, sped: 1}\n"})
    assert lines == ["notifykit.yaml:2: senders.note.sped: there is no such key"]


def test_a_campaign_named_like_another_s_file(complaints: Complaints) -> None:
    assert complaints({"campaigns/b.yaml": "extends: a.yaml\nname: a\n"}) == [
        (
            'campaigns/b.yaml:2: name: "a" is also the name of the campaign at campaigns/a.yaml:1; '
            "give each campaign its own"
        )
    ]


def test_nothing_is_written_by_loading(complaints: Complaints, load: Load, project: Path) -> None:
    load()
    complaints({"campaigns/b.yaml": "x: y"})
    assert sorted(str(path.relative_to(project)) for path in project.rglob("*")) == [
        "campaigns",
        "campaigns/a.yaml",
        "campaigns/b.yaml",
        "notifykit.yaml",
    ]


def campaign(line: str) -> str:
    """Return a campaign with a line of its own before all others."""
    return f"{line}\n{HEAD.replace('messages:', MESSAGES.strip())}"


def test_old_state_is_checked_like_everything_else(complaints: Complaints) -> None:
    files = {
        "campaigns/a.yaml": campaign("legacy: {kind: job, status_fle: a.json, keep: perhaps}"),
        "campaigns/b.yaml": campaign("legacy: {kind: job, status_file: a.json, word: ''}"),
        "campaigns/c.yaml": campaign("legacy: {status_file: a.json}"),
        "campaigns/d.yaml": campaign("legacy: a.json"),
    }
    assert sorted(complaints(files)) == [
        'campaigns/a.yaml:1: legacy.keep: must be true or false, not "perhaps"',
        "campaigns/a.yaml:1: legacy.status_file: is missing",
        'campaigns/a.yaml:1: legacy.status_fle: there is no such key; did you mean "status_file"?',
        "campaigns/b.yaml:1: legacy.word: is empty",
        "campaigns/c.yaml:1: legacy.kind: is missing",
        'campaigns/d.yaml:1: legacy: must be a mapping, not "a.json"',
    ]


def test_a_section_of_a_plugin_is_checked_like_the_hosts_own(complaints: Complaints) -> None:
    project = """\
    senders: {note: {type: quiet}}
    desk:
      chanels: {}
      channels: {letters: nota}
      share: 7
    """
    assert complaints({"notifykit.yaml": project}) == [
        'notifykit.yaml:3: desk.chanels: there is no such key; did you mean "channels"?',
        'notifykit.yaml:4: desk.channels.letters: no sender called "nota"; did you mean "note"?',
        "notifykit.yaml:5: desk.share: must be less than or equal to 1, not 7",
    ]


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("dsek: {share: 1}", 'dsek: there is no such key; did you mean "desk"?'),
        ("dispach: {workers: 1}", 'dispach: there is no such key; did you mean "dispatch"?'),
        ("desk: 7", "desk: must be a mapping"),
        (
            "elsewhere: 7",
            (
                "elsewhere: there is no such key; "
                "the keys are store, keep, timezone, campaigns, senders, dispatch, run, engine, alerts, observers, "
                "plugins, desk"
            ),
        ),
    ],
)
def test_a_key_of_nobody(complaints: Complaints, line: str, what: str) -> None:
    assert complaints({"notifykit.yaml": f"senders: {{note: {{type: quiet}}}}\n{line}\n"}) == [
        f"notifykit.yaml:2: {what}"
    ]
