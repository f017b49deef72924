"""TLS contexts, each built once: loading the system's certificates costs tens of milliseconds."""

from __future__ import annotations

import ssl
import threading
from pathlib import Path

from notifykit.durable.ordinary import instead_of_file
from notifykit.options import OptionError
from notifykit.wording.translation import gettext

_contexts: dict[tuple[Path | None, bool], ssl.SSLContext] = {}
_lock = threading.Lock()


def context(ca_file: Path | None, *, trust_env: bool) -> ssl.SSLContext:
    """Return the shared context that trusts `ca_file`, or the system's certificates where that is None.

    With `trust_env` the variables SSL_CERT_FILE and SSL_CERT_DIR replace the system's. Raises OSError
    (`ssl.SSLError` is one) where the file cannot be read or holds no certificate.
    """
    key = (ca_file, trust_env)
    with _lock:
        if (found := _contexts.get(key)) is None:
            if ca_file is None:
                import httpx2

                found = httpx2.create_ssl_context(trust_env=trust_env)
            else:
                found = ssl.create_default_context(cafile=ca_file)
            _contexts[key] = found
        return found


def check_ca_file(ca_file: Path, option: str = "ca_file") -> None:
    """Raise ValueError, naming the option, where this is no readable file of PEM certificates."""
    if (found := instead_of_file(ca_file)) is not None:
        raise OptionError(
            option, gettext("{file} is {found}", file=ca_file, found=found), mend=gettext("give a PEM file")
        )
    try:
        context(ca_file, trust_env=False)
    except OSError as error:
        raise OptionError(
            option,
            gettext("{file} is not a readable file of certificates ({kind})", file=ca_file, kind=type(error).__name__),
            mend=gettext("give a PEM file"),
        ) from error
