"""What configuration files leave to decide: comments that begin with `# TODO`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from notifykit.config.campaign_files import find_campaign_files
from notifykit.config.defects import Defects, Place
from notifykit.config.project import ProjectFile, read_project
from notifykit.config.sections import ProjectSection
from notifykit.durable.ordinary import read_ordinary
from notifykit.errors import ConfigError
from notifykit.wording.translation import gettext

_TODO = re.compile(r"(?:^|(?<=\s))#[ \t]*(TODO\b[^\r\n]*)", re.MULTILINE)


def open_points(file: Path) -> list[ConfigError]:
    """Return the open points of a project file, of its campaigns and of their bases, with their places.

    Of files that cannot be read as YAML there are none: that is an error of its own.
    """
    try:
        project = read_project(file)
    except ConfigError:
        return []
    found = find_campaign_files(project, _section(project), Defects())
    return [point for path in (file, *found.bases, *found.files) for point in _of_file(path)]


def _section(project: ProjectFile) -> ProjectSection | None:
    try:
        return project.section()
    except ConfigError:
        return None


def _of_file(path: Path) -> Iterator[ConfigError]:
    try:
        text = read_ordinary(path).decode("utf-8-sig")
        if _TODO.search(text) is None:
            return
        texts = [
            (token.start_mark.index, token.end_mark.index)
            for token in yaml.scan(text, Loader=yaml.SafeLoader)
            if isinstance(token, yaml.ScalarToken)
        ]
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return
    for comment in _TODO.finditer(text):
        if any(start <= comment.start() < end for start, end in texts):
            continue  # a text that says so
        place = Place(str(path), text.count("\n", 0, comment.start()) + 1)
        yield ConfigError(comment[1].rstrip(), mend=gettext("decide it, and remove the comment"), where=place)
