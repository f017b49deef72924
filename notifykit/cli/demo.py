"""`notifykit demo`."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import click

from notifykit.cli.sections import example
from notifykit.demo.acts import Acts
from notifykit.demo.narration import folded, room
from notifykit.demo.proof import FlagProof, Proof
from notifykit.demo.story import on_a_server, walk
from notifykit.demo.world import folder_of
from notifykit.errors import ExitCode
from notifykit.plugins import Plugins
from notifykit.session import PROJECT_FILE, Session
from notifykit.terminal.console import count, info, json_option, out, print_json, some, warn
from notifykit.terminal.paths import PathType
from notifykit.terminal.tables import Right, print_table
from notifykit.web import require_libraries
from notifykit.wording.translation import gettext

FOLDER = Path("notifykit-demo")


@click.command(epilog=example("notifykit demo", "notifykit demo --json /tmp/notifykit-demo"))
@click.argument("folder", metavar="[DIR]", default=FOLDER, type=PathType())
@click.option("--act", "acts", type=click.IntRange(1, 99), multiple=True, help="Only this act; repeatable.")
@click.option("--no-pause", is_flag=True, help="Do not wait for Enter between two scenes, as on a terminal.")
@click.option("--postgres", is_flag=True, help="Another act: several workers over a PostgreSQL server of its own.")
@click.option("--serve", is_flag=True, help="In the end, show the page of the first act's world (`notifykit serve`).")
@json_option
@click.pass_obj
def demo(
    session: Session,
    folder: Path,
    acts: tuple[int, ...],
    no_pause: bool,
    postgres: bool,
    serve: bool,
    as_json: bool,
) -> ExitCode:
    """Build a small world in DIR and walk through the whole story.

    DIR (default: notifykit-demo) must be new, empty, or an earlier demonstration, which is rebuilt. First a script and
    notifykit have the same list to tell, and are killed at the same instant. In the first act contracts in two CSV
    files are notified to group robots on this computer; a worker is killed on the way, the service goes down and limits
    the rate. Then come the acts that plugins add. With `--postgres`, several workers send from a server instead. On a
    terminal Enter goes on between two scenes. After each act, what the service accepted is compared with what was due:
    exit code 7 where the claim does not hold.
    """
    if postgres and acts:
        raise click.UsageError(gettext("--postgres and --act exclude each other: it is an act of its own"))
    if serve:
        _require_page(acts, alone=not (postgres or as_json))
    # SIGTERM as SIGINT: the command that is under way ends, too.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    proofs: dict[Path, Proof] = {}  # by folder: the proof of a later act includes what happened there before
    look_around: dict[Path, str] = {}
    try:
        say = info if as_json else out
        pause = _nothing if no_pause or as_json else _Pause()
        added = [] if postgres else _added_acts(session.plugins)
        story = (
            on_a_server(folder, say, pause=pause) if postgres else walk(folder, added, say, chosen=acts, pause=pause)
        )
        for act in story:
            proofs[act.folder], look_around[act.folder] = act.proof, act.look_around
            if not as_json:
                _print(act.proof)
            if not act.proof.holds:
                break
    finally:
        signal.signal(signal.SIGTERM, before)
    if as_json:
        print_json(_form(_together(proofs.values())))
    else:
        if lines := [line for told in look_around.values() for line in told.splitlines()]:
            out("", gettext("Look around:"), *(f"  {line}" for line in lines))
    if not all(proof.holds for proof in proofs.values()):
        return ExitCode.VERIFICATION_FAILED
    if serve:
        from notifykit.cli.serve import serve_page
        from notifykit.web.serving import Address  # its libraries need not be there

        out("")
        serve_page(replace(session, file=folder / PROJECT_FILE, read=None), Address(host="127.0.0.1", port=0))
    return ExitCode.DONE


def _require_page(acts: Sequence[int], *, alone: bool) -> None:
    """Raise UsageError where no world of the first act will be there, and NotifykitError where no page can be."""
    if not alone or (acts and 1 not in acts):
        raise click.UsageError(gettext("--serve is for the first act's world, and for people"))
    require_libraries()


def _nothing() -> None:
    """Go on."""


class _Pause:
    """Waits for Enter on a terminal; at the end of the input, no more."""

    def __init__(self) -> None:
        self._asks = all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))

    def __call__(self) -> None:
        if self._asks:
            click.echo(gettext("\n  (Enter goes on) "), nl=False)
            self._asks = bool(sys.stdin.readline())


def _added_acts(plugins: Plugins) -> list[Acts]:
    """Return the acts that plugins add. What is wrong with one of them is a warning."""
    known = len(plugins.failed)
    acts = plugins.collect("register_demo_acts", folder_of)
    for trouble in plugins.failed[known:]:
        warn(gettext("warning: {trouble}", trouble=trouble))
    return acts


def _together(proofs: Iterable[Proof]) -> Proof:
    made = list(proofs)
    return Proof(
        tuple(item for proof in made for item in proof.channels),
        tuple(item for proof in made for item in proof.flags),
    )


def _print(proof: Proof) -> None:
    print_table(
        ["channel", *map(Right, ("due", "accepted once", "in doubt", "more than once", "never", "not due"))],
        [
            (
                item.channel,
                *map(str, (item.due, item.once, item.in_doubt, len(item.twice), len(item.never), item.strange)),
            )
            for item in proof.channels
        ],
    )
    for file in proof.flags:
        told = gettext(
            "{file}: {flags} set, {facts}", file=file.file, flags=count(file.set_now, "flag"), facts=_flags(file)
        )
        out(*folded(told, room(), further="  "))
    if proof.holds:
        proved = (
            gettext("PROVED: {claim}; every other flag tells the truth.", claim=_claim(proof))
            if any(file.held for file in proof.flags)
            else gettext("PROVED: {claim}; every flag tells the truth.", claim=_claim(proof))
        )
        out(*folded(proved, room(), further="  "))
    else:
        out(gettext("NOT PROVED: the claim is false."))
        for line in _defects(proof):
            out(f"  {line}")


def _claim(proof: Proof) -> str:
    due = count(sum(item.due for item in proof.channels), "message")
    doubts = sum(item.in_doubt for item in proof.channels)
    if not doubts:
        return gettext("{due} due, each accepted exactly once", due=due)
    once = sum(item.once for item in proof.channels)
    return gettext(
        "{due} due; {once:,} accepted exactly once, {doubts:,} listed as in doubt", due=due, once=once, doubts=doubts
    )


def _flags(file: FlagProof) -> str:
    wrong = (
        gettext("{wrong} of {rows} wrong", wrong=len(file.wrong), rows=file.rows)
        if file.wrong
        else gettext("all {number} right", number=file.rows - file.held)
    )
    if file.held:
        wrong += gettext(", {held} left as they were, in doubt", held=file.held)
    if file.other_bytes < 0:
        return gettext("{facts}; the length of the file CHANGED", facts=wrong)
    if not file.other_bytes:
        return gettext("{facts}; no other byte changed", facts=wrong)
    return gettext("{facts}; {number} other bytes CHANGED", facts=wrong, number=file.other_bytes)


def _defects(proof: Proof) -> Iterator[str]:
    for item in proof.channels:
        if item.twice:
            yield gettext("{channel}: accepted more than once: {twice}", channel=item.channel, twice=some(item.twice))
        if item.never:
            yield gettext(
                "{channel}: never accepted, and not listed as in doubt: {never}",
                channel=item.channel,
                never=some(item.never),
            )
        if item.strange:
            yield gettext(
                "{channel}: {messages} that nobody was due",
                channel=item.channel,
                messages=count(item.strange, "message"),
            )
    for file in proof.flags:
        if file.wrong:
            yield gettext("{file}: wrong flags: {wrong}", file=file.file, wrong=some(file.wrong))
        if file.other_bytes:
            yield gettext("{file}: bytes other than flags changed", file=file.file)


def _form(proof: Proof) -> dict[str, object]:
    return {
        "proved": proof.holds,
        "channels": [
            {
                "channel": item.channel,
                "due": item.due,
                "accepted_once": item.once,
                "in_doubt": item.in_doubt,
                "accepted_more_than_once": list(item.twice),
                "never_accepted": list(item.never),
                "not_due": item.strange,
            }
            for item in proof.channels
        ],
        "flags": [
            {
                "file": file.file,
                "rows": file.rows,
                "set": file.set_now,
                "wrong": list(file.wrong),
                "held": file.held,
                "other_bytes_changed": file.other_bytes != 0,
            }
            for file in proof.flags
        ],
    }
