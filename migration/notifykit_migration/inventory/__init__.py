"""Where Python code reads or writes send status: a static report. The code is never executed."""

from __future__ import annotations

from notifykit_migration.inventory.model import (
    Access,
    Danger,
    Fate,
    Hazard,
    Inventory,
    Owner,
    Place,
    Unread,
    Use,
    What,
)
from notifykit_migration.inventory.take import take_inventory
from notifykit_migration.inventory.words import StatusFiles

__all__ = [
    "Access",
    "Danger",
    "Fate",
    "Hazard",
    "Inventory",
    "Owner",
    "Place",
    "StatusFiles",
    "Unread",
    "Use",
    "What",
    "take_inventory",
]
