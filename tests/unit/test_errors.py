"""An error says where, what and how to mend it: as fields, and as one text."""

from __future__ import annotations

from pathlib import Path

import pytest

from notifykit.errors import NotifykitError, StoreError
from notifykit.options import OptionError


@pytest.mark.parametrize(
    ("error", "text", "data"),
    [
        (NotifykitError("it rains"), "it rains", {"where": None, "what": "it rains", "mend": None}),
        (
            NotifykitError("it rains; it pours", mend="stay in", where=Path("a.csv")),
            "a.csv: it rains; it pours; stay in",
            {"where": "a.csv", "what": "it rains; it pours", "mend": "stay in"},
        ),
        (NotifykitError("it rains", where="a:3"), "a:3: it rains", {"where": "a:3", "what": "it rains", "mend": None}),
        (
            StoreError("is locked", mend="wait", where="tasks.db", passing=True),
            "tasks.db: is locked; wait",
            {"where": "tasks.db", "what": "is locked", "mend": "wait"},
        ),
    ],
)
def test_the_text_has_the_parts_that_there_are(error: NotifykitError, text: str, data: dict[str, str | None]) -> None:
    assert str(error) == text
    assert error.as_data() == data


def test_a_wrong_option_is_named() -> None:
    error = OptionError("retries", "must be 1 or more", mend="write 3")
    assert (str(error), error.option) == ("retries: must be 1 or more; write 3", "retries")
    assert str(OptionError("retries", "is odd")) == "retries: is odd"
