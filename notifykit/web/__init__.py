"""The page: what people on duty see and decide, in a browser. It calls what the command line calls.

Needs Starlette and uvicorn: `notifykit-outbox[web]`.
"""

from __future__ import annotations

from importlib import import_module

from notifykit.errors import NotifykitError
from notifykit.wording.translation import gettext

__all__ = ["require_libraries"]

EXTRA = 'pip install "notifykit-outbox[web]"'


def require_libraries() -> None:
    """Raise NotifykitError where Starlette or uvicorn are not installed."""
    try:
        for name in ("starlette", "uvicorn"):
            import_module(name)
    except ImportError as error:
        what = gettext("the page needs Starlette and uvicorn ({why})", why=error)
        raise NotifykitError(what, mend=EXTRA) from error
