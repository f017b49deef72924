"""What `store:` of a project file means: a file, or a URL of a kind that a plugin offers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from notifykit.errors import ConfigError
from notifykit.nearest import hint
from notifykit.options import OptionError
from notifykit.outbox.address import StoreAddress, scheme_of
from notifykit.outbox.sqlite.address import SqliteAddress

if TYPE_CHECKING:
    from notifykit.plugins.registry import Registry


def store_address(named: str, registry: Registry) -> StoreAddress:
    """Return the address of the store that is named: an absolute path, or a URL.

    Raises ConfigError, without a place, where no plugin offers its scheme, or the URL will not do; and PluginError.
    """
    scheme = scheme_of(named)
    if scheme is None:
        return SqliteAddress(Path(named))
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
