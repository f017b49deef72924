"""Why a connection failed, in words that hold no secret: classes and codes, never the text of an error."""

from __future__ import annotations

import errno
import socket
import ssl

_RESOLVER = {getattr(socket, name): name for name in dir(socket) if name.startswith("EAI_")}


def cause_of(error: Exception) -> str:
    """Return the class and code of the system's error below a transport error; a proxy's status; or nothing."""
    cause = error.args[0] if error.args else None
    if isinstance(cause, OSError):
        return f"{type(cause).__name__} {_code(cause)}".strip()
    if isinstance(cause, str) and cause[:3].isdecimal():
        return f"HTTP {cause[:3]}"
    return ""


def _code(cause: OSError) -> str:
    if isinstance(cause, ssl.SSLError):
        return cause.reason or ""
    if isinstance(cause, socket.gaierror):
        return _RESOLVER.get(cause.errno, "")
    return errno.errorcode.get(cause.errno or 0, "")
