"""DingTalk (钉钉) for notifykit: the custom robot of a group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifykit import hookimpl

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifykit.hookspecs import Register, RegisterReasons
    from notifykit.wording.translation import Catalogue


@hookimpl
def register_senders(register: Register) -> None:
    """Offer `dingtalk_robot`."""
    register("dingtalk_robot", "notifykit_dingtalk.robot:DingtalkRobot")


@hookimpl
def register_reasons(register: RegisterReasons) -> None:
    """Offer what is said of an attempt."""
    from notifykit_dingtalk.wording import ATTEMPTS

    for sentence in ATTEMPTS:
        register(sentence)


@hookimpl
def register_translations(register: Callable[[Catalogue], None]) -> None:
    """Offer what it says in other languages."""
    from pathlib import Path

    from notifykit.wording.translation import Catalogue

    register(Catalogue("notifykit_dingtalk", Path(__file__).parent / "locale"))
