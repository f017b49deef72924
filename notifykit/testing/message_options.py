"""Options of messages, as a sender is given them."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

from notifykit.campaign.campaign import Channel
from notifykit.campaign.message_options import MessageOptions
from notifykit.errors import PluginError
from notifykit.model import Message
from notifykit.roles import Sender


def with_options(sender: Sender, message: Message) -> Message:
    """Return a message with options: those of a mere text, where it has none and its sender has some."""
    options = Channel.of("sample", "sample", sender).options
    if options is None or message.options is not None:
        return message
    return replace(message, options=given(options, message.text))


def given(options: MessageOptions, text: str) -> object:
    """Return what a sender is given of a message that is nothing but a text: through what is stored of it."""
    return options.restored(options.plain(text), text, _nothing)


def check_message_options(sender: Sender, texts: list[str]) -> None:
    """Assert that YAML can fill a sender's `message_options`, that the store keeps them, and that a text is enough."""
    channel = Channel.of("sample", "sample", sender)
    options = channel.options
    if options is None:
        return
    try:
        assert options.schema["type"] == "object"
        assert options.takes_text, (
            f"an alert and a test message are only a text, and have no {', '.join(options.required)}: "
            "give `message_options` a class method for_text(text), or these fields defaults"
        )
        for text in texts:
            given(options, text)
    except PluginError as error:
        raise AssertionError(str(error)) from error
    formats = {format_ for member in options.spot.below("format").types for format_ in get_args(member)}
    for fact in ("escapes", "max_bytes_in"):
        unknown = set(getattr(channel, fact)) - formats
        assert not unknown, f"`{fact}` names {sorted(unknown)}, and the option `format` has {sorted(formats)}"


def _nothing(sha256: str) -> bytes:
    raise LookupError(sha256)
