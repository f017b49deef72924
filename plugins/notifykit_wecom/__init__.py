"""WeCom (企业微信) for notifykit: the group robot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifykit import hookimpl

if TYPE_CHECKING:
    from notifykit.hookspecs import Register


@hookimpl
def register_senders(register: Register) -> None:
    """Offer `wecom_robot`."""
    register("wecom_robot", "notifykit_wecom.robot:WecomRobot")
