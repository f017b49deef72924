"""A service of Apprise, made from its URL for one message: no retries, no redirects, no throttle of its own."""

from __future__ import annotations

import functools
import warnings

import apprise
from apprise.common import OverflowMode, PersistentStoreMode

from notifykit.options import OptionError
from notifykit.wording.translation import gettext

NATIVE = {
    "wecombot": "wecom_robot",
    "dingtalk": "dingtalk_robot",
    "feishu": "feishu_robot",
    "lark": "feishu_robot",
}
"""Services that answer 200 with an error inside, which Apprise takes for a success: to the sender that reads it."""


def make(url: str, timeout: float | None = None) -> apprise.NotifyBase:
    """Return the service that a URL means. Raises OptionError that names `url`, and never shows it.

    `timeout`: seconds for connecting, and for each wait for an answer.
    """
    asset = apprise.AppriseAsset(
        async_mode=False, http_redirects=False, secure_logging=True, storage_mode=PersistentStoreMode.MEMORY
    )
    _load()
    service = apprise.Apprise.instantiate(url, asset=asset)
    if service is None:
        raise OptionError(
            "url",
            gettext("is no URL that Apprise knows, or misses something"),
            mend=gettext("see the page of the service at github.com/caronc/apprise/wiki"),
        )
    kind = str(service.secure_protocol)
    if (native := NATIVE.get(kind)) is not None:
        raise OptionError(
            "url",
            gettext("{kind} answers 200 to what it refuses, and Apprise does not look", kind=kind),
            mend=gettext("use `type: {native}`", native=native),
        )
    service.retry = 0
    service.redirects = False
    service.overflow_mode = OverflowMode.UPSTREAM
    if (targets := len(service)) != 1:
        raise OptionError(
            "url",
            gettext("names {targets} targets, and a delivery has one", targets=targets),
            mend=gettext("make a channel for each"),
        )
    if timeout is not None:
        service.socket_connect_timeout = service.socket_read_timeout = timeout
    return service


@functools.cache
def _load() -> None:
    """Let Apprise load its services, some of which import what Python is about to drop."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        apprise.Apprise.instantiate("json://localhost")
