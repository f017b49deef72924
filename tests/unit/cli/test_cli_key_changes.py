"""A campaign whose keys are taken from elsewhere than before: the same records would be told again under other keys."""

from __future__ import annotations

from collections import Counter

import pytest
from cli_world import FINE, CliWorld, contract

from notifykit.outbox.values import Filter
from notifykit.wording.host import KEY_CHANGED

FILE = "campaigns/beijing.yaml"
KEY, OTHER, THIRD = "合同ID(_id)", "管家(serviceHousekeeper)", "备注"


@pytest.fixture
def told(world: CliWorld) -> CliWorld:
    """A world in which everybody was told, and whose flags a newly exported file has lost."""
    world.lived()
    world.write_rows([contract(number), f"测试管家{number}", str(number % 2), "N", FINE] for number in (1, 2))
    return world


def queued(world: CliWorld) -> Counter[tuple[str, str]]:
    with world.outbox() as outbox:
        return Counter((task.campaign, task.key) for task in outbox.tasks(Filter()))


def take(world: CliWorld, before: str, key: str) -> None:
    """Take the keys from another column."""
    world.edit(FILE, f", key: {before}", f", key: {key}")


def test_other_keys_queue_nothing_and_everybody_says_so(told: CliWorld) -> None:
    before = queued(told)
    take(told, KEY, OTHER)
    mend = f"write `key: {KEY}` again, or, where that is meant, `replaces_key: {KEY}` in its file"
    checked = told.invoke("check")
    assert (checked.exit_code, mend in checked.stdout) == (4, True)
    generated = told.invoke("generate")
    assert (generated.exit_code, mend in generated.stderr) == (1, True)
    assert told.invoke("generate", "--dry-run").exit_code == 1
    assert told.invoke("run", "--once").exit_code == 1
    assert mend in told.invoke("status").stdout.replace("\n", " ")
    assert queued(told) == before


def test_programs_read_why_by_a_code(told: CliWorld) -> None:
    take(told, KEY, OTHER)
    reason = KEY_CHANGED(campaign="beijing", before=KEY, key=OTHER).as_data()
    assert told.json("generate", code=1)["failure_reasons"] == {"beijing": reason}
    assert told.json("run", "--once", code=1)["failure_reasons"] == {"beijing": reason}
    assert told.json("status")["queue_nothing_reasons"] == {"beijing": reason}
    assert told.json("status")["queue_nothing"] == {"beijing": reason["text"]}
    (finding,) = [found for found in told.json("check", code=4)["findings"] if found["reason"]]
    assert (finding["level"], finding["about"], finding["reason"]) == ("error", "beijing", reason)


def test_the_old_key_goes_on_where_it_stood(told: CliWorld) -> None:
    before = queued(told)
    take(told, KEY, OTHER)
    told.invoke("generate")
    take(told, OTHER, KEY)
    assert told.invoke("run", "--once").exit_code == 0
    assert told.json("status")["queue_nothing"] == {}
    assert queued(told) == before
    assert told.flags() == ["Y", "Y"]


def test_a_person_may_say_that_every_record_is_new(told: CliWorld) -> None:
    take(told, KEY, OTHER)
    told.edit(FILE, "source:", f"replaces_key: {KEY}\nsource:")
    assert told.invoke("check").exit_code == 0
    assert told.json("generate")["campaigns"][0]["queued"] == 3
    assert told.json("generate")["campaigns"][0]["queued"] == 0  # it is still said


def test_what_was_said_of_one_change_is_said_of_no_other(told: CliWorld) -> None:
    take(told, KEY, OTHER)
    told.edit(FILE, "source:", f"replaces_key: {KEY}\nsource:")
    told.invoke("generate")
    before = queued(told)
    for key in (KEY, THIRD):
        take(told, OTHER, key)
        assert f"were taken from `{OTHER}`" in told.invoke("generate").stderr.replace("\n", " ")
        take(told, key, OTHER)
    assert queued(told) == before
    take(told, OTHER, KEY)
    told.edit(FILE, f"replaces_key: {KEY}", f"replaces_key: [{KEY}, {OTHER}]")
    assert told.json("generate")["campaigns"][0]["queued"] == 0  # those keys are known


def test_the_file_of_next_month_has_the_keys_of_this_one(told: CliWorld) -> None:
    (told.folder / "data" / "bj-sep.csv").write_bytes(told.csv.read_bytes())
    told.edit(FILE, "data/bj.csv", "data/bj-sep.csv")
    assert told.invoke("generate").exit_code == 0
    take(told, KEY, OTHER)
    assert told.invoke("generate").exit_code == 1


def test_another_name_takes_the_keys_along(told: CliWorld) -> None:
    (told.folder / FILE).rename(told.folder / "campaigns" / "next.yaml")
    told.edit("campaigns/next.yaml", f"key: {KEY}", f"key: {OTHER}")
    assert "campaign rename" in told.invoke("generate").stderr
    assert told.invoke("campaign", "rename", "beijing", "next", "--why", "one a year").exit_code == 0
    assert f"were taken from `{KEY}`" in told.invoke("generate").stderr.replace("\n", " ")
    assert set(queued(told)) == {("next", contract(1)), ("next", contract(2))}


def test_a_copy_with_another_key_is_a_copy(told: CliWorld) -> None:
    text = (told.folder / FILE).read_text(encoding="utf-8")
    told.write_campaign("copy", text.replace(f"key: {KEY}", f"key: {OTHER}"))
    assert "beijing, which was there first" in told.json("generate", code=1)["failures"]["copy"]


def test_what_is_owed_is_written_back_while_it_is_held(told: CliWorld) -> None:
    with told.outbox() as outbox:
        outbox.reopen_write_back("beijing", [contract(1)])
    take(told, KEY, OTHER)
    assert told.invoke("settle").exit_code == 0
    assert told.flags() == ["Y", "N"]
    assert told.invoke("generate").exit_code == 1
