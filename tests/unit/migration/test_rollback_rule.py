"""What the old program would do next."""

from __future__ import annotations

import pytest
from notifykit_migration.legacy.old_rule import generated_keys, generates, json_says
from notifykit_migration.model import Column, Json


@pytest.mark.parametrize("json", list(Json))
@pytest.mark.parametrize("column", list(Column))
def test_messages_are_made_again_only_for_the_unsent_flag_without_the_sent_word(column: Column, json: Json) -> None:
    assert generates(column, json) is (column is Column.UNSENT and json is not Json.SENT)


def test_the_sent_word_counts_only_where_it_is_exactly_that() -> None:
    words = {"a": "发送成功", "b": "发送失败", "c": None}
    assert [json_says(words, key, "发送成功") for key in "abcd"] == [Json.SENT, Json.OTHER, Json.OTHER, Json.ABSENT]


def test_the_keys_of_a_campaign_that_would_be_made() -> None:
    columns = {"a": Column.UNSENT, "b": Column.UNSENT, "c": Column.SENT, "d": Column.OTHER, "e": Column.UNSENT}
    assert generated_keys(columns, {"a": "发送成功", "b": "?"}, "发送成功") == {"b", "e"}
