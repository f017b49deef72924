"""Reasons in the language of the command line: `--lang`, or NOTIFYKIT_LANG, or that of the locale."""

from __future__ import annotations

import click

from notifykit.errors import HeldCampaignError, NotifykitError
from notifykit.session import Session
from notifykit.wording import Reason


def said(reason: Reason | str) -> str:
    """Return what a reason says, in the language that is spoken; a mere text is as it is."""
    context = click.get_current_context(silent=True)
    session = context.find_object(Session) if context is not None else None
    return session.say(reason) if isinstance(reason, Reason) and session is not None else str(reason)


def in_words(error: NotifykitError) -> NotifykitError:
    """Return an error with its reason in that language, where it has one."""
    return HeldCampaignError(said(error.reason), where=error.where) if isinstance(error, HeldCampaignError) else error
