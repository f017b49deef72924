"""What stores on SQL build of what they read."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from notifykit.model import Metadata, Status
from notifykit.outbox import cells
from notifykit.outbox.pulses import pulse_of
from notifykit.outbox.values import Outage, OutageKind
from notifykit.wording import Reason


def test_an_outage_there_and_back() -> None:
    given = Outage(
        channel="web",
        kind=OutageKind.THROTTLED,
        since=1.0,
        last_at=2.0,
        task_id=3,
        several=True,
        reason=Reason("busy"),
    )
    values = cells.outage_values(given) | {"several": 1}
    found = cells.outage([values[name] for name in cells.OUTAGE_COLUMNS])
    assert found == given
    assert found.several is True


def test_nobody_knows_since_when_what_was_written_over_waits() -> None:
    pulse = pulse_of(
        {Status.QUEUED: [("a", "web", 2, None), ("b", "web", 1, None), ("b", "desk", 1, 5.0), ("c", "desk", 1, None)]},
        {Status.SENT: [("a", 1)]},
        at=9.0,
        first_due=lambda names: dict.fromkeys(names, 7.0),
        oldest_doubts=lambda names: dict.fromkeys(names, 3.0),
        pauses=[],
    )
    assert [(one.channel, one.waiting.number, one.oldest_queued) for one in pulse.channels] == [
        ("desk", 2, 5.0),
        ("web", 3, None),
    ]
    assert [one.campaign for one in pulse.campaigns] == ["a", "b", "c"]
    assert pulse.total(Status.SENT).number == 1


SAID = st.text() | st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.lists(st.text())


@given(st.dictionaries(st.text(), SAID | st.dictionaries(st.text(max_size=2), SAID | st.dictionaries(st.text(), SAID))))
def test_metadata_is_kept_as_json(metadata: Metadata) -> None:
    assert cells.encode_metadata(metadata) == json.dumps(metadata, ensure_ascii=False)
