"""Metadata as it comes back from the table."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from notifykit.model import Status, Task
from notifykit.outbox import cells
from notifykit.outbox.sqlite import rows
from notifykit.wording import Reason

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


def metadata_of(text: str) -> object:
    return task_of(metadata=text).metadata


def task_of(**columns: object) -> Task:
    """A task of a row with these columns; the others are NULL."""
    ours = {"campaign": "c", "record_key": "k", "message_name": "m", "channel": "robot"}
    row = {
        "id": 1,
        "task_type": "send",
        "recipient": "群",
        "message": "文",
        "status": Status.SENT.value,
        "sent_at": 1.0,
        **ours,
        **columns,
    }
    return rows.task([row.get(name) for name in rows.TASK_COLUMNS])


def test_a_refused_write_back_tells_more_than_the_last_move() -> None:
    assert task_of(reason="the lease ended").reason == Reason("the lease ended")
    assert task_of(reason="the lease ended", refusal="the file is locked").reason == Reason("the file is locked")


def test_columns_can_be_selected_as_something_else() -> None:
    assert rows.selected(("id", "tries", "status"), tries="tries + 1") == "id, tries + 1, status"


@given(st.dictionaries(st.text(max_size=3), VALUES, max_size=4))
def test_metadata_comes_back_as_it_was_stored(metadata: dict[str, object]) -> None:
    assert metadata_of(cells.encode(metadata)) == metadata
    assert metadata_of(json.dumps(metadata, indent=1)) == metadata


def test_tasks_that_differ_in_their_first_member_share_the_others() -> None:
    one, other = (metadata_of(cells.encode({"id": id_, "csv": {"key": "订单"}, "n": 1})) for id_ in ("1", "2"))
    assert one == {"id": "1", "csv": {"key": "订单"}, "n": 1}
    assert other == {"id": "2", "csv": {"key": "订单"}, "n": 1}
    assert isinstance(one, dict)
    assert isinstance(other, dict)
    assert one["csv"] is other["csv"]
    one["n"] = 2
    assert metadata_of(cells.encode({"id": "3", "csv": {"key": "订单"}, "n": 1})) == {
        "id": "3",
        "csv": {"key": "订单"},
        "n": 1,
    }


def test_a_name_that_comes_twice_has_its_last_value() -> None:
    assert metadata_of('{"a": "1", "b": 2, "a": "3"}') == {"a": "3", "b": 2}
    assert metadata_of('{"a": "1", "a": "3"}') == {"a": "3"}
