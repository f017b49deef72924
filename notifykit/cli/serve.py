"""`notifykit serve`."""

from __future__ import annotations

import getpass
import secrets
import socket
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from notifykit.cli.sections import example
from notifykit.cli.signals import stopping_with
from notifykit.errors import ExitCode, NotifykitError
from notifykit.redaction import register
from notifykit.session import Session
from notifykit.terminal.console import info, out, warn
from notifykit.terminal.durations import DurationType
from notifykit.terminal.paths import PathType
from notifykit.terminal.systemd import Notifier
from notifykit.web import require_libraries
from notifykit.wording.translation import gettext

if TYPE_CHECKING:
    from notifykit.web.accounts import Proxy, Tokens
    from notifykit.web.serving import Address, Certificate

LISTEN = "127.0.0.1:8765"
HEADER = "X-Forwarded-User"


@click.command(
    epilog=example(
        "notifykit serve",
        "notifykit serve --listen 0.0.0.0:8765 --host notify.example.com --token-file tokens",
        "notifykit serve --behind-proxy 127.0.0.1 --decides anna --host notify.example.com",
    )
)
@click.option("--listen", metavar="HOST:PORT", default=LISTEN, show_default=True, help="Where the page listens.")
@click.option(
    "--host",
    "hosts",
    metavar="NAME",
    multiple=True,
    help="A name under which browsers reach it, besides those of loopback and that of --listen. Repeatable.",
)
@click.option(
    "--token-file",
    type=PathType(dir_okay=False),
    metavar="FILE",
    help="Who may use it: a line `NAME look|decide TOKEN` each.",
)
@click.option(
    "--behind-proxy",
    "proxies",
    metavar="ADDRESS",
    multiple=True,
    help="A proxy there says who somebody is: an address or a network. Repeatable.",
)
@click.option(
    "--user-header",
    metavar="NAME",
    default=HEADER,
    show_default=True,
    help="The header in which the proxy says it, and that it takes from nobody.",
)
@click.option("--decides", "deciders", metavar="NAME", multiple=True, help="Who of those may decide. Repeatable.")
@click.option("--hide-texts", is_flag=True, help="Who may only look sees no texts and no recipients.")
@click.option(
    "--session",
    "lasts",
    type=DurationType(longest=7 * 86_400.0),
    metavar="DURATION",
    default="12h",
    show_default=True,
    help="After how long everybody logs in again.",
)
@click.option("--tls-cert", type=PathType(dir_okay=False), metavar="FILE", help="A certificate, in PEM.")
@click.option("--tls-key", type=PathType(dir_okay=False), metavar="FILE", help="Its key, in PEM.")
@click.pass_obj
def serve(
    session: Session,
    listen: str,
    hosts: tuple[str, ...],
    token_file: Path | None,
    proxies: tuple[str, ...],
    user_header: str,
    deciders: tuple[str, ...],
    hide_texts: bool,
    lasts: float,
    tls_cert: Path | None,
    tls_key: Path | None,
) -> ExitCode:
    """Show the page in a browser: how things stand, what is in doubt, and decisions.

    It prints an address with a token; whoever has that may decide, under your name. Others than on this computer reach
    it only with --token-file or --behind-proxy. Ctrl-C or SIGTERM ends it. `notifykit docs page` says more.
    """
    require_libraries()
    from notifykit.web.accounts import TokenFile
    from notifykit.web.serving import Certificate

    session.project_file()  # what is wrong with that is told first
    address = _address(listen)
    if (tls_cert is None) != (tls_key is None):
        raise click.UsageError(gettext("--tls-cert and --tls-key go together"))
    proxy = _proxy(proxies, user_header, deciders)
    serve_page(
        session,
        address,
        tokens=TokenFile(token_file) if token_file else None,
        proxy=proxy,
        names=_hosts(address, hosts, known=token_file is not None or proxy is not None),
        hide_texts=hide_texts,
        lasts=lasts,
        certificate=Certificate(file=tls_cert, key=tls_key) if tls_cert and tls_key else None,
    )
    return ExitCode.DONE


def serve_page(
    session: Session,
    address: Address,
    *,
    tokens: Tokens | None = None,
    proxy: Proxy | None = None,
    names: Sequence[str] = (),
    hide_texts: bool = False,
    lasts: float = 12 * 3600.0,
    certificate: Certificate | None = None,
) -> None:
    """Serve the page of a project until it is told to stop. Where nobody says who comes in, whoever has the token that
    is printed may."""
    from notifykit.web.accounts import Account, Role, Tokens
    from notifykit.web.app import build_app
    from notifykit.web.entrance import LOOPBACK, Entrance
    from notifykit.web.serving import Serving, listen
    from notifykit.web.sessions import Attempts, Sessions
    from notifykit.web.site import Site

    own: str | None = None
    if tokens is None and proxy is None:
        own = secrets.token_urlsafe(32)
        tokens = Tokens({own: Account(name=_name(), role=Role.DECIDE)})
    site = Site(lambda: session.open_project(secrets=False))
    with listen(address) as listening, closing(site):
        port = listening.getsockname()[1]
        clock = site.project.clock
        entrance = Entrance(
            sessions=Sessions(clock.monotonic, lasts),
            attempts=Attempts(clock.monotonic),
            tokens=tokens,
            proxy=proxy,
            hosts=frozenset({*LOOPBACK, *names}),
            port=port,
            tls=certificate is not None,
            hide_texts=hide_texts,
        )
        serving = Serving(build_app(site, entrance, language=session.language), certificate)
        url = f"{'https' if certificate else 'http'}://{names[0] if names else _shown(address)}:{port}/"
        with stopping_with(serving.stop):
            _tell(url, own, address, encrypted=certificate is not None or proxy is not None)
            Notifier().ready(site.project.about)
            serving.run(listening)


def _tell(url: str, token: str | None, address: Address, *, encrypted: bool) -> None:
    """Say where the page is. The token is said once, here."""
    from notifykit.web.entrance import is_loopback

    if not encrypted and not is_loopback(address.host):
        warn(gettext("warning: without --tls-cert, tokens and texts go over the network as they are"))
    out(f"{url}?token={token}" if token else url)
    if token:
        register(token)  # no log has it
    info(gettext("serve: open this address in a browser; Ctrl-C ends it"))


def _address(listen: str) -> Address:
    from notifykit.web.serving import Address

    try:
        return Address.of(listen)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--listen") from error


def _proxy(proxies: tuple[str, ...], header: str, deciders: tuple[str, ...]) -> Proxy | None:
    from notifykit.web.accounts import Proxy

    if not proxies:
        if deciders:
            raise click.UsageError(gettext("--decides is about accounts of --behind-proxy"))
        return None
    try:
        return Proxy.at(proxies, header, deciders)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--behind-proxy") from error


def _hosts(address: Address, given: tuple[str, ...], *, known: bool) -> list[str]:
    """Return the names under which the page is served besides loopback's. Raises NotifykitError where it may not be."""
    from notifykit.web.entrance import is_loopback

    if not is_loopback(address.host) and not known:
        raise NotifykitError(
            gettext("{address} is reached by others than this computer", address=address),
            mend=gettext("say who may come in, with --token-file or --behind-proxy, or listen on 127.0.0.1"),
        )
    own = [] if is_loopback(address.host) or address.host in ("0.0.0.0", "::") else [_shown(address)]  # noqa: S104
    if not (own or given or is_loopback(address.host)):
        raise NotifykitError(
            gettext("{address} is every address of this computer", address=address),
            mend=gettext("say with --host under which name browsers reach it"),
        )
    return [name.lower() for name in (*given, *own)]


def _shown(address: Address) -> str:
    return f"[{address.host}]" if ":" in address.host else address.host


def _name() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return socket.gethostname()
