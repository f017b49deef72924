"""The generic webhook, without a network: headers, body, verdict in the body."""

from pathlib import Path
from typing import Any

import pytest
from notifykit_webhook.accept import Accept
from notifykit_webhook.fields import DEFAULT, check_fields, fill
from notifykit_webhook.sender import Webhook

from notifykit.http import Reply
from notifykit.model import Verdict
from notifykit.roles import Sender
from notifykit.secrets import Secret
from notifykit.testing import message, send_context

NOWHERE = "http://127.0.0.1:1/hook"


def webhook(**options: Any) -> Webhook:
    return Webhook(**{"url": Secret(NOWHERE)} | options)


def test_facts() -> None:
    assert isinstance(webhook(), Sender)
    assert webhook().repeatable is False
    assert webhook(idempotent=True).repeatable is True
    assert webhook().max_bytes is None


def test_a_url_that_is_not_set_yet_is_no_defect() -> None:
    webhook(url=Secret(None))


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        ({"url": Secret("hidden.example.com")}, "url: must start with"),
        ({"headers": {"a b": "c"}}, "headers: 'a b' is not a header's name"),
        ({"headers": {"": "c"}}, "headers: '' is not a header's name"),
        ({"headers": {"idempotency-key": "c"}}, "headers: idempotency-key is set by notifykit; remove it"),
        ({"headers": {"Content-Length": "7"}}, "headers: Content-Length is set by notifykit"),
        ({"headers": {"Authorization": "Bearer hidden"}}, "headers: Authorization is a credential; give it as {env:"),
        ({"headers": {"X-Api-Key": "hidden"}}, "headers: X-Api-Key is a credential"),
        ({"headers": {"X-Team": "管家"}}, "headers: X-Team is not printable ASCII"),
        ({"headers": {"X-Team": "a\nb"}}, "headers: X-Team is not printable ASCII"),
        ({"body": "text", "fields": {"a": "b"}}, "fields: means nothing with `body: text`"),
        ({"max_bytes": 0}, "max_bytes: must be 1 or more, not 0"),
        ({"proxy": "proxy:8080"}, "proxy: must start with"),
        ({"ca_file": Path("/nowhere/ca.pem")}, "ca_file: .* is not a readable file"),
        (
            {"fields": {"a": {"b": ["{texts}"]}}},
            r"fields: the body\.a\.b\[0\] has an unknown placeholder \('{texts}'\)",
        ),
    ],
)
def test_options_that_do_not_fit(options: dict[str, Any], wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong) as raised:
        webhook(**options)
    assert "hidden" not in str(raised.value)


def test_headers_may_be_secrets_or_plain() -> None:
    webhook(headers={"Authorization": Secret("Bearer 0a1b"), "X-Team": "sales", "X-Token": Secret(None)})


def test_a_text_above_max_bytes_is_not_sent() -> None:
    sender = webhook(max_bytes=6)
    assert sender.send(message(text="工单"), send_context()).code == "ConnectError"
    outcome = sender.send(message(text="工单!"), send_context())
    assert (outcome.verdict, outcome.code) == (Verdict.REJECTED, "too_long")
    assert outcome.detail.startswith("7 bytes")


# the body -------------------------------------------------------------------------------------------------


def test_fill_replaces_every_word_wherever_it_stands() -> None:
    said = message(
        text='{"工"}', recipient="群", idempotency_key="b/C-1/group/1", campaign="b", key="C-1", name="group"
    )
    fields = {
        "msgtype": "text",
        "text": {"content": "{text}", "to": ["{recipient}", "{{key}} {key}"]},
        "id": "{idempotency_key}",
        "from": "{campaign}/{name}",
        "n": 3,
        "ratio": 0.5,
        "urgent": True,
        "none": None,
    }
    check_fields(fields)
    assert fill(fields, said) == {
        "msgtype": "text",
        "text": {"content": '{"工"}', "to": ["群", "{key} C-1"]},
        "id": "b/C-1/group/1",
        "from": "b/group",
        "n": 3,
        "ratio": 0.5,
        "urgent": True,
        "none": None,
    }


def test_the_default_body() -> None:
    said = message(text="工单", recipient="群", idempotency_key="b/C-1/group/1")
    assert fill(DEFAULT, said) == {"text": "工单", "recipient": "群", "idempotency_key": "b/C-1/group/1"}


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"a": "{"}, r"fields: the body\.a has a brace too many \('{'\); double it: {{ or }}"),
        ({"a": "}"}, "has a brace too many"),
        ({"a": "{}"}, "has an unknown placeholder"),
        ({"a": "{text!r}"}, "has an unknown placeholder"),
        ({"a": "{text:>9}"}, "has an unknown placeholder"),
        ({"a": "{text.__class__}"}, "has an unknown placeholder"),
        ({"a": "{metadata}"}, "use {text}, {recipient}, {idempotency_key}, {campaign}, {key}, {name}, or double"),
        ({1: "a"}, "fields: the body has the name 1, and JSON takes only text; quote it"),
        ({"a": float("nan")}, r"fields: the body\.a is nan, which JSON has no form for"),
        ({"a": {"b"}}, r"fields: the body\.a is {'b'}, which JSON has no form for"),
    ],
)
def test_fields_that_cannot_become_a_body(fields: dict[str, object], wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        check_fields(fields)


# the verdict in the body ----------------------------------------------------------------------------------

ACCEPTED, REJECTED, RETRY = Verdict.ACCEPTED, Verdict.REJECTED, Verdict.RETRY


@pytest.mark.parametrize(
    ("accept", "status", "body", "verdict", "code"),
    [
        (Accept(path="errcode", equals="0"), 200, b'{"errcode":0}', ACCEPTED, ""),
        (Accept(path="errcode", equals="0"), 200, b'{"errcode":"0"}', ACCEPTED, ""),
        (Accept(path="errcode", equals="0"), 200, b'{"errcode":false}', REJECTED, "false"),
        (Accept(path="errcode", equals="0"), 200, b'{"errcode":7}', REJECTED, "7"),
        (Accept(path="errcode", equals="0"), 503, b'{"errcode":7}', REJECTED, "7"),
        (Accept(path="errcode", equals="0"), 503, b'{"errcode":0}', None, ""),
        (Accept(path="errcode", equals="0", retry=["7", "busy"]), 200, b'{"errcode":7}', RETRY, "7"),
        (Accept(path="errcode", equals="0", retry=["7", "busy"]), 503, b'{"errcode":"busy"}', RETRY, "busy"),
        (Accept(path="errcode", equals="0"), 200, b'{"errcode":"see https://a?key=1"}', REJECTED, "refused"),
        (Accept(path="ok", equals="true"), 200, b'{"ok":true}', ACCEPTED, ""),
        (Accept(path="ok", equals="true"), 200, b'{"ok":false}', REJECTED, "false"),
        (Accept(path="a.b.c", equals="1.5"), 201, b'{"a":{"b":{"c":1.5}}}', ACCEPTED, ""),
        (Accept(path="a.b", equals="1"), 200, b'{"a":{}}', None, ""),
        (Accept(path="a.b", equals="1"), 200, b'{"a":[1]}', None, ""),
        (Accept(path="a", equals="1"), 200, b'{"a":{"b":1}}', None, ""),
        (Accept(path="a", equals="null"), 200, b'{"a":null}', None, ""),
        (Accept(path="a", equals="1"), 200, b"<html>", None, ""),
        (Accept(path="a", equals="1"), 200, b"", None, ""),
    ],
)
def test_accept(accept: Accept, status: int, body: bytes, verdict: Verdict | None, code: str) -> None:
    outcome = accept.judge(Reply(status, body=body))
    assert (outcome and outcome.verdict) == verdict
    assert outcome is None or outcome.code == code


@pytest.mark.parametrize("path", ["", ".", "a.", ".a", "a..b"])
def test_a_path_needs_names(path: str) -> None:
    with pytest.raises(ValueError, match="must be names joined by dots"):
        Accept(path=path, equals="0")
