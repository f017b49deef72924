"""WeCom (企业微信) for notifykit: the group robot, and the messages of an application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifykit import hookimpl

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifykit.hookspecs import Register, RegisterReasons
    from notifykit.wording.translation import Catalogue


@hookimpl
def register_senders(register: Register) -> None:
    """Offer `wecom_robot` and `wecom_app`."""
    register("wecom_robot", "notifykit_wecom.robot:WecomRobot")
    register("wecom_app", "notifykit_wecom.app:WecomApp")


@hookimpl
def register_reasons(register: RegisterReasons) -> None:
    """Offer what is said of an attempt."""
    from notifykit_wecom.wording import ATTEMPTS

    for sentence in ATTEMPTS:
        register(sentence)


@hookimpl
def register_translations(register: Callable[[Catalogue], None]) -> None:
    """Offer what it says in other languages."""
    from pathlib import Path

    from notifykit.wording.translation import Catalogue

    register(Catalogue("notifykit_wecom", Path(__file__).parent / "locale"))
