"""A real SMTP server on loopback, aiosmtpd, that refuses, hangs up and stays silent where a test says so."""

from __future__ import annotations

import asyncio
import ssl
import threading
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from types import TracebackType
from typing import Any, Literal, Self, cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

HANG_UP, SILENCE = "hang up", "silence"
"""What may stand in place of a reply."""
Phase = Literal["CONNECT", "MAIL", "DATA", "END"]


@dataclass(frozen=True)
class Mail:
    sender: str
    recipients: list[str]
    message: EmailMessage
    raw: bytes
    encrypted: bool
    login: str | None


@dataclass
class MailServer:
    """Use it with `with`. `replies`: to a phase, or to a recipient, in place of the usual one.

    The phases are CONNECT, MAIL, `MAIL again` (after the first one of a session), DATA and END (the final dot).
    """

    replies: dict[str, str] = field(default_factory=dict)
    context: ssl.SSLContext | None = None
    implicit: bool = False
    """Encrypted from the first byte; otherwise `context` is for STARTTLS."""
    login: tuple[str, str] | None = None
    smtputf8: bool = True
    size: int = 1_000_000
    options: Mapping[str, Any] = field(default_factory=dict)
    mails: list[Mail] = field(default_factory=list)
    connections: int = 0
    port: int = 0

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._sessions: list[SMTP] = []
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,))
        self._thread.start()
        assert ready.wait(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        listening = self._loop.run_until_complete(
            self._loop.create_server(self._session, "127.0.0.1", 0, ssl=self.context if self.implicit else None)
        )
        self.port = listening.sockets[0].getsockname()[1]
        self._loop.call_soon(ready.set)
        self._loop.run_forever()
        listening.close()
        for session in self._sessions:
            transport = cast("asyncio.Transport | None", session.transport)
            if transport is not None:
                transport.abort()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    def _session(self) -> SMTP:
        self.connections += 1
        with warnings.catch_warnings():
            # aiosmtpd does not see that a connection is encrypted from the first byte
            warnings.filterwarnings("ignore", message="Requiring AUTH while not requiring TLS")
            session = _Session(
                self,
                loop=self._loop,
                enable_SMTPUTF8=self.smtputf8,
                data_size_limit=self.size,
                tls_context=None if self.implicit else self.context,
                authenticator=self._authenticate if self.login else None,
                auth_required=self.login is not None,
                auth_require_tls=self.context is not None and not self.implicit,
                hostname="loopback.example",
                **self.options,
            )
        self._sessions.append(session)
        return session

    def _authenticate(self, server: SMTP, session: Session, envelope: Envelope, kind: str, data: object) -> AuthResult:
        assert isinstance(data, LoginPassword)
        good = self.login == (data.login.decode(), data.password.decode())
        return AuthResult(success=good, handled=False, auth_data=data.login.decode())

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        reply = self.replies.get("END", "250 2.0.0 taken")
        if reply == SILENCE:
            await asyncio.sleep(60)
        if reply[0] in "45":
            return reply
        raw = cast("bytes", envelope.content)
        message = message_from_bytes(raw, policy=default)
        encrypted = cast("asyncio.Transport", server.transport).get_extra_info("sslcontext") is not None
        auth = cast("object", session.auth_data)
        login = None if auth is None else str(auth)
        self.mails.append(Mail(str(envelope.mail_from), envelope.rcpt_tos, message, raw, encrypted, login))
        if reply == HANG_UP:
            cast("asyncio.Transport", server.transport).abort()
        return reply


class _Session(SMTP):
    def __init__(self, owner: MailServer, **options: Any) -> None:
        super().__init__(owner, **options)
        self._owner = owner
        self._begun = 0

    async def _instead(self, key: str) -> bool:
        """Reply as the test says, where it says so."""
        reply = self._owner.replies.get(key)
        if reply is None:
            return False
        if reply == SILENCE:
            await asyncio.sleep(60)
        if reply in (HANG_UP, SILENCE):
            cast("asyncio.Transport", self.transport).abort()
        else:
            await self.push(reply)
        return True

    async def push(self, status: Any) -> None:
        if str(status).startswith("220 loopback") and (reply := self._owner.replies.get("CONNECT")):
            status = reply
        await super().push(status)

    async def smtp_MAIL(self, arg: str) -> None:  # noqa: N802
        self._begun += 1
        if self._begun > 1 and await self._instead("MAIL again"):
            return
        if not await self._instead("MAIL"):
            await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg: str) -> None:  # noqa: N802
        if not await self._instead(arg.partition("<")[2].partition(">")[0]):
            await super().smtp_RCPT(arg)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        if not await self._instead("DATA"):
            await super().smtp_DATA(arg)
