"""A file whose encoding nothing proves stops its campaign until a person has named it."""

from __future__ import annotations

import pytest
from cli_world import CliWorld

from notifykit.outbox.values import Filter

CAMPAIGN = """
source: {type: csv, path: data/people.csv, key: id}
strategy: {type: csv_flag, flag: told, unsent: "N", sent: "Y"}
messages:
  - {name: group, recipient: 群, sender: beijing-group, template: 'hello {{ record["name"] }}'}
"""
TEXT = "id,name,told\n1,Müller,N\n2,Köhler,N\n3,Ann,N\n"


def texts(world: CliWorld) -> list[str]:
    with world.outbox() as outbox:
        return [task.text for task in outbox.tasks(Filter(campaign="people"))]


@pytest.fixture
def people(world: CliWorld) -> CliWorld:
    world.write_campaign("people", CAMPAIGN)
    (world.folder / "data" / "people.csv").write_bytes(TEXT.encode("cp1252"))
    return world


def test_nothing_is_sent_under_a_guessed_name(people: CliWorld) -> None:
    checked = people.invoke("check")
    assert checked.exit_code == 4
    assert '"Müller" (cp1252) or "M黮ler" (gb18030)' in checked.stdout
    generated = people.invoke("generate")
    assert generated.exit_code == 1
    assert '"Müller" (cp1252) or "M黮ler" (gb18030)' in generated.stderr
    assert texts(people) == []
    assert "beijing" in generated.stdout, "other campaigns go on"


def test_a_name_that_is_said_is_read_and_written_byte_for_byte(people: CliWorld) -> None:
    people.edit("campaigns/people.yaml", "key: id", "key: id, encoding: windows-1252")
    assert people.invoke("run", "--once").exit_code == 0
    assert texts(people) == ["hello Müller", "hello Köhler", "hello Ann"]
    assert (people.folder / "data" / "people.csv").read_bytes() == TEXT.replace(",N", ",Y").encode("cp1252")


def test_a_name_that_no_file_can_be_read_by_is_a_defect_of_the_campaign(people: CliWorld) -> None:
    people.edit("campaigns/people.yaml", "key: id", "key: id, encoding: utf-16")
    refused = people.invoke("generate")
    assert refused.exit_code == 4
    assert "people.yaml:2: source.encoding: a file in utf-16 cannot be read byte by byte" in refused.stderr


def test_a_column_of_a_template_proves_the_encoding(people: CliWorld) -> None:
    text = TEXT.replace("name", "姓名").replace("Müller", "管家").replace("Köhler", "测试")
    (people.folder / "data" / "people.csv").write_bytes(text.encode("gb18030"))
    people.edit("campaigns/people.yaml", 'record["name"]', 'record["姓名"]')
    assert people.invoke("check").exit_code == 0
    assert people.invoke("run", "--once").exit_code == 0
    assert texts(people) == ["hello 管家", "hello 测试", "hello Ann"]
    assert (people.folder / "data" / "people.csv").read_bytes() == text.replace(",N", ",Y").encode("gb18030")


def test_words_that_the_encoding_lacks_are_found_before_anything_is_queued(people: CliWorld) -> None:
    people.edit("campaigns/people.yaml", "key: id", "key: id, encoding: cp1252")
    people.edit("campaigns/people.yaml", 'sent: "Y"', 'sent: "是"')
    checked = people.invoke("check")
    assert checked.exit_code == 4
    assert "`sent` is '是', which cannot be written in cp1252" in checked.stdout
    assert people.invoke("generate").exit_code == 1
    assert texts(people) == []
