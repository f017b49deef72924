"""Feishu and Lark (飞书) for notifykit: the custom robot of a group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifykit import hookimpl

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifykit.hookspecs import Register, RegisterReasons
    from notifykit.wording.translation import Catalogue


@hookimpl
def register_senders(register: Register) -> None:
    """Offer `feishu_robot`."""
    register("feishu_robot", "notifykit_feishu.robot:FeishuRobot")


@hookimpl
def register_reasons(register: RegisterReasons) -> None:
    """Offer what is said of an attempt."""
    from notifykit_feishu.wording import ATTEMPTS

    for sentence in ATTEMPTS:
        register(sentence)


@hookimpl
def register_translations(register: Callable[[Catalogue], None]) -> None:
    """Offer what it says in other languages."""
    from pathlib import Path

    from notifykit.wording.translation import Catalogue

    register(Catalogue("notifykit_feishu", Path(__file__).parent / "locale"))
