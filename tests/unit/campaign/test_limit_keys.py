from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from notifykit.campaign.campaign import Channel
from notifykit.campaign.limit_keys import LONGEST, counted_as, keyed
from notifykit.errors import PluginError, RenderError
from notifykit.model import Message, Outcome
from notifykit.options import Secret
from notifykit.roles import Rate, SendContext
from notifykit.testing import draft


@dataclass
class Bot:
    key_limits = (Rate(1, 1.0),)
    token: Any = None
    answer: Any = "chat"

    @property
    def credential_key(self) -> Any:
        return self.token

    def limit_key(self, message: Message) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer if self.answer != "chat" else f"{message.recipient}/{message.key}"

    def send(self, message: Message, context: SendContext) -> Outcome:
        return Outcome.accepted()


def channel(**fields: Any) -> Channel:
    return Channel.of("out", "bot", Bot(**fields))


def test_what_a_message_is_counted_by_is_asked_of_the_message_as_it_will_be() -> None:
    assert keyed(draft(recipient="room", key="C-7"), channel()).limit_key == "room/C-7"
    assert keyed(draft(), channel(answer="")).limit_key is None
    assert keyed(draft(), None).limit_key is None


@pytest.mark.parametrize("odd", ["a\x00b", "x" * (LONGEST + 1), "\ud800"])
def test_what_a_store_cannot_keep_is_kept_as_its_hash(odd: str) -> None:
    found = keyed(draft(), channel(answer=odd)).limit_key
    assert found is not None
    assert len(found) == 16
    assert found == keyed(draft(), channel(answer=odd)).limit_key


@pytest.mark.parametrize("answer", [None, 7, b"x", ValueError("no")])
def test_an_answer_that_is_no_text_holds_the_record(answer: Any) -> None:
    with pytest.raises(RenderError, match=r"limit_key\(\) of channel out"):
        keyed(draft(), channel(answer=answer))


def test_of_a_credential_only_a_hash_is_told() -> None:
    one, same, other = (counted_as(channel(token=token)) for token in ("geheim", Secret("geheim"), "anders"))
    assert one == same != other
    assert one is not None
    assert "geheim" not in one
    assert counted_as(channel(token="")) is None
    assert counted_as(channel(token=None)) is None
    with pytest.raises(PluginError, match="`credential_key` is a int, not text"):
        counted_as(channel(token=7))


def test_limits_of_chats_need_to_know_the_chat() -> None:
    class Mute:
        key_limits = (Rate(1, 1.0),)

        def send(self, message: Message, context: SendContext) -> Outcome:
            return Outcome.accepted()

    with pytest.raises(PluginError, match="`key_limits` needs a method `limit_key`"):
        Channel.of("out", "mute", Mute())


def test_how_long_a_text_may_be() -> None:
    class Short(Bot):
        max_bytes = 10
        max_length = 4
        length_unit = "utf16"

    found = Channel.of("out", "short", Short())
    assert [(one.most, one.unit) for one in found.bounds] == [(10, "bytes"), (4, "utf16")]
    assert channel().bounds == ()

    class Odd(Bot):
        length_unit = "words"

    with pytest.raises(PluginError, match="its fact `length_unit` is 'words', not `bytes`, `characters` or `utf16`"):
        Channel.of("out", "odd", Odd())
