"""WeCom (企业微信) for notifykit: the group robot."""

from __future__ import annotations

from notifykit import hookimpl
from notifykit.hookspecs import Register
from notifykit_wecom.robot import WecomRobot

__all__ = ["WecomRobot"]


@hookimpl
def register_senders(register: Register) -> None:
    """Offer `wecom_robot`."""
    register("wecom_robot", WecomRobot)
