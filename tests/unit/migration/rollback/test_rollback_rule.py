"""What the old program would do next."""

from __future__ import annotations

import pytest
from notifykit_migration.legacy.old_rule import generated_keys, generates, json_says
from notifykit_migration.model import FlagState, StatusFileState


@pytest.mark.parametrize("json", list(StatusFileState))
@pytest.mark.parametrize("column", list(FlagState))
def test_messages_are_made_again_only_for_the_unsent_flag_without_the_sent_word(
    column: FlagState, json: StatusFileState
) -> None:
    assert generates(column, json) is (column is FlagState.UNSENT and json is not StatusFileState.SENT)


def test_the_sent_word_counts_only_where_it_is_exactly_that() -> None:
    words = {"a": "发送成功", "b": "发送失败", "c": None}
    assert [json_says(words, key, "发送成功") for key in "abcd"] == [
        StatusFileState.SENT,
        StatusFileState.OTHER,
        StatusFileState.OTHER,
        StatusFileState.ABSENT,
    ]


def test_the_keys_of_a_campaign_that_would_be_made() -> None:
    columns = {
        "a": FlagState.UNSENT,
        "b": FlagState.UNSENT,
        "c": FlagState.SENT,
        "d": FlagState.OTHER,
        "e": FlagState.UNSENT,
    }
    assert generated_keys(columns, {"a": "发送成功", "b": "?"}, "发送成功") == {"b", "e"}
