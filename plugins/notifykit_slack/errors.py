"""What each word in `error` means that the Web API refuses a message with (docs.slack.dev, "chat.postMessage", Errors).

A word that is not here is a refusal of the message.
"""

from __future__ import annotations

from notifykit.model import FOREVER, Outcome
from notifykit_slack import wording

OF_THE_TOKEN = frozenset(
    {
        "access_denied",
        "accesslimited",
        "account_inactive",
        "ekm_access_denied",
        "enterprise_is_restricted",
        "invalid_auth",
        "missing_scope",
        "no_permission",
        "not_allowed_token_type",
        "not_authed",
        "org_login_required",
        "team_access_not_granted",
        "token_expired",
        "token_revoked",
        "two_factor_setup_required",
    }
)
"""Every other message of the token would be refused, too."""
FAILED = frozenset({"fatal_error", "internal_error"})
""""It's possible some aspect of the operation succeeded before the error was raised."""
WAITS = {
    "rate_limited": 30.0,
    "ratelimited": 30.0,
    "request_timeout": 5.0,
    "service_unavailable": 30.0,
    "team_added_to_org": 300.0,
}
"""What is refused for now, with seconds until the next try."""


def outcome_of(error: str) -> Outcome:
    """Return what a word means."""
    if error in FAILED:
        return Outcome.unknown(error, wording.FAILED().text)
    if error in WAITS:
        return Outcome.retry(error, wording.BUSY().text, after=WAITS[error])
    if error in OF_THE_TOKEN:
        return Outcome.rejected(error, wording.CREDENTIAL().text, pause=FOREVER)
    return Outcome.rejected(error, wording.DEFECT().text)
