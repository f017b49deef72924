"""Reasons in the language of the command line, by all sentences that there are."""

from __future__ import annotations

import click

from notifykit.session import Session
from notifykit.wording import Reason
from notifykit_migration.wording import WORDING


def said(reason: Reason) -> str:
    """Put a reason into words. Outside of a command, by the sentences of this package and of the host."""
    context = click.get_current_context(silent=True)
    session = context.find_object(Session) if context is not None else None
    return session.say(reason) if session is not None else WORDING.said(reason)
