"""HTTP for senders: one request becomes a reply that can be read, or an outcome that can be trusted.

Knows no vendor. A sender calls `request` (or `post`), returns what is an `Outcome` as it is, asks `classify_status`
about the rest, and judges the body of what is left.
"""

from notifykit.http.addresses import check_http_url, check_url_part, plain
from notifykit.http.reply import Reply, classify_status, retry_after, throttle
from notifykit.http.requesting import get, header_value, post, request
from notifykit.http.tls import check_ca_file
from notifykit.http.tokens import TokenCache

__all__ = [
    "Reply",
    "TokenCache",
    "check_ca_file",
    "check_http_url",
    "check_url_part",
    "classify_status",
    "get",
    "header_value",
    "plain",
    "post",
    "request",
    "retry_after",
    "throttle",
]
