"""Plays the second and third act, one after the other in the same world."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from notifykit.clock import SystemClock
from notifykit.demo.commands import Commands
from notifykit.demo.narration import Narrator
from notifykit.demo.proof import Proof
from notifykit.demo.request_log import RequestLog
from notifykit.demo.service import Service
from notifykit.demo.world import unusable
from notifykit.pipeline.project import open_project
from notifykit.plugins import load_plugins
from notifykit.wording.translation import gettext
from notifykit_demo.act_three_shim import ActThree
from notifykit_demo.act_two_migration import ActTwo
from notifykit_demo.stage import Stage
from notifykit_demo.world import CHAT, REQUEST_LOG, build_legacy


def play(home: Path, narrator: Narrator) -> Iterator[Proof]:
    """Live through both in a folder that does not exist, and yield after each what came of it.

    Where no plugin offers the commands, say so and end. Raises WorldError, CommandFailedError.
    """
    there = commands_of_plugins()
    if "migrate" not in there:
        narrator.say("")
        narrator.tell(
            gettext(
                "Here the story ends: the next act moves an old program over, and `notifykit migrate` is not there."
            )
        )
        return
    service = Service((), (CHAT,), RequestLog(home / REQUEST_LOG), SystemClock())
    with service.running():
        try:
            world = build_legacy(home, service)
        except OSError as error:
            raise unusable(home, error) from error
        project = open_project(home / "notifykit.yaml")
        stage = Stage(world, project, Commands(home, narrator.say), narrator)
        yield ActTwo(stage).play()
        if "shim" not in there:
            narrator.say("")
            narrator.tell(
                gettext(
                    "Here the story ends: the next act runs the old program by `notifykit shim`, which is not there."
                )
            )
            return
        yield ActThree(stage).play()


def commands_of_plugins() -> set[str]:
    """Return the names of the commands that plugins offer."""
    group = click.Group()
    load_plugins().add_commands(group)
    return set(group.commands)
