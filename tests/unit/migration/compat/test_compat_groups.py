from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from notifykit_compat.activation import Staged
from notifykit_compat.contract_files import ContractFile
from notifykit_compat.groups import Group, group_of
from notifykit_contract.source import CsvSource
from notifykit_contract.strategy import CsvFlag

from notifykit.campaign.campaign import Campaign, Channel, MessagePlan
from notifykit.campaign.render import compile_condition, compile_template
from notifykit.errors import RenderError
from notifykit.legacy import Disposal, LegacyState
from notifykit.model import Record, Table

TABLE = Table("x.csv", {"id": 0, "number": 1, "who": 2, "due": 3})
RECORD = Record("7", ["7", "YHWX-7", "测试管家", "1"], TABLE, 2)


def channel(name: str, max_bytes: int | None = None) -> Channel:
    return Channel(name=name, sender=object(), type="file", max_bytes=max_bytes)  # type: ignore[arg-type]


def plan(name: str, task_type: str, recipient: str, when: str | None = None) -> MessagePlan:
    return MessagePlan(
        name=name,
        channel=channel(f"{name}-channel"),
        recipient=compile_template(recipient, where="test"),
        text=compile_template("unused", where="test"),
        when=compile_condition(when, "test") if when else None,
        task_type=task_type,
    )


PLANS = (plan("group", "wecom", "群"), plan("award", "wechat", '{{ record["who"] }}', 'record["due"] == "1"'))


def contract_file(*plans: MessagePlan, number: str | None = "number") -> ContractFile:
    campaign = Campaign(
        name="beijing",
        file=Path("beijing.yaml"),
        source=CsvSource(path=Path("x.csv"), key="id"),
        strategy=CsvFlag(flag="flag"),
        messages=plans or PLANS,
    )
    state = LegacyState(
        campaign="beijing", status_file=Path("x.json"), sent_word="sent", disposal=Disposal.RETIRE, number=number
    )
    return ContractFile(
        campaign=campaign,
        state=state,
        status_file=Path("x.json"),
        csv_file=Path("x.csv"),
        keeper=CsvFlag(flag="flag"),
    )


def group(*staged: Staged, file: ContractFile | None = None, record: Record = RECORD) -> Group:
    made = group_of(file or contract_file(), record, staged, {"sms": "sms-channel"})
    assert isinstance(made, Group)
    return made


def names(made: Group) -> list[tuple[str, str, str]]:
    return [(draft.name, draft.recipient, draft.channel) for draft in made.drafts]


def test_messages_are_found_by_type_recipient_and_condition() -> None:
    made = group(Staged("wechat", "测试管家", "award YHWX-7"), Staged("wecom", "群", "group YHWX-7"))
    assert names(made) == [("award", "测试管家", "award-channel"), ("group", "群", "group-channel")]
    assert [draft.text for draft in made.drafts] == ["award YHWX-7", "group YHWX-7"], "the program's own text"
    assert {(draft.campaign, draft.key) for draft in made.drafts} == {("beijing", "7")}
    assert made.drafts[0].metadata["contract_id"] == "7"
    assert made.odd == ()


def test_two_of_one_type_are_told_apart_by_recipient() -> None:
    file = contract_file(PLANS[0], plan("boss", "wecom", "老板群"))
    made = group(Staged("wecom", "老板群", "x"), Staged("wecom", "群", "y"), file=file)
    assert [draft.name for draft in made.drafts] == ["boss", "group"]


def test_another_recipient_is_told_and_counts() -> None:
    made = group(Staged("wecom", "旧群", "x"))
    assert names(made) == [("group", "旧群", "group-channel")]
    assert made.odd == ("sends `group` to 群, and the program to 旧群: the program counts",)


def test_what_the_file_does_not_describe_is_sent_too() -> None:
    made = group(Staged("wecom", "群", "a"), Staged("sms", "13", "b"), Staged("sms", "14", "c"))
    assert [draft.name for draft in made.drafts] == ["group", "also-1", "also-2"]
    assert {draft.channel for draft in made.drafts[1:]} == {"sms-channel"}
    assert len(made.odd) == 2


def test_a_type_without_a_channel_is_refused() -> None:
    made = group_of(contract_file(), RECORD, [Staged("fax", "1", "x")], {})
    assert isinstance(made, str)
    assert "no message of type fax" in made


def test_several_parts_of_one_message() -> None:
    made = group(Staged("wecom", "群", "a"), Staged("wecom", "群", "b"), file=contract_file(number=None))
    assert [draft.name for draft in made.drafts] == ["group", "group.2"]


def test_a_long_text_is_split_where_the_campaign_says_so() -> None:
    long = replace(PLANS[0], channel=channel("robot", 10), split=True)
    made = group(Staged("wecom", "群", "12345678\n12345678"), file=contract_file(long))
    assert [(draft.name, draft.text) for draft in made.drafts] == [("group", "12345678"), ("group.2", "12345678")]
    whole = group(Staged("wecom", "群", "1234567890123"), file=contract_file(long))
    assert len(whole.drafts) == 1, "a line cannot be cut: the service says what it thinks of it"


@pytest.mark.parametrize(
    ("left", "why"),
    [
        (Staged("wecom", "群", "group YHWX-6"), "its number, beside one with this contract's"),
        (Staged("wechat", "别的管家", "award YHWX-6"), "another recipient"),
        (Staged("wecom", "群", "group YHWX-77"), "a number that only begins alike"),
    ],
)
def test_what_an_interrupted_contract_left_is_not_taken_for_this_ones(left: Staged, why: str) -> None:
    own = [Staged("wecom", "群", "group YHWX-7"), Staged("wechat", "测试管家", "award YHWX-7")]
    made = group(left, *own)
    assert [draft.text for draft in made.drafts] == [one.text for one in own], why
    assert [one.identity for one in (left, *own)] == [None, ("beijing", "7", "group"), ("beijing", "7", "award")]
    assert made.left == (left,)


def test_a_text_without_a_number_is_this_contracts_own() -> None:
    made = group(Staged("wecom", "群", "group YHWX-7"), Staged("wechat", "测试管家", "恭喜"))
    assert [draft.name for draft in made.drafts] == ["group", "award"]
    assert made.left == ()


def test_a_recipient_that_cannot_be_rendered_is_found_by_type() -> None:
    def fails(record: Record) -> str:
        raise RenderError(f"no {record}")

    made = group(Staged("wecom", "群", "x"), file=contract_file(replace(PLANS[0], recipient=fails)))
    assert made.drafts[0].name == "group"


def test_what_is_not_due_is_found_all_the_same() -> None:
    """The program decides what is sent; the name keeps it from being sent twice."""
    undue = Record("7", ["7", "YHWX-7", "测试管家", "0"], TABLE, 2)
    made = group(Staged("wechat", "测试管家", "award YHWX-7"), record=undue)
    assert [draft.name for draft in made.drafts] == ["award"]
