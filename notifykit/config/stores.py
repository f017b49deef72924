"""What `store:` of a project file means: a file, or a URL of a kind that a plugin offers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from notifykit.errors import ConfigError
from notifykit.nearest import hint

if TYPE_CHECKING:
    from notifykit.outbox.address import StoreAddress
    from notifykit.plugins.registry import Registry


_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://.*", re.DOTALL)


def scheme_of(store: str) -> str | None:
    """Return which kind of store a text names, in small letters; None where it is the path of a file."""
    found = _URL.fullmatch(store)
    return None if found is None else found[1].lower()


def store_address(named: str, registry: Registry) -> StoreAddress:
    """Return the address of the store that is named: an absolute path, or a URL.

    Raises ConfigError, without a place, where no plugin offers its scheme, or the URL will not do; and PluginError.
    """
    scheme = scheme_of(named)
    if scheme is None:
        from notifykit.outbox.sqlite.address import SqliteAddress  # most commands ask for a store, and some for none

        return SqliteAddress(Path(named))
    from notifykit.options import OptionError  # likewise

    offer = registry.stores.get(scheme)
    if offer is None:
        near = hint(scheme, registry.stores)
        raise ConfigError(
            f'no plugin offers stores of the scheme "{scheme}"{near}', mend="correct `store:`, or install such a plugin"
        )
    try:
        address: StoreAddress = offer.load()(url=named)
    except OptionError as error:
        raise ConfigError(error.what, mend=error.mend) from error
    return address
