"""Files of robots and applications: uploaded first, then named by a media id, which is good for three days.

Source: 企业微信开发者中心, "消息推送", "文件上传接口", "上传临时素材" (developer.work.weixin.qq.com).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from notifykit.http import Reply, classify_status, throttle
from notifykit.messages.attachments import Attachment
from notifykit.model import Outcome, Verdict
from notifykit_wecom import wording
from notifykit_wecom.errcodes import BAD_MEDIA

KEPT = 2 * 86_400.0
"""Seconds for which a media id is used again; the service knows it for three days."""

MOST = 256
"""Media ids that are remembered."""

Upload = Callable[[Attachment], Reply | Outcome]


@dataclass(slots=True)
class MediaIds:
    """The media ids of files that were uploaded, by their hashes and names. Safe to use from several threads."""

    outcome_of: Callable[[int], Outcome]
    """What an errcode means."""
    _known: dict[tuple[str, str], tuple[str, float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, file: Attachment, upload: Upload, now: float) -> str | Outcome:
        """Return the media id of a file, which is uploaded unless it was lately; the outcome where it cannot be.

        `now`: UTC seconds.
        """
        with self._lock:
            known, at = self._known.get((file.sha256, file.name), ("", 0.0))
        if known and 0 <= now - at < KEPT:
            return known
        found = self._media_id(upload(file), now)
        if isinstance(found, str):
            with self._lock:
                if len(self._known) >= MOST:
                    self._known.clear()
                self._known[file.sha256, file.name] = found, now
        return found

    def sending(self, file: Attachment, send: Callable[[], Outcome]) -> Outcome:
        """Send a message with a file; once more with the file uploaded anew where the service does not know its media
        id any more: the message was refused, so that is no repeat."""
        outcome = send()
        if outcome.code not in BAD_MEDIA:
            return outcome
        with self._lock:
            self._known.pop((file.sha256, file.name), None)
        return send()

    def _media_id(self, reply: Reply | Outcome, now: float) -> str | Outcome:
        """Return what an upload gave. No message was sent, so nothing of it is in doubt: it is tried again."""
        if isinstance(reply, Outcome):
            return _nothing_sent(reply)
        if (asked := throttle(reply, now=now)) is not None:
            return asked
        said = reply.json_object()
        errcode, media_id = said.get("errcode", 0), said.get("media_id")
        if reply.ok and errcode == 0 and isinstance(media_id, str) and media_id:
            return media_id
        if type(errcode) is int and errcode:
            return self.outcome_of(errcode)
        unsaid = Outcome.unknown("no_media_id", wording.NO_MEDIA_ID().text)
        return _nothing_sent(classify_status(reply, now=now) or unsaid)


def _nothing_sent(outcome: Outcome) -> Outcome:
    if outcome.verdict is Verdict.UNKNOWN:
        return replace(outcome, verdict=Verdict.RETRY)
    return outcome
