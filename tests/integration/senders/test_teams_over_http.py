"""A workflow of Teams, against a service that answers as Power Automate does."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from notifykit_teams.card import Button, Fact, TeamsOptions, request_of
from notifykit_teams.workflow import TeamsWorkflow

from notifykit.model import FOREVER, Verdict
from notifykit.roles import Rate, Sender
from notifykit.secrets import Secret
from notifykit.testing import SenderContract, message, send_context
from notifykit.testing.services import BROKEN, FakeTeams

ACCEPTED, REJECTED, RETRY, UNKNOWN = Verdict.ACCEPTED, Verdict.REJECTED, Verdict.RETRY, Verdict.UNKNOWN
Answering = Callable[..., tuple[str, list[bytes]]]
NOWHERE = "http://127.0.0.1:1/workflows/0a1b"


@pytest.fixture
def service() -> Iterator[FakeTeams]:
    with FakeTeams(signature="0a1b2c3d") as running:
        yield running


def workflow(url: str = NOWHERE, **options: Any) -> TeamsWorkflow:
    return TeamsWorkflow(url=Secret(url), **options)


class TestTeamsContract(SenderContract):
    @pytest.fixture(autouse=True)
    def _service(self) -> Iterator[None]:
        with FakeTeams(signature="0a1b2c3d") as self.service:
            yield

    def make_sender(self, folder: Path) -> Sender:
        return workflow(self.service.workflow_url)

    def make_unreachable_sender(self, folder: Path) -> Sender:
        return workflow()

    def make_unanswered_sender(self, folder: Path) -> Sender:
        self.service.answer_nothing()
        return workflow(self.service.workflow_url)


def test_the_facts() -> None:
    assert (workflow().limits, workflow().repeatable) == ((Rate(4, 1),), False)
    assert workflow().credential_key.reveal() == NOWHERE
    assert workflow().probe(1).ready is None


def test_what_is_accepted_says_how_much_that_proves(service: FakeTeams) -> None:
    outcome = workflow(service.workflow_url).send(message(text="工单"), send_context())
    assert (outcome.verdict, outcome.vendor_id) == (ACCEPTED, "run-1")
    assert outcome.detail == "the workflow took it; whether it is shown in Teams, only the workflow's run history tells"
    assert [taken.text for taken in service.delivered] == ["工单"]
    assert service.requests[0].headers["x-ms-client-tracking-id"] == "sample/C-1/group/1"


def test_what_the_workflow_refuses(service: FakeTeams) -> None:
    whole = service.workflow_url
    cut = workflow(whole.partition("&sig=")[0]).send(message(), send_context())
    assert (cut.verdict, cut.code, cut.pause) == (REJECTED, "DirectApiAuthorizationRequired", FOREVER)
    gone = workflow(service.url).send(message(), send_context())
    assert (gone.verdict, gone.code, gone.pause) == (REJECTED, "WorkflowNotFound", FOREVER)
    service.enabled = False
    off = workflow(whole).send(message(), send_context())
    assert (off.verdict, off.code, off.pause) == (REJECTED, "WorkflowTriggerIsNotEnabled", FOREVER)
    assert service.delivered == []


def test_a_workflow_that_gets_too_much_asks_to_wait() -> None:
    with FakeTeams(signature="0a", rate=(1, 60)) as service:
        sender = workflow(service.workflow_url)
        assert sender.send(message(), send_context()).verdict is ACCEPTED
        outcome = sender.send(message(), send_context())
        assert (outcome.verdict, outcome.code, outcome.pause) == (RETRY, "HTTP 429", 2)


def test_a_reply_that_is_lost_leaves_a_doubt(service: FakeTeams) -> None:
    service.fail_next(BROKEN, takes=True)
    service.fail_next(None)
    lost = [workflow(service.workflow_url).send(message(), send_context(timeout=0.3)) for _ in range(2)]
    assert [outcome.verdict for outcome in lost] == [UNKNOWN, UNKNOWN]


def test_what_teams_could_not_show_is_not_sent(service: FakeTeams) -> None:
    """The workflow would take it, and nobody would hear that it failed."""
    sender = workflow(service.workflow_url)
    outcome = sender.send(message(text="长" * 9_300), send_context())
    assert (outcome.verdict, outcome.code) == (REJECTED, "too_long")
    assert sender.send(message(text="长" * 9_100), send_context()).verdict is ACCEPTED
    assert service.failed == []


def http(status: str, body: bytes = b"", more: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{more}\r\n".encode() + body


@pytest.mark.parametrize(
    ("reply", "verdict", "code"),
    [
        (http("202 Accepted"), ACCEPTED, ""),
        (http("200 OK", b"done", "x-ms-workflow-run-id: 08\r\n"), ACCEPTED, ""),
        (http("200 OK", b"<html>"), UNKNOWN, "no_run"),
        (http("204 No Content"), UNKNOWN, "no_run"),
        (http("400 Bad", b'{"error":{"code":"TriggerInputSchemaMismatch"}}'), REJECTED, "TriggerInputSchemaMismatch"),
        (http("400 Bad", b'{"error":{"code":"http://a/?sig=0a"}}'), REJECTED, "HTTP 400"),
        (http("403 Forbidden"), REJECTED, "HTTP 403"),
        (http("410 Gone"), REJECTED, "HTTP 410"),
        (http("502 Bad Gateway", b'{"error":{"code":"NoResponse"}}'), UNKNOWN, "HTTP 502"),
        (http("429 Too Many"), RETRY, "HTTP 429"),
    ],
)
def test_what_a_reply_means(answering: Answering, reply: bytes, verdict: Verdict, code: str) -> None:
    outcome = workflow(answering(reply)[0]).send(message(), send_context())
    assert (outcome.verdict, outcome.code) == (verdict, code)


def test_the_card() -> None:
    options = TeamsOptions(
        title="日报",
        colour="good",
        facts=[Fact(title="金额", value="15000")],
        buttons=[Button(title="看", url="https://a.example/1")],
    )
    request = json.loads(json.dumps(request_of("一\n二", options, wide=True)))
    (attached,) = request["attachments"]
    assert (request["type"], attached["contentType"]) == ("message", "application/vnd.microsoft.card.adaptive")
    card = attached["content"]
    assert [block["type"] for block in card["body"]] == ["TextBlock", "TextBlock", "FactSet"]
    assert (card["body"][0]["text"], card["body"][0]["color"], card["body"][1]["text"]) == ("日报", "good", "一\n\n二")
    assert card["body"][2]["facts"] == [{"title": "金额", "value": "15000"}]
    assert card["actions"] == [{"type": "Action.OpenUrl", "title": "看", "url": "https://a.example/1"}]
    assert card["msteams"] == {"width": "Full"}
    assert "msteams" not in str(request_of("x", TeamsOptions(), wide=False))


def test_options_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="buttons: has 7, and Teams shows 6"):
        TeamsOptions(buttons=[Button(title="x", url="https://a.example")] * 7)
    with pytest.raises(ValueError, match="url: must start with http"):
        workflow("ftp://a.example")
    with pytest.raises(ValueError, match="proxy: must start with http"):
        workflow(proxy="socks5://127.0.0.1")
