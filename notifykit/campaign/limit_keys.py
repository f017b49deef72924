"""What a sender's limits are counted by, beside its channel: the credential, and a recipient, a chat, a member."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from notifykit.errors import PluginError, RenderError, pass_interrupt
from notifykit.model import Draft, Message
from notifykit.secrets import Secret, SecretMissingError
from notifykit.wording.translation import gettext

if TYPE_CHECKING:
    from notifykit.campaign.campaign import Channel

LONGEST = 200
"""Characters of a key as it is stored; a longer one is stored as its hash."""


def keyed(draft: Draft, channel: Channel | None) -> Draft:
    """Return a draft with what its message is counted by for the `key_limits` of its channel, where that has any.

    Raises RenderError where the sender's `limit_key` fails, or answers anything but text.
    """
    if channel is None or not channel.key_limits:
        return draft
    message = Message(
        recipient=draft.recipient,
        text=draft.text,
        idempotency_key=draft.idempotency_key,
        campaign=draft.campaign,
        key=draft.key,
        name=draft.name,
        metadata=draft.metadata,
    )
    try:
        key = channel.sender.limit_key(message)  # type: ignore[attr-defined]  # who has `key_limits` has it
    except BaseException as error:
        pass_interrupt(error)
        raise RenderError(
            gettext(
                "limit_key() of channel {channel} fails with {kind}", channel=channel.name, kind=type(error).__name__
            )
        ) from error
    if not isinstance(key, str):
        raise RenderError(
            gettext(
                "limit_key() of channel {channel} returned a {kind}, not text",
                channel=channel.name,
                kind=type(key).__name__,
            )
        )
    storable = key.isprintable() and len(key) <= LONGEST
    return replace(draft, limit_key=key if storable else _hash(key)) if key else draft


def counted_as(channel: Channel) -> str | None:
    """Return under which name the limits of a channel are counted, which channels of one credential share.

    None: under the channel's own. Of the credential only a hash is told. Raises PluginError where it is no text.
    """
    try:
        key = getattr(channel.sender, "credential_key", None)
        told = key.reveal() if isinstance(key, Secret) else key
    except SecretMissingError:  # nothing can be sent then
        return None
    if told is None or told == "":
        return None
    if not isinstance(told, str):
        raise PluginError(
            gettext("its fact `credential_key` is a {kind}, not text", kind=type(told).__name__),
            mend=gettext("its author must mend that"),
            where=gettext("channel {name}", name=channel.name),
        )
    return f"/credential/{_hash(told)}"  # no channel's name has a stroke


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:16]
