"""Pictures, files and cards of a WeCom application, against a service that keeps what is uploaded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from notifykit_wecom.app import WecomApp
from notifykit_wecom.app_messages import WecomAppOptions
from notifykit_wecom.robot import WecomRobot
from notifykit_wecom.robot_options import RobotOptions

from notifykit.messages.attachments import Attachment
from notifykit.model import OnUnknown, Outcome, Verdict
from notifykit.options import OptionError
from notifykit.pipeline.project import open_project
from notifykit.secrets import Secret
from notifykit.testing import FakeClock, message, send_context
from notifykit.testing.services import BROKEN, FakeWecom, json_answer

PNG = Attachment.of("图.png", b"\x89PNG\r\n" * 100)
SHEET = Attachment.of("工单 8.xlsx", b"PK\x03\x04 sheet\r\n--x")
KEYS = count(1)
CARD: dict[str, object] = {"card_type": "text_notice", "main_title": {"title": "工单 8"}}


@pytest.fixture
def service() -> Iterator[FakeWecom]:
    with FakeWecom(corpid="ww0", corpsecret="0a1b2c3d-app", agentid=7, keys={"k-1"}) as running:
        yield running


def app(service: FakeWecom, **options: Any) -> WecomApp:
    base = f"{service.address}/cgi-bin"
    return WecomApp(corpid="ww0", corpsecret=Secret("0a1b2c3d-app"), agentid=7, base_url=base, **options)


def send(sender: WecomApp, context: Any = None, **options: Any) -> Outcome:
    key = f"C-{next(KEYS)}"
    given = message(
        text="工单", recipient="li.si", key=key, idempotency_key=f"s/{key}", options=WecomAppOptions(**options)
    )
    return sender.send(given, context or send_context())


@pytest.mark.parametrize(("kind", "file"), [("image", PNG), ("file", SHEET)])
def test_a_file_is_uploaded_once_and_named_by_its_media_id(service: FakeWecom, kind: str, file: Attachment) -> None:
    sender = app(service)
    assert [send(sender, **{kind: file}, safe=True).verdict for _ in range(2)] == [Verdict.ACCEPTED] * 2
    ((media_id, kept),) = service.media.items()
    assert (kept.kind, kept.name, kept.content) == (kind, file.name, file.read())
    body = service.delivered[0].body
    assert (body["msgtype"], body[kind], body["safe"]) == (kind, {"media_id": media_id}, 1)


def test_a_picture_is_another_media_id_as_a_file(service: FakeWecom) -> None:
    sender = app(service)
    assert [send(sender, **{kind: PNG}).verdict for kind in ("image", "file")] == [Verdict.ACCEPTED] * 2
    assert [one.kind for one in service.media.values()] == ["image", "file"]


def test_a_card_is_sent_in_place_of_the_text(service: FakeWecom) -> None:
    assert send(app(service, msgtype="markdown"), card=CARD).verdict is Verdict.ACCEPTED
    body = service.delivered[0].body
    assert (body["msgtype"], body["template_card"]) == ("template_card", CARD)


def test_a_media_id_that_is_not_known_any_more_is_made_anew_once(service: FakeWecom) -> None:
    sender = app(service)
    send(sender, file=SHEET)
    service.end_media()
    assert send(sender, file=SHEET).verdict is Verdict.ACCEPTED
    assert len(service.media) == 1
    refusal = json_answer(200, {"errcode": 40007, "errmsg": "invalid media_id"})
    service.fail_next(refusal)
    service.fail_next(refusal)
    outcome = send(sender, file=SHEET)
    assert (outcome.verdict, outcome.code, len(service.delivered)) == (Verdict.REJECTED, "40007", 2)


def test_a_media_id_is_used_for_two_days(service: FakeWecom) -> None:
    sender, clock = app(service), FakeClock()
    for days in (0, 1.9, 0.2):
        clock.advance(days * 86_400)
        assert send(sender, send_context(clock=clock), file=SHEET).verdict is Verdict.ACCEPTED
    assert len(service.media) == 2


def test_a_token_that_ends_before_an_upload_is_fetched_anew(service: FakeWecom) -> None:
    sender = app(service)
    send(sender)
    service.end_tokens()
    assert send(sender, image=PNG).verdict is Verdict.ACCEPTED
    assert (len(service.tokens), len(service.media)) == (2, 1)


def test_an_upload_that_fails_is_no_doubt_and_a_message_after_it_is(service: FakeWecom) -> None:
    sender = app(service)
    service.fail_next(BROKEN)
    assert send(sender, file=SHEET).verdict is Verdict.UNKNOWN, "of the message"
    service.answer_nothing()
    other = Attachment.of("other.txt", b"another file")
    assert send(sender, send_context(timeout=1.0), file=other).verdict is Verdict.RETRY, "of the upload"


def test_whoever_lost_the_message_during_an_upload_sends_nothing(service: FakeWecom) -> None:
    assert send(app(service), replace(send_context(), still_held=lambda: False), file=SHEET).code == "not_held"
    assert (len(service.media), service.delivered) == (1, [])


@pytest.mark.parametrize("kind", ["image", "file"])
def test_what_is_too_small_is_not_sent(service: FakeWecom, kind: str) -> None:
    outcome = send(app(service), **{kind: Attachment.of("a.png", b"12345")})
    assert (outcome.verdict, outcome.code, service.requests) == (Verdict.REJECTED, "40006", [])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"image": PNG, "file": SHEET}, "file is sent in a message of its own, as image is"),
        ({"format": "text", "card": CARD}, "card is not sent in the format text"),
        ({"format": "file"}, "format file needs the option file"),
        ({"card": {"title": "x"}}, "card has no card_type; write one, such as text_notice"),
    ],
)
def test_options_that_contradict_each_other_are_told(options: dict[str, Any], said: str) -> None:
    for kind in (WecomAppOptions, RobotOptions):
        with pytest.raises(OptionError) as caught:
            kind(**options)
        assert said in str(caught.value).replace("`", "").replace(":", "")


def test_the_robot_uploads_to_the_same_service(service: FakeWecom) -> None:
    robot = WecomRobot(key=Secret("k-1"), base_url=f"{service.address}/cgi-bin/webhook/send")
    for options in (RobotOptions(file=SHEET), RobotOptions(image=PNG), RobotOptions(card=CARD)):
        outcome = robot.send(message(text="工单", recipient="group", options=options), send_context())
        assert outcome.verdict is Verdict.ACCEPTED, outcome
    assert [one.name for one in service.media.values()] == [SHEET.name]


PROJECT = """
store: outbox.db
senders:
  staff: {type: wecom_app, corpid: ww0, corpsecret: {env: STAFF_SECRET}, agentid: 7}
"""
CAMPAIGN = """
source: {type: csv, path: orders.csv, key: id}
strategy: {type: once}
messages:
  - {name: words, recipient: li.si, sender: staff, template: 'order {{ record.key }}'}
  - {name: sheet, recipient: li.si, sender: staff, template: order, options: {file: offer.pdf}}
  - {name: meant, recipient: li.si, sender: staff, template: order, options: {file: offer.pdf}, on_unknown: resend}
"""


def test_a_repeat_that_the_service_would_not_know_is_not_made_by_itself(tmp_path: Path) -> None:
    (tmp_path / "campaigns").mkdir()
    (tmp_path / "notifykit.yaml").write_text(PROJECT, encoding="utf-8")
    (tmp_path / "campaigns" / "orders.yaml").write_text(CAMPAIGN, encoding="utf-8")
    (tmp_path / "orders.csv").write_text("id\n1\n", encoding="utf-8")
    (tmp_path / "offer.pdf").write_bytes(b"%PDF-1.7 offer")
    (campaign,) = open_project(tmp_path / "notifykit.yaml", secrets=False).configuration.campaigns
    assert {one.name: one.on_unknown for one in campaign.messages} == {
        "words": OnUnknown.RESEND,
        "sheet": OnUnknown.HOLD,
        "meant": OnUnknown.RESEND,
    }
