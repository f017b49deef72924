"""What the log says of messages that were not accepted."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from contract_world import ContractWorld
from counting_server import counting_server

from notifykit.pipeline.run import Runner


@pytest.mark.parametrize(
    ("status", "code", "words"), [(429, "queued", "put back, next try in"), (404, "failed", "failed: ")]
)
def test_what_is_not_accepted_is_told_to_whoever_asks(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, status: int, code: str, words: str
) -> None:
    with counting_server() as server:
        world = ContractWorld(tmp_path / "world", server.url, count=1, award_every=9)
        refusals = iter([status])
        server.before = lambda _body: next(refusals, None)
        project = world.opened()
        outbox = project.open_outbox()
        with caplog.at_level(logging.INFO, "notifykit.pipeline"):
            Runner(project, outbox, project.campaigns()).once()
        outbox.close()
    told = [record for record in caplog.records if getattr(record, "code", None) == code]
    assert len(told) == 1
    assert words in told[0].getMessage()
    fields = {name: getattr(told[0], name) for name in ("campaign", "channel")}
    assert fields == {"campaign": "contracts", "channel": "service"}
    assert f"task {vars(told[0])['task']} " in told[0].getMessage()
