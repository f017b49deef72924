"""Who may use the page: accounts with a role, known by a token, or named by a proxy."""

from __future__ import annotations

import hashlib
import logging
import os
import re
import stat
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path

from notifykit.durable.ordinary import read_ordinary, stamp
from notifykit.errors import ConfigError
from notifykit.redaction import register
from notifykit.wording.translation import gettext

__all__ = ["Account", "Proxy", "Role", "TokenFile", "Tokens"]

log = logging.getLogger(__name__)

SHORTEST = 20
"""Characters of a token: fewer can be guessed."""

_NAME = re.compile(r"[\w.@+-]{1,64}")
_LINE = "NAME look|decide TOKEN"


class Role(StrEnum):
    """What an account may do."""

    LOOK = "look"
    DECIDE = "decide"
    """Look, and decide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Somebody who may use the page."""

    name: str
    role: Role

    @property
    def who(self) -> str:
        """Who a decision of theirs is by, as it is kept with it."""
        return f"web:{self.name}"


class Tokens:
    """Accounts by their tokens, of which only digests are kept."""

    def __init__(self, accounts: Mapping[str, Account]) -> None:
        """`accounts`: by token."""
        self._accounts = {_digest(token): account for token, account in accounts.items()}

    def of(self, token: str) -> Account | None:
        """Return whose token it is."""
        return self._accounts.get(_digest(token))

    def has(self, account: Account) -> bool:
        """Whether there still is such an account, with this role."""
        return account in self._accounts.values()


class TokenFile(Tokens):
    """Accounts of a file, which is read anew where it changes: whoever is no longer in it is out."""

    def __init__(self, file: Path) -> None:
        """Raises ConfigError where the file cannot be used."""
        self._file = file
        self._stamp = stamp(file)
        super().__init__(read_tokens(file))

    def refresh(self) -> None:
        """Read it anew where it changed. What is wrong with it then is logged, and what was known stays."""
        now = stamp(self._file)
        if now == self._stamp:
            return
        self._stamp = now
        try:
            super().__init__(read_tokens(self._file))
        except ConfigError as error:
            log.error("the accounts stay as they were: %s", error)  # noqa: TRY400 - a person's mistake

    def of(self, token: str) -> Account | None:
        """Return whose token it is now."""
        self.refresh()
        return super().of(token)

    def has(self, account: Account) -> bool:
        """Whether there still is such an account now."""
        self.refresh()
        return super().has(account)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """A proxy that knows who somebody is, and says so in a header."""

    addresses: tuple[IPv4Network | IPv6Network, ...]
    """Where it connects from."""
    header: str
    """The name of an account is in it."""
    deciders: Collection[str] = ()
    """Accounts that may decide; all others may look."""

    @classmethod
    def at(cls, addresses: Collection[str], header: str, deciders: Collection[str] = ()) -> Proxy:
        """Return a proxy that connects from these addresses or networks. Raises ValueError where one is none."""
        networks = tuple(ip_network(address) for address in addresses)
        return cls(addresses=networks, header=header, deciders=frozenset(deciders))

    def is_at(self, address: str) -> bool:
        """Whether a connection from an address is the proxy's."""
        try:
            found = ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self.addresses)

    def account(self, name: str) -> Account | None:
        """Return the account that it names; None where that is no name."""
        if not _NAME.fullmatch(name):
            return None
        return Account(name=name, role=Role.DECIDE if name in self.deciders else Role.LOOK)


def read_tokens(file: Path) -> dict[str, Account]:
    """Return the accounts of a file by their tokens: a line each, `NAME look|decide TOKEN`, and comments behind `#`.

    Raises ConfigError with the line, and never with a token.
    """
    try:
        text = read_ordinary(file).decode()
        mode = file.stat().st_mode
    except UnicodeDecodeError as error:
        raise ConfigError(gettext("is not UTF-8 text"), where=file) from error
    except OSError as error:
        raise ConfigError(gettext("cannot be read ({why})", why=error.strerror), where=file) from error
    if hasattr(os, "geteuid") and stat.S_IMODE(mode) & 0o077:
        mend = gettext("run `chmod 600 {file}`", file=file)
        raise ConfigError(gettext("other accounts may read these tokens"), mend=mend, where=file)
    found: dict[str, Account] = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        account, token = _account(words, f"{file}:{number}")
        if token in found:
            raise ConfigError(gettext("this token stands on an earlier line, too"), where=f"{file}:{number}")
        found[token] = account
        register(token)
    if not found:
        mend = gettext("write a line `{line}` for each", line=_LINE)
        raise ConfigError(gettext("names no account"), mend=mend, where=file)
    return found


def _account(words: list[str], where: str) -> tuple[Account, str]:
    if len(words) != 3:
        what = gettext("has {number} words, not 3", number=len(words))
        raise ConfigError(what, mend=gettext("write `{line}`", line=_LINE), where=where)
    name, role, token = words
    if not _NAME.fullmatch(name):
        what = gettext("{name!r} is no name of an account", name=name)
        raise ConfigError(what, mend=gettext("use letters, digits and . _ @ + -"), where=where)
    if role not in list(Role):
        what = gettext("{role!r} is no role", role=role)
        raise ConfigError(what, mend=gettext("write look or decide"), where=where)
    if len(token) < SHORTEST:
        what = gettext("the token has {number} characters, not {least} or more", number=len(token), least=SHORTEST)
        mend = gettext('make one with `python -c "import secrets; print(secrets.token_urlsafe(32))"`')
        raise ConfigError(what, mend=mend, where=where)
    return Account(name=name, role=Role(role)), token


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
