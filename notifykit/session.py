"""What the command line tells each command: which project, and which plugins are loaded.

A command that a plugin adds gets it as click's context object:

    @click.command()
    @click.pass_obj
    def mine(session: Session) -> None: ...
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from notifykit.terminal.stdout import kept

if TYPE_CHECKING:
    from notifykit.config.project import ProjectFile
    from notifykit.pipeline.project import Project
    from notifykit.plugins import Plugins
    from notifykit.wording import Reason

PROJECT_FILE = Path("notifykit.yaml")
"""The project file, unless one is named."""

__all__ = ["PROJECT_FILE", "Session"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One call of the command line."""

    plugins: Plugins
    file: Path = PROJECT_FILE
    """The project file. It need not be there: some commands do without."""
    read: ProjectFile | None = field(default=None, repr=False)
    """The project file, where it was read to load the plugins."""
    verbosity: int = 0
    """-1 for errors only, 0 for the usual, 1 and more for what goes on inside."""
    language: str = "en"
    """What is said to people: `en` or `zh`; all else is said by `notifykit.wording.translation`."""

    def say(self, reason: Reason) -> str:
        """Put a reason into words, in the language of this call."""
        if self.language == "en":
            return reason.text
        from notifykit.wording import Language

        wording = self.plugins.wording
        return wording.say(wording.known(reason), Language(self.language))

    def open_project(self, *, secrets: bool = True, closes: bool = True) -> Project:
        """Read the project and validate everything. Raises ConfigError. Without `secrets`, unset ones are no error.

        What its senders, sources and strategies hold open is closed at the end of the command; without `closes`, by
        whoever asks for it (`Project.close`).
        """
        from notifykit.pipeline.project import open_project  # half of a second, which not every command needs

        project = open_project(self.file, secrets=secrets, plugins=self.plugins)
        if closes and (command := click.get_current_context(silent=True)) is not None:
            command.call_on_close(kept()(project.close))
        return project

    def project_file(self) -> ProjectFile:
        """Return the project file, without a look at the campaigns that it names. Raises ConfigError."""
        from notifykit.config.project import read_project

        return self.read or read_project(self.file)
