from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from notifykit.config.resolve import Configuration
from notifykit.legacy import Disposal
from notifykit.model import Record, Table

Load = Callable[..., Configuration]
Complaints = Callable[..., list[str]]

BASE = """\
name: the-base
enabled: false
source:
  type: rows
  path: data/aug.csv
  unsent: N
strategy: {type: flag, column: told}
retry: {attempts: 3, first: 1s}
messages:
  - name: group
    recipient: ops
    template: Base text
    sender: note
    when: 'record.key != "x"'
    retry: {attempts: 5}
  - name: award
    recipient: ops
    template: Award
    sender: note
legacy: {kind: job, status_file: aug.json, keep: yes}
"""


def rec() -> Record:
    return Record("k", [], Table("t", {}), 1)


def only(configuration: Configuration) -> Any:
    (campaign,) = configuration.campaigns
    return campaign


def test_next_month_is_the_lines_that_differ(load: Load) -> None:
    files = {"campaigns/_base.yaml": BASE, "campaigns/a.yaml": "extends: _base.yaml\nsource: {path: data/sep.csv}\n"}
    campaign = only(load(files))
    assert campaign.name == "a"
    assert campaign.source.path.name == "sep.csv"
    assert campaign.strategy.column == "told"
    assert [message.name for message in campaign.messages] == ["group", "award"]
    assert [message.retry.attempts for message in campaign.messages] == [5, 3]
    assert campaign.messages[0].retry.first == 1.0
    assert (campaign.legacy.status_file, campaign.legacy.disposal) == (Path("aug.json"), Disposal.KEEP)


def test_messages_are_merged_by_name(load: Load) -> None:
    heir = """\
    extends: _base.yaml
    messages:
      - {name: award, template: New award}
      - {name: extra, recipient: ops, template: Extra, sender: note}
    """
    messages = only(load({"campaigns/_base.yaml": BASE, "campaigns/a.yaml": heir})).messages
    assert [(message.name, message.text(rec())) for message in messages] == [
        ("group", "Base text"),
        ("award", "New award"),
        ("extra", "Extra"),
    ]


def test_a_template_replaces_the_other_kind_of_template(load: Load) -> None:
    heir = "extends: _base.yaml\nmessages:\n  - {name: group, template_file: texts/g.txt}\n"
    files = {"campaigns/_base.yaml": BASE, "campaigns/a.yaml": heir, "texts/g.txt": "From the file\n"}
    assert only(load(files)).messages[0].text(rec()) == "From the file"


def test_a_key_with_nothing_behind_it_drops_what_is_inherited(load: Load) -> None:
    heir = "extends: _base.yaml\nlegacy:\nsource: {unsent: }\nmessages:\n  - {name: group, when: }\n"
    campaign = only(load({"campaigns/_base.yaml": BASE.replace("unsent: N", "unsent: open"), "campaigns/a.yaml": heir}))
    assert campaign.legacy is None
    assert campaign.source.unsent == "N"
    assert campaign.messages[0].when is None


def test_another_type_brings_its_own_options(load: Load) -> None:
    heir = "extends: _base.yaml\nsource: {type: lines, path: b.txt}\n"
    source = only(load({"campaigns/_base.yaml": BASE, "campaigns/a.yaml": heir})).source
    assert (type(source).__name__, source.path.name) == ("Lines", "b.txt")


def test_the_same_type_keeps_what_is_inherited(load: Load) -> None:
    heir = "extends: _base.yaml\nsource: {type: rows, unsent: open}\n"
    source = only(load({"campaigns/_base.yaml": BASE, "campaigns/a.yaml": heir})).source
    assert (source.path.name, source.unsent) == ("aug.csv", "open")


def test_the_same_kind_keeps_what_is_inherited_and_another_does_not(load: Load) -> None:
    heir = "extends: _base.yaml\nlegacy: {word: done}\n"
    state = only(load({"campaigns/_base.yaml": BASE, "campaigns/a.yaml": heir})).legacy
    assert (state.status_file, state.sent_word) == (Path("aug.json"), "done")
    heir = "extends: _base.yaml\nlegacy: {kind: bare}\n"
    assert only(load({"campaigns/_base.yaml": BASE, "campaigns/a.yaml": heir})).legacy.status_file == Path("bare")


def test_a_chain(load: Load) -> None:
    files = {
        "campaigns/shared/_base.yaml": BASE,
        "campaigns/_aug.yaml": "extends: shared/_base.yaml\nsource: {first: 1, unsent: open}\n",
        "campaigns/a.yaml": "extends: _aug.yaml\nsource: {first: 2}\n",
    }
    source = only(load(files)).source
    assert (source.path.name, source.unsent, source.first) == ("aug.csv", "open", 2)


def test_a_campaign_can_be_the_base_of_another(load: Load) -> None:
    files = {"campaigns/aug.yaml": BASE, "campaigns/a.yaml": "extends: aug.yaml\n"}
    configuration = load(files)
    assert [campaign.name for campaign in configuration.campaigns] == ["a"]
    assert [campaign.name for campaign in configuration.disabled] == ["the-base"]


def test_a_defect_stands_where_it_is_written_and_counts_once(complaints: Complaints) -> None:
    base = BASE.replace("sender: note", "sender: nobody", 1).replace("attempts: 3", "attempts: 0")
    heir = "extends: _base.yaml\nmessages:\n  - {name: group, order: any}\n"
    files = {"campaigns/_base.yaml": base, "campaigns/a.yaml": heir, "campaigns/b.yaml": heir}
    assert complaints(files) == [
        "campaigns/_base.yaml:8: retry.attempts: must be greater than or equal to 1, not 0",
        'campaigns/_base.yaml:13: messages[0].sender: no sender called "nobody"; there is group, note',
        "campaigns/a.yaml:3: messages[0].order: is \"any\", which is not 'recipient' or 'none'",
        "campaigns/b.yaml:3: messages[0].order: is \"any\", which is not 'recipient' or 'none'",
    ]


@pytest.mark.parametrize(
    ("files", "what"),
    [
        (
            {"campaigns/a.yaml": "extends: _bse.yaml\n", "campaigns/_base.yaml": BASE},
            ['campaigns/a.yaml:1: extends: no file campaigns/_bse.yaml; did you mean "_base.yaml"?'],
        ),
        (
            {"campaigns/a.yaml": "\nextends: none/at/all.yaml\n"},
            ["campaigns/a.yaml:2: extends: no file campaigns/none/at/all.yaml; correct the path"],
        ),
        (
            {"campaigns/a.yaml": "extends: _b.yaml\n", "campaigns/_b.yaml": "name: b\nextends: ./a.yaml\n"},
            ["campaigns/_b.yaml:2: extends: goes round in a circle: a.yaml → _b.yaml → a.yaml; end it somewhere"],
        ),
        (
            {"campaigns/a.yaml": "extends: a.yaml\n"},
            ["campaigns/a.yaml:1: extends: goes round in a circle: a.yaml → a.yaml; end it somewhere"],
        ),
        (
            {"campaigns/a.yaml": "extends: _b.yaml\n", "campaigns/_b.yaml": "- a\n- b\n"},
            ["campaigns/_b.yaml:1: must be a mapping with the keys source, strategy and messages"],
        ),
        (
            {"campaigns/a.yaml": "extends: [_b.yaml]\n"},
            [
                "campaigns/a.yaml:1: source: is missing",
                "campaigns/a.yaml:1: strategy: is missing",
                "campaigns/a.yaml:1: messages: is missing",
                "campaigns/a.yaml:1: extends: must be text, not a list",
            ],
        ),
        (
            {"campaigns/a.yaml": "extends: _b.yaml\nmessages: [text, {when: x}]\n", "campaigns/_b.yaml": BASE},
            [
                'campaigns/a.yaml:2: messages[2]: must be a mapping, not "text"',
                "campaigns/a.yaml:2: messages[3].name: is missing",
                "campaigns/a.yaml:2: messages[3].recipient: is missing",
                "campaigns/a.yaml:2: messages[3].sender: is missing",
                (
                    'campaigns/a.yaml:2: messages[3].when: there is nothing called "x"; there is record, campaign, '
                    'now, today; a column is written record["x"]'
                ),
            ],
        ),
    ],
)
def test_what_cannot_be_extended(complaints: Complaints, files: dict[str, str], what: list[str]) -> None:
    assert sorted(complaints(files)) == sorted(what)


def test_two_messages_of_one_name(complaints: Complaints) -> None:
    twice = """\
    extends: _base.yaml
    messages:
      - name: award
      - name: group
      - name: award
    """
    assert complaints({"campaigns/_base.yaml": BASE, "campaigns/a.yaml": twice}) == [
        'campaigns/a.yaml:5: messages[2].name: "award" is also the name of messages[0]; give each message its own'
    ]
