"""HTTP for senders: one POST becomes a reply that can be read, or an outcome that can be trusted.

Knows no vendor. A sender calls `post`, returns what is an `Outcome` as it is, asks `classify_status` about the
rest, and judges the body of what is left.
"""

from notifykit.http.addresses import check_http_url, plain
from notifykit.http.posting import get, header_value, post
from notifykit.http.reply import Reply, classify_status, retry_after, throttle
from notifykit.http.tls import check_ca_file

__all__ = [
    "Reply",
    "check_ca_file",
    "check_http_url",
    "classify_status",
    "get",
    "header_value",
    "plain",
    "post",
    "retry_after",
    "throttle",
]
