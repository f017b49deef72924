"""Answering scrapes beside the work: `--metrics` of `run` and `worker`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from notifykit.terminal.console import info, warn
from notifykit.wording.translation import gettext

if TYPE_CHECKING:
    from notifykit.pipeline.project import Project

metrics_option: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "--metrics",
    metavar="ADDR",
    help="Answer scrapes of Prometheus at this address meanwhile, such as 127.0.0.1:9464.",
)


@contextmanager
def answering(address: str | None) -> Iterator[Callable[[Project], None]]:
    """Answer scrapes for a block, where an address is named; what it gives is told the project. Raises MetricsError."""
    if address is None:
        yield lambda _: None
        return
    from notifykit.metrics.server import MetricsServer, address_of  # few name one

    with MetricsServer(address_of(address)) as server:
        info(gettext("metrics: http://{address}/metrics", address=server.address))
        if not server.address.is_loopback:
            warn(gettext("warning: whoever reaches this address reads the names and figures of all campaigns"))
        yield server.follow
