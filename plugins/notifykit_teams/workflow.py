"""A workflow of Power Automate that posts to a chat or channel of Teams what it receives.

Facts from the vendor's pages (learn.microsoft.com): "Create Incoming Webhooks" and "Microsoft Teams" among the
connectors (28 KB a message, four requests a second), and "Receive and respond to inbound HTTPS calls" (202 and the
number of the run where the workflow took the request). The workflow posts after it has answered: what comes of that is
told nowhere but in its run history. Nothing drops a repeat.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import ClassVar

from notifykit.http import Reply, check_http_url, classify_status, header_value, post, throttle
from notifykit.messages.escaping import escape_wecom_markdown
from notifykit.model import FOREVER, Message, Outcome
from notifykit.options import Secret
from notifykit.roles import Probe, Rate, SendContext
from notifykit.wording import Reason
from notifykit.wording.translation import gettext
from notifykit_teams import wording
from notifykit_teams.card import TeamsOptions, request_of

MAX_REQUEST = 28_000
"""Bytes of a message that Teams shows. The workflow takes a larger one, and fails when it posts it."""

RUN = "x-ms-workflow-run-id"
"""The header of a reply that names the run."""

TRACKING = "x-ms-client-tracking-id"
"""The header of a request by which a run is found in the history."""

_CODE = re.compile(r"[A-Za-z]{1,64}")

_ALL_FAIL: Mapping[object, Reason] = {
    "WorkflowTriggerIsNotEnabled": wording.TURNED_OFF(),
    HTTPStatus.UNAUTHORIZED: wording.NOT_ALLOWED(),
    HTTPStatus.FORBIDDEN: wording.NOT_ALLOWED(),
    HTTPStatus.NOT_FOUND: wording.GONE(),
    HTTPStatus.GONE: wording.GONE(),
}
"""By code of the error, or by status."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamsWorkflow:
    """Send to the chat or channel that a workflow posts to. A task's recipient is only a label: the URL decides."""

    limits: ClassVar[tuple[Rate, ...]] = (Rate(4, 1),)
    repeatable: ClassVar[bool] = False
    max_bytes: ClassVar[int] = 24_000
    """UTF-8 bytes of text in one message: what a card adds has room in `MAX_REQUEST`."""
    message_options: ClassVar[type] = TeamsOptions

    url: Secret
    """What the workflow shows under *When a Teams webhook request is received*: whole, for its end is a signature."""
    wide: bool = True
    """The card takes the width of the channel."""
    proxy: Secret | str | None = None
    """`http://host:port`, or a secret where it holds a password."""

    def __post_init__(self) -> None:
        check_http_url(self.url, "url")
        check_http_url(self.proxy, "proxy")

    @property
    def credential_key(self) -> Secret:
        """What the limits belong to: channels of one workflow share them."""
        return self.url

    def escape(self, value: str) -> str:
        """Defuse Markdown in record data."""
        return escape_wecom_markdown(value)

    def send(self, message: Message, context: SendContext) -> Outcome:
        """Post once. 202 says that the workflow took it, and no more."""
        body = request_of(message.text, message.options or TeamsOptions(), wide=self.wide)
        size = len(json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(errors="surrogatepass"))
        if size > MAX_REQUEST:
            return Outcome.rejected("too_long", wording.TOO_LONG(size=size, most=MAX_REQUEST).text)
        reply = post(
            self.url,
            json=body,
            headers={TRACKING: header_value(message.idempotency_key)},
            timeout=context.timeout,
            proxy=self.proxy,
        )
        return reply if isinstance(reply, Outcome) else _judge(reply, context.clock.now())

    def probe(self, timeout: float) -> Probe:  # noqa: ARG002 - nothing is asked
        """Ask nothing: whatever the workflow is sent begins a run."""
        return Probe.not_asked(gettext("a workflow is asked by messages alone"))


def _judge(reply: Reply, now: float) -> Outcome:
    if (asked := throttle(reply, now=now)) is not None:
        return asked
    run = reply.headers.get(RUN)
    # A workflow with a Response action of its own answers 200, say, and names the run as well.
    if reply.status == HTTPStatus.ACCEPTED or (reply.ok and run):
        return Outcome.accepted(detail=wording.TAKEN().text, vendor_id=run)
    code = _error_code(reply)
    if (why := _ALL_FAIL.get(code) or _ALL_FAIL.get(reply.status)) is not None:
        return Outcome.rejected(code or f"HTTP {reply.status}", wording.WORKFLOW(what=why).text, pause=FOREVER)
    if code and reply.status == HTTPStatus.BAD_REQUEST:
        return Outcome.rejected(code, wording.REFUSED().text)
    return classify_status(reply, now=now) or Outcome.unknown("no_run", wording.NO_RUN().text)


def _error_code(reply: Reply) -> str:
    """Return the code of the error that a reply tells of; empty where there is none."""
    error = reply.json_object().get("error")
    code = error.get("code") if isinstance(error, Mapping) else None
    return code if isinstance(code, str) and _CODE.fullmatch(code) else ""
