"""A generic webhook for notifykit: any receiver that takes a POST."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifykit import hookimpl

if TYPE_CHECKING:
    from notifykit.hookspecs import Register


@hookimpl
def register_senders(register: Register) -> None:
    """Offer `webhook`."""
    register("webhook", "notifykit_webhook.sender:Webhook")
