"""Credentials that stand in plain view in a configuration file."""

from __future__ import annotations

import re

from notifykit.wording.translation import gettext, gettext_noop

_CREDENTIALS = (
    (r"/webhook/send\?(?:[^\s\"']*&)?key=[^\s\"'&{<$]+", gettext_noop("a group robot's key")),
    (r"[?&](?:access_token|secret|token)=[^\s\"'&{<$]+", gettext_noop("an access token")),
    (r"/open-apis/bot/v2/hook/[0-9A-Za-z-]{8,}", gettext_noop("a robot's address")),
    (r"hooks\.slack\.com/(?:services|workflows)/[0-9A-Za-z/]{8,}", gettext_noop("a webhook's address")),
    (r"/bot\d{5,}:[0-9A-Za-z_-]{20,}", gettext_noop("a bot's token")),
    (r"/api/webhooks/\d+/[0-9A-Za-z_-]{8,}", gettext_noop("a webhook's address")),
    (r"://[^\s/:@\"']+:[^\s/@\"'{<$]+@", gettext_noop("a password")),
    (r"://[^\s\"']*[?&](?:ssl)?password=[^\s\"'&{<$]+", gettext_noop("a password")),
)


def credential_in(text: str) -> str | None:
    """Say what kind of credential a text holds in plain view; None where it holds none that we know."""
    return next((gettext(kind) for pattern, kind in _CREDENTIALS if re.search(pattern, text)), None)
