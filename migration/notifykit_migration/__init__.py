"""Moves a running legacy system onto the outbox, provably, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifykit import hookimpl
from notifykit_migration.apply.guard import may_generate

__all__ = ["may_generate", "register_commands"]

if TYPE_CHECKING:
    import click


@hookimpl
def register_commands(cli: click.Group) -> None:
    """Add the commands of a migration, in the order in which they are met."""
    # Imported late: every command of notifykit comes by here, and most need none of it.
    from notifykit_migration.commands.history import history
    from notifykit_migration.commands.inventory import inventory
    from notifykit_migration.commands.migrate import migrate
    from notifykit_migration.commands.retire import retire
    from notifykit_migration.commands.rollback import rollback
    from notifykit_migration.commands.verify import verify

    for command in (inventory, migrate, verify, retire, rollback, history):
        cli.add_command(command)
