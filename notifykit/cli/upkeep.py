"""`notifykit store info` and `store check`: how large the outbox is, and whether it is sound."""

from __future__ import annotations

import click

from notifykit.cli.examples import example
from notifykit.cli.stores import existing_at, looks
from notifykit.cli.times import iso, local, relative
from notifykit.clock import SystemClock
from notifykit.errors import ExitCode
from notifykit.outbox.address import StoreAddress
from notifykit.outbox.inspection import Finding, StoreFacts, inspection
from notifykit.session import Session
from notifykit.terminal.console import json_option, out, print_json
from notifykit.terminal.tables import Right, print_table


@click.command(epilog=example("notifykit store info", "notifykit store info --json"))
@json_option
@click.pass_obj
@looks
def info(session: Session, as_json: bool) -> ExitCode:
    """Show how large the outbox is: bytes, rows, and how old the oldest of what waits and of what is done are."""
    project = session.project_file()
    address = project.store(session.plugins.registry)
    facts, now = None, 0.0
    with existing_at(project, address, SystemClock()) as outbox:
        if outbox is not None:
            facts, now = inspection(outbox, address).facts(), outbox.now()
    if as_json:
        print_json({"store": str(address), **_facts_form(facts)})
    elif facts is not None:
        _print(address, facts, now)
    return ExitCode.DONE


def _facts_form(facts: StoreFacts | None) -> dict[str, object]:
    return {
        "bytes": dict(facts.bytes) if facts else {},
        "rows": dict(facts.rows) if facts else {},
        "tasks": {status.value: number for status, number in facts.by_status.items()} if facts else {},
        "oldest_waiting": iso(facts.oldest_waiting) if facts else None,
        "oldest_finished": iso(facts.oldest_finished) if facts else None,
    }


def _print(address: StoreAddress, facts: StoreFacts, now: float) -> None:
    out(f"{address}: {sum(facts.bytes.values()):,} bytes")
    print_table(["part", Right("bytes")], [(name, f"{size:,}") for name, size in facts.bytes.items()])
    print_table(
        ["rows of", Right("number")],
        [
            *((kind, f"{number:,}") for kind, number in facts.rows.items()),
            *((f"tasks, {status.value}", f"{number:,}") for status, number in sorted(facts.by_status.items())),
        ],
    )
    for what, at in (("oldest waiting", facts.oldest_waiting), ("oldest finished", facts.oldest_finished)):
        out(f"{what}: {f'{local(at)} ({relative(at, now)})' if at is not None else 'none'}")


@click.command(epilog=example("notifykit store check", "notifykit store check --json"))
@json_option
@click.pass_obj
@looks
def check(session: Session, as_json: bool) -> ExitCode:
    """Look whether the outbox is sound, by SQLite's own checks of the file and by the outbox's own rules.

    Exit code 7: something is damaged. 3: nothing is, but another program wrote over messages, which wait for a person,
    as `status` says. It reads everything: of a million messages that takes some seconds.
    """
    project = session.project_file()
    address = project.store(session.plugins.registry)
    found: list[Finding] = []
    with existing_at(project, address, SystemClock()) as outbox:
        if outbox is not None:
            found = list(inspection(outbox, address).findings())
    damaged = any(not one.held for one in found)
    if as_json:
        print_json({"store": str(address), "sound": not damaged, "findings": [_finding_form(one) for one in found]})
    elif outbox is not None:
        for one in found:
            out(f"{'held' if one.held else 'damaged'}: {_number(one)}{one.what}; {one.mend}")
        if not damaged:
            out(f"{address}: found sound")
    if damaged:
        return ExitCode.VERIFICATION_FAILED
    return ExitCode.HELD if found else ExitCode.DONE


def _number(one: Finding) -> str:
    return "" if one.number == 1 and one.rule in ("damaged", "schema") else f"{one.number:,} "


def _finding_form(one: Finding) -> dict[str, object]:
    return {"rule": one.rule, "number": one.number, "what": one.what, "mend": one.mend, "held": one.held}
