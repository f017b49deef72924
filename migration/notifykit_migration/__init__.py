"""Moves a running legacy system onto the outbox, provably, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifykit import hookimpl

if TYPE_CHECKING:
    import click


@hookimpl
def register_commands(cli: click.Group) -> None:
    """Add the commands of a migration."""
    from notifykit_migration.commands.inventory import inventory

    cli.add_command(inventory)
