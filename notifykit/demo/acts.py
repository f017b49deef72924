"""The second and third act: an old program moves over, and then runs unmodified on the outbox."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from notifykit.clock import SystemClock
from notifykit.demo.book import Book
from notifykit.demo.commands import Commands
from notifykit.demo.legacy_stage import LegacyStage
from notifykit.demo.legacy_world import BOOK, CHAT, build_legacy
from notifykit.demo.moving import Moving
from notifykit.demo.proof import Proof
from notifykit.demo.robot import Service
from notifykit.demo.shimming import Shimming
from notifykit.demo.telling import Teller
from notifykit.demo.world import OLD_PROGRAM, unusable
from notifykit.pipeline.project import Project, open_project


def legacy_acts(folder: Path, teller: Teller) -> Iterator[Proof]:
    """Live through both in a folder of their own, and yield after each what came of it.

    Where no plugin offers the commands, say so and yield nothing. Raises WorldError, CommandFailedError.
    """
    there = commands_of(open_project(folder / "notifykit.yaml"))
    if "migrate" not in there:
        teller.say("")
        teller.tell(
            "Here the story ends: the next act moves an old program over, and `notifykit migrate` is not there."
        )
        return
    home = folder / OLD_PROGRAM
    service = Service((), (CHAT,), Book(home / BOOK), SystemClock())
    with service.running():
        try:
            world = build_legacy(home, service)
        except OSError as error:
            raise unusable(home, error) from error
        project = open_project(home / "notifykit.yaml")
        stage = LegacyStage(world, project, Commands(home, teller.say), teller)
        yield Moving(stage).play()
        if "shim" not in there:
            teller.say("")
            teller.tell(
                "Here the story ends: the next act runs the old program by `notifykit shim`, which is not there."
            )
            return
        yield Shimming(stage).play()


def commands_of(project: Project) -> set[str]:
    """Return the names of the commands that plugins offer."""
    group = click.Group()
    project.plugins.add_commands(group)
    return set(group.commands)
