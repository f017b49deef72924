"""Stores that the contract for many processes must catch, and for what it must."""

from __future__ import annotations

import re
from pathlib import Path

from notifykit.testing.outbox.concurrency import ConcurrencyContract

TRIES = 8
"""How often a race may not come about: the contract sees what happened, and on a busy machine less happens."""

RACES = re.compile(r"stranded|called twice|to \d+: ")
"""What it says first of messages that nobody can claim, that went out twice or never, and out of their order."""


def require_caught(racing: type[ConcurrencyContract], folder: Path) -> None:
    """Require that the contract fails for what a race did, not because one of the processes ended with an error."""
    said: list[str] = []
    for number in range(TRIES):
        (folder / str(number)).mkdir()
        try:
            racing().test_what_two_offer_and_three_send_goes_out_once_and_in_order(folder / str(number))
        except AssertionError as seen:
            if RACES.match(str(seen)):
                return
            said.append(str(seen))
    raise AssertionError(f"{racing.__name__} was not caught in {TRIES} tries; {said}")
