"""A generic webhook for notifykit: any receiver that takes a POST."""

from __future__ import annotations

from notifykit import hookimpl
from notifykit.hookspecs import Register
from notifykit_webhook.sender import Webhook

__all__ = ["Webhook"]


@hookimpl
def register_senders(register: Register) -> None:
    """Offer `webhook`."""
    register("webhook", Webhook)
