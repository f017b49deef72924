"""A workflow of Power Automate that posts what it receives to Teams: learn.microsoft.com."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

from notifykit.clock import Clock
from notifykit.testing.http import HttpAnswer, HttpRequest
from notifykit.testing.services.service import Delivered, FakeService, json_answer, json_body

PATH = "/workflows/0a1b2c/triggers/manual/paths/invoke"
SHOWN = 28 * 1024
"""Bytes of a message that Teams shows."""


class FakeTeams(FakeService):
    """One workflow. `signature` is the end of its address.

    It takes whatever is sent with the right signature, and posts it afterwards: `delivered` is what was shown, `failed`
    what it took and could not post.
    """

    def __init__(
        self, *, signature: str = "", rate: tuple[int, float] | None = None, clock: Clock | None = None
    ) -> None:
        super().__init__(rate=rate, clock=clock)
        self._signature = signature
        self.enabled = True
        """Whether the workflow is turned on."""
        self.failed: list[HttpRequest] = []
        """What it took, and Teams refused."""

    @property
    def workflow_url(self) -> str:
        """Return its address, whole: a credential."""
        return f"{self.address}{PATH}?api-version=1&sp=%2Ftriggers&sv=1.0&sig={self._signature}"

    def judge(self, request: HttpRequest) -> Delivered | HttpAnswer:
        """Look at the address, and whether it is turned on."""
        url = urlsplit(request.path)
        if url.path != PATH:
            return _refused(404, "WorkflowNotFound")
        if parse_qs(url.query).get("sig") != [self._signature]:
            return _refused(401, "DirectApiAuthorizationRequired")
        if not self.enabled:
            return _refused(400, "WorkflowTriggerIsNotEnabled")
        body = json_body(request)
        if not body:
            return _refused(400, "TriggerInputSchemaMismatch")
        text = _text(body)
        if not text or len(request.body) > SHOWN:
            self.failed.append(request)
            return _taken(-len(self.failed))
        return Delivered(PATH, text, body)

    def accept(self, message: Delivered, number: int) -> HttpAnswer:  # noqa: ARG002 - it says nothing of the message
        """Say that a run has begun."""
        return _taken(number)

    def too_fast(self) -> HttpAnswer:
        """Ask to wait, by the header."""
        return json_answer(429, {"error": {"code": "WorkflowRunInProgressLimitExceeded"}}, retry_after="2")


def _taken(number: int) -> HttpAnswer:
    return HttpAnswer(202, b"", {"x-ms-workflow-run-id": f"run-{number}", "x-ms-trigger-history-name": "manual"})


def _refused(status: int, code: str) -> HttpAnswer:
    return json_answer(status, {"error": {"code": code, "message": "The workflow said no."}})


def _text(body: Mapping[str, object]) -> str:
    """Return the texts of the blocks of the first card; empty where there is no card."""
    match body:
        case {"attachments": [{"content": {"body": [*blocks]}}, *_]}:
            return "\n".join(str(block.get("text", "")) for block in blocks if isinstance(block, dict)).strip()
    return ""
