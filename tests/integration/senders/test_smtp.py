"""E-mails through a real SMTP server on loopback: what is sent, and what each answer at each step means."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mail_server import HANG_UP, SILENCE, MailServer
from notifykit_smtp.letter import first_line, one_line
from notifykit_smtp.sender import Smtp, SmtpOptions

from notifykit.messages.attachments import Attachment
from notifykit.model import FOREVER, Outcome, Verdict
from notifykit.secrets import Secret
from notifykit.testing import message, send_context

ACCEPTED, REJECTED, RETRY, UNKNOWN = Verdict.ACCEPTED, Verdict.REJECTED, Verdict.RETRY, Verdict.UNKNOWN
LI = "li@example.com"


def smtp(server: MailServer, **options: Any) -> Smtp:
    usual: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": server.port,
        "security": "none",
        "from_address": "订单 <orders@example.com>",
        "hello": "here.example",
    }
    return Smtp(**usual | options)


def send(sender: Smtp, text: str = "工单已完成", *, timeout: float = 5.0, **fields: Any) -> Outcome:
    return sender.send(message(recipient=fields.pop("to", LI), text=text, **fields), send_context(timeout=timeout))


def test_a_message_is_a_mail() -> None:
    with MailServer() as server:
        sender = smtp(server, reply_to="desk@example.com")
        assert send(sender, "工单已完成\n.\n..完\nlast", to=f"李 <{LI}>") == Outcome.accepted()
        assert send(sender, "工单已完成\n.\n..完\nlast", to=f"李 <{LI}>") == Outcome.accepted()
        assert send(sender, "工单已完成\n.\n..完\nlast", idempotency_key="another") == Outcome.accepted()
    first, again, other = server.mails
    assert (first.sender, first.recipients) == ("orders@example.com", [LI])
    said = first.message
    assert said.get_content().splitlines() == ["工单已完成", ".", "..完", "last"]
    assert (said["From"], said["To"]) == ("订单 <orders@example.com>", f"李 <{LI}>")
    assert (said["Subject"], said["Reply-To"]) == ("工单已完成", "desk@example.com")
    assert said["Auto-Submitted"] == "auto-generated"
    assert said["Message-ID"].endswith("@example.com>")
    assert again.message["Message-ID"] == said["Message-ID"] != other.message["Message-ID"]
    assert first.raw.isascii()


def test_options_of_a_message() -> None:
    options = SmtpOptions(
        subject="第一\r\n单",
        html="<b>完成</b>",
        cc=["Wang <wang@example.com>"],
        bcc=["zhao@example.com", LI],
        reply_to="desk@example.com",
        attachments=[Attachment.of("条款.pdf", b"%PDF-1\x00\xff"), Attachment.of("a.txt", "工单".encode())],
    )
    with MailServer() as server:
        sender = smtp(server, subject="other", reply_to="other@example.com")
        assert sender.send(message(recipient=LI, text="完成", options=options), send_context()) == Outcome.accepted()
    (mail,) = server.mails
    assert mail.recipients == [LI, "wang@example.com", "zhao@example.com"]
    said = mail.message
    assert (said["Subject"], said["Cc"], said["Reply-To"]) == ("第一 单", "Wang <wang@example.com>", "desk@example.com")
    assert "zhao" not in mail.raw.decode()
    text, html = said.get_body(("plain",)), said.get_body(("html",))
    assert text is not None
    assert html is not None
    assert (text.get_content().strip(), html.get_content().strip()) == ("完成", "<b>完成</b>")
    files = [
        (part.get_filename(), part.get_content_type(), part.get_payload(decode=True))
        for part in said.iter_attachments()
    ]
    assert files == [
        ("条款.pdf", "application/pdf", b"%PDF-1\x00\xff"),
        ("a.txt", "text/plain", "工单".encode()),
    ]
    assert mail.raw.isascii()


@given(st.text(st.sampled_from("a.é工\r\n\t \x00\x0b\x1b\u2028=,;:<>@")))
def test_no_text_becomes_a_header(text: str) -> None:
    line = one_line(text)
    assert not set(line) & set("\r\n\x00\x0b\x1b\u2028")
    assert len(first_line(text)) <= 78


@pytest.mark.parametrize("text", ["a\r\nBcc: wang@example.com\r\n\r\nb", "\n.\r\n.\nQUIT\n", "x" * 5000, "a\x00b\x1b"])
def test_what_a_record_holds_stays_in_the_body(text: str) -> None:
    with MailServer() as server:
        sender = smtp(server, subject="Order\r\nBcc: wang@example.com")
        assert send(sender, text).verdict is ACCEPTED
    (mail,) = server.mails
    assert mail.recipients == [LI]
    assert mail.message["Bcc"] is None
    assert mail.message["Subject"] == "Order Bcc: wang@example.com"
    assert mail.message.get_content().splitlines() == text.splitlines()


@pytest.mark.parametrize(
    "to",
    [
        "",
        "li",
        "li@",
        "@example.com",
        "li@example.com\r\nRCPT TO:<x@example.com>",
        "a b@example.com",
        "<>",
        "\ud800@x.example",
    ],
)
def test_what_is_no_address_is_never_tried(to: str) -> None:
    with MailServer() as server:
        outcome = send(smtp(server), to=to)
        assert outcome.verdict is REJECTED
        assert server.connections == 0


def test_addresses_with_other_letters() -> None:
    with MailServer() as server, MailServer(smtputf8=False) as old:
        assert send(smtp(server), to="李@例子.example") == Outcome.accepted()
        assert send(smtp(old), to="li@例子.example") == Outcome.accepted()
        outcome = send(smtp(old), to="李@例子.example")
        assert (outcome.verdict, outcome.code) == (REJECTED, "no_smtputf8")
    assert server.mails[0].recipients == ["李@xn--fsqu00a.example"]
    assert "李@xn--fsqu00a.example".encode() in server.mails[0].raw
    assert old.mails[0].recipients == ["li@xn--fsqu00a.example"]


@pytest.mark.parametrize(
    ("step", "reply", "verdict", "code", "pause"),
    [
        ("CONNECT", "421 busy", RETRY, "421", 60.0),
        ("CONNECT", "554 5.7.1 not you", RETRY, "554 5.7.1", 300.0),
        ("MAIL", "451 4.3.0 later", RETRY, "451 4.3.0", None),
        ("MAIL", "553 5.1.8 not this sender", REJECTED, "553 5.1.8", FOREVER),
        ("MAIL", "552 5.3.4 too large", REJECTED, "552 5.3.4", None),
        ("MAIL", "421 4.7.0 closing", RETRY, "421 4.7.0", 60.0),
        (LI, "450 4.2.1 greylisted", RETRY, "450 4.2.1", None),
        (LI, "550 5.1.1 no such user", REJECTED, "550 5.1.1", None),
        ("DATA", "452 4.3.1 full", RETRY, "452 4.3.1", None),
        ("DATA", "554 no", REJECTED, "554", None),
        ("END", "451 4.7.1 later", RETRY, "451 4.7.1", None),
        ("END", "550 5.7.1 spam", REJECTED, "550 5.7.1", None),
        ("MAIL", HANG_UP, RETRY, "SMTPServerDisconnected", None),
        (LI, HANG_UP, RETRY, "SMTPServerDisconnected", None),
        ("DATA", HANG_UP, RETRY, "SMTPServerDisconnected", None),
        ("END", HANG_UP, UNKNOWN, "SMTPServerDisconnected", None),
    ],
)
def test_what_an_answer_means_at_each_step(
    step: str, reply: str, verdict: Verdict, code: str, pause: float | None
) -> None:
    with MailServer(replies={step: reply}) as server:
        outcome = send(smtp(server))
    assert outcome.verdict is verdict, outcome
    assert outcome.code in (code, "ConnectionResetError"), outcome
    assert outcome.pause == pause


@pytest.mark.parametrize(("step", "verdict"), [("MAIL", RETRY), (LI, RETRY), ("DATA", RETRY), ("END", UNKNOWN)])
def test_silence_before_the_final_dot_is_none_after_it(step: str, verdict: Verdict) -> None:
    with MailServer(replies={step: SILENCE}) as server:
        started = time.monotonic()
        seconds = 1.0 if step == "END" else 0.3  # all steps before the last one take place within them
        assert send(smtp(server), timeout=seconds).verdict is verdict
        assert time.monotonic() - started < 3


def test_a_server_that_drips_is_cut_off(serve: Callable[..., str]) -> None:
    def drip(connection: Any, _: bytes) -> None:
        connection.sendall(b"220-welcome\r\n")
        while True:
            time.sleep(0.1)
            connection.sendall(b"220-wait\r\n")

    port = int(serve(drip, read=False).rpartition(":")[2])
    sender = Smtp(host="127.0.0.1", port=port, security="none", from_address="orders@example.com", hello="x")
    started = time.monotonic()
    outcome = send(sender, timeout=0.4)
    assert (outcome.verdict, outcome.unreached) == (RETRY, True)
    assert time.monotonic() - started < 3


def test_recipients_that_are_refused_are_named() -> None:
    wang, zhao = "wang@example.com", "zhao@example.com"
    with MailServer(replies={wang: "550 5.1.1 no such user"}) as server:
        assert send(smtp(server), to=f"{LI}, {wang}") == Outcome.accepted(undelivered=(wang,))
        assert send(smtp(server), to=wang).verdict is REJECTED
        server.replies[zhao] = "450 4.2.1 greylisted"
        assert send(smtp(server), to=f"{LI}, {zhao}").verdict is RETRY
    assert [mail.recipients for mail in server.mails] == [[LI]]


def test_a_mail_that_is_too_large_is_not_sent() -> None:
    with MailServer(size=2000) as server:
        outcome = send(smtp(server), "x" * 3000)
        assert (outcome.verdict, outcome.code) == (REJECTED, "552")
        assert "2000" in outcome.detail
        assert server.mails == []


# encryption and log-in ------------------------------------------------------------------------------------


def tls(authority: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority)
    return context


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_encrypted(security: str, authority: Path) -> None:
    login = ("orders", "0a1b-password")
    with MailServer(context=tls(authority), implicit=security == "tls", login=login) as server:
        options: dict[str, Any] = {
            "security": security,
            "ca_file": authority,
            "username": "orders",
            "password": Secret("0a1b-password"),
        }
        sender = smtp(server, **options)
        assert sender.probe(5).ready is True
        assert send(sender) == Outcome.accepted()
        wrong = smtp(server, **options | {"password": Secret("0a1b-wrong")})
        outcome = send(wrong)
        assert (outcome.verdict, outcome.code, outcome.pause) == (REJECTED, "535 5.7.8", FOREVER)
        assert wrong.probe(5).ready is False
        stranger = smtp(server, **options | {"ca_file": None})
        outcome = send(stranger)
        assert (outcome.verdict, outcome.code, outcome.unreached) == (RETRY, "SSLCertVerificationError", True)
    (mail,) = server.mails
    assert (mail.encrypted, mail.login) == (True, "orders")


def test_without_starttls_nothing_is_sent_in_the_clear() -> None:
    with MailServer() as server:
        outcome = send(smtp(server, security="starttls"))
        assert (outcome.verdict, outcome.code, outcome.pause) == (REJECTED, "no_starttls", FOREVER)
        assert server.mails == []


# sessions -------------------------------------------------------------------------------------------------


def test_a_session_is_kept_between_open_and_close() -> None:
    with MailServer() as server:
        sender = smtp(server)
        send(sender)
        send(sender)
        assert server.connections == 2
        sender.open()
        for _ in range(3):
            assert send(sender) == Outcome.accepted()
        assert server.connections == 3
        server.replies[LI] = "550 5.1.1 no such user"
        assert send(sender).verdict is REJECTED
        del server.replies[LI]
        assert send(sender) == Outcome.accepted()
        assert server.connections == 3
        sender.close()
        send(sender)
        assert server.connections == 4


@pytest.mark.parametrize("goodbye", [HANG_UP, "421 4.4.2 idle for too long"])
def test_a_session_that_the_server_closed_is_replaced(goodbye: str) -> None:
    with MailServer(replies={"MAIL again": goodbye}) as server:
        sender = smtp(server)
        sender.open()
        for _ in range(3):
            assert send(sender) == Outcome.accepted()
        sender.close()
        assert (len(server.mails), server.connections) == (3, 3)


def test_a_mail_in_doubt_over_a_kept_session_is_not_sent_again() -> None:
    with MailServer() as server:
        sender = smtp(server)
        sender.open()
        send(sender)
        server.replies["END"] = HANG_UP
        assert send(sender).verdict is UNKNOWN
        assert len(server.mails) == 2
        sender.close()


def test_what_somebody_else_holds_by_now_is_not_sent() -> None:
    with MailServer() as server:
        context = send_context()
        late = type(context)(attempt=1, timeout=5.0, clock=context.clock, log=context.log, still_held=lambda: False)
        assert smtp(server).send(message(recipient=LI), late).verdict is RETRY
        assert server.mails == []


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        ({"from_address": "orders"}, "from_address: is no e-mail address"),
        ({"from_address": "a@example.com, b@example.com"}, "from_address: is no e-mail address"),
        ({"reply_to": "desk"}, "reply_to: is no e-mail address"),
        ({"port": 0}, "port: must be 1 to 65535, not 0"),
        ({"username": "orders"}, "username: needs a password"),
        (
            {"host": "mail.example", "username": "orders", "password": Secret("0a1b-hidden")},
            "security: a password would go over the network",
        ),
    ],
)
def test_options_that_do_not_fit(options: dict[str, Any], wrong: str) -> None:
    usual: dict[str, Any] = {"host": "127.0.0.1", "from_address": "orders@example.com", "security": "none"}
    with pytest.raises(ValueError, match=wrong) as raised:
        Smtp(**usual | options)
    assert "hidden" not in str(raised.value)
