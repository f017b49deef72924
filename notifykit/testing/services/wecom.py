"""WeCom's group robots and the messages of an application: developer.work.weixin.qq.com, "消息推送", "发送应用消息"."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import default
from itertools import count
from urllib.parse import parse_qs, urlsplit

from notifykit.clock import Clock
from notifykit.demo.service_faults import Throttle
from notifykit.testing.http import HttpAnswer, HttpRequest
from notifykit.testing.services.service import Delivered, FakeService, json_answer, json_body

PREFIX = "/cgi-bin/"
ROBOT_BYTES = {"text": 2048, "markdown": 4096, "markdown_v2": 4096}
A_MEMBER = (30, 60.0)
"""Messages, and seconds: what one member gets from one application."""


MEDIA = {"image": 10 * 1024**2, "file": 20 * 1024**2}
"""Bytes of what may be uploaded at most, by its type."""
MEDIA_LEAST = 6


@dataclass(frozen=True, slots=True)
class Media:
    """A file that was uploaded."""

    kind: str
    """`image` or `file`."""
    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class _AppMessage(Delivered):
    request: bytes = b""
    at: float = 0.0


class FakeWecom(FakeService):
    """Robots by their `keys`, and one application. All errors come with a status of 200.

    `members` are the ids that may see the application (None: all). `rate` counts for each robot. What a member gets
    beyond 30 messages a minute, and a repeat of a request that asks to be looked at for duplicates, is accepted and
    goes to `dropped`. Files that are uploaded get media ids of three days.
    """

    def __init__(
        self,
        *,
        keys: Collection[str] = (),
        corpid: str = "",
        corpsecret: str = "",
        agentid: int = 0,
        members: Collection[str] | None = None,
        rate: tuple[int, float] | None = None,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(rate=rate, clock=clock)
        self._keys, self._login, self._agentid, self._members = keys, (corpid, corpsecret), agentid, members
        self.tokens: list[str] = []
        """Those that were given out, in order."""
        self.dropped: list[Delivered] = []
        """What was accepted, and told nobody."""
        self.media: dict[str, Media] = {}
        """Files that were uploaded, by their media ids."""
        self._uploads = count(1)
        self._valid: set[str] = set()
        self._tokens_turn = threading.Lock()
        self._shares: dict[str, Throttle] = {}

    def end_tokens(self) -> None:
        """Let every token that was given out be good no more."""
        with self._tokens_turn:
            self._valid.clear()

    def end_media(self) -> None:
        """Forget every file that was uploaded."""
        self.media.clear()

    def respond(self, request: HttpRequest) -> HttpAnswer | None:
        """Judge a request. A token is given out even where messages are not answered."""
        if urlsplit(request.path).path == f"{PREFIX}gettoken":
            return self._token(_query(request))
        return super().respond(request)

    def judge(self, request: HttpRequest) -> Delivered | HttpAnswer:
        """Tell robots from the application, and look at the credential first."""
        path, query = urlsplit(request.path).path, _query(request)
        body = json_body(request)
        if path == f"{PREFIX}webhook/send":
            return self._of_robot(query.get("key", ""), body)
        if path == f"{PREFIX}webhook/upload_media":
            return (
                self._upload(request, query) if query.get("key") in self._keys else _said(93000, "invalid webhook url")
            )
        if query.get("access_token") not in self._valid:
            return _said(40014, "invalid access_token")
        if path == f"{PREFIX}agent/get":
            return _said(0, "ok") if query.get("agentid") == str(self._agentid) else _said(301002, "not allow")
        if path == f"{PREFIX}media/upload":
            return self._upload(request, query)
        if path != f"{PREFIX}message/send":
            return json_answer(404, {})
        return self._of_app(request, body)

    def accept(self, message: Delivered, number: int) -> HttpAnswer:
        """Say that all went well; of an application, with the message's id and who was left out."""
        if not isinstance(message, _AppMessage):
            return _said(0, "ok")
        strangers = self._strangers(message.to)
        left_out = {"invaliduser": "|".join(strangers)} if strangers else {}
        return json_answer(200, {"errcode": 0, "errmsg": "ok", "msgid": f"msg-{number}", **left_out})

    def too_fast(self) -> HttpAnswer:
        """Refuse; the robot is free again after a minute."""
        return _said(45009, "api freq out of limit")

    def _token(self, query: Mapping[str, str]) -> HttpAnswer:
        if (query.get("corpid"), query.get("corpsecret")) != self._login:
            return _said(40001, "invalid credential")
        with self._tokens_turn:
            self.tokens.append(token := f"token-{len(self.tokens) + 1}-0a1b2c")
            self._valid.add(token)
        return json_answer(200, {"errcode": 0, "errmsg": "ok", "access_token": token, "expires_in": 7200})

    def _of_robot(self, key: str, body: Mapping[str, object]) -> Delivered | HttpAnswer:
        if key not in self._keys:
            return _said(93000, "invalid webhook url")
        if (wrong := self._unknown_media(body)) is not None:
            return wrong
        text = _text(body)
        if not text:
            return _said(44004, "empty content")
        if body.get("msgtype") in MEDIA or body.get("msgtype") == "template_card":
            return Delivered(key, text, body)
        most = ROBOT_BYTES.get(str(body.get("msgtype")), 0)
        return Delivered(key, text, body) if len(text.encode()) <= most else _said(40058, "exceed max length")

    def _of_app(self, request: HttpRequest, body: Mapping[str, object]) -> Delivered | HttpAnswer:
        if body.get("agentid") != self._agentid:
            return _said(40056, "invalid agentid")
        to = str(body.get("touser") or body.get("toparty") or body.get("totag") or "")
        if not to:
            return _said(82001, "touser & toparty & totag empty")
        if len(self._strangers(to)) == len(to.split("|")):
            return _said(81013, "user & party & tag all invalid")
        if (wrong := self._unknown_media(body)) is not None:
            return wrong
        text = _text(body)
        if not text:
            return _said(44004, "empty content")
        message = _AppMessage(to, text, body, request.body, self._clock.monotonic())
        if self._is_repeat(message) or not self._has_room(to):
            self.dropped.append(message)
            return self.accept(message, 0)
        return message

    def _upload(self, request: HttpRequest, query: Mapping[str, str]) -> HttpAnswer:
        kind = query.get("type", "")
        if kind not in MEDIA:
            return _said(40004, "invalid media type")
        head = f"content-type: {request.headers.get('content-type', '')}\r\n\r\n".encode()
        for part in BytesParser(policy=default).parsebytes(head + request.body).walk():
            if part.get_filename() is not None:
                content = part.get_payload(decode=True)
                assert isinstance(content, bytes)
                if not MEDIA_LEAST <= len(content) <= MEDIA[kind]:
                    return _said(40006, "invalid media size")
                with self._tokens_turn:
                    media_id = f"media-{next(self._uploads)}"
                    self.media[media_id] = Media(kind, str(part.get_filename()), content)
                created = {"type": kind, "media_id": media_id, "created_at": "1380000000"}
                return json_answer(200, {"errcode": 0, "errmsg": "", **created})
        return _said(41005, "media data missing")

    def _unknown_media(self, body: Mapping[str, object]) -> HttpAnswer | None:
        """Return the refusal of a file that was not uploaded, or is of another type."""
        kind = str(body.get("msgtype"))
        part = body.get(kind)
        if kind not in MEDIA or not isinstance(part, dict) or "base64" in part:
            return None
        known = self.media.get(str(part.get("media_id")))
        return None if known is not None and known.kind == kind else _said(40007, "invalid media_id")

    def _is_repeat(self, message: _AppMessage) -> bool:
        interval = message.body.get("duplicate_check_interval", 1800)
        if message.body.get("enable_duplicate_check") != 1 or not isinstance(interval, int):
            return False
        since = message.at - min(interval, 14400)
        return any(
            isinstance(one, _AppMessage) and one.request == message.request and one.at >= since
            for one in self.delivered
        )

    def _has_room(self, to: str) -> bool:
        with self._tokens_turn:
            return self._shares.setdefault(to, Throttle(*A_MEMBER, self._clock)).admits()

    def _admits(self, to: str) -> bool:
        return to not in self._keys or super()._admits(to)

    def _strangers(self, to: str) -> list[str]:
        return [] if self._members is None else [one for one in to.split("|") if one not in self._members]


def _query(request: HttpRequest) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(request.path).query).items()}


def _said(errcode: int, errmsg: str) -> HttpAnswer:
    return json_answer(200, {"errcode": errcode, "errmsg": errmsg})


def _text(body: Mapping[str, object]) -> str:
    part = body.get(str(body.get("msgtype")))
    if not isinstance(part, dict):
        return ""
    articles = part.get("articles")
    first = articles[0] if isinstance(articles, list) and articles and isinstance(articles[0], dict) else part
    told = first.get("content") or first.get("description") or first.get("media_id") or first.get("md5")
    return str(told or first.get("card_type") or "")
