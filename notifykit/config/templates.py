"""The templates and conditions of messages, and where in a file their mistakes stand."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from notifykit.campaign.campaign import Escape
from notifykit.campaign.digest_text import DigestTemplate, compile_digest
from notifykit.campaign.render import Condition, Template, compile_condition, compile_template
from notifykit.campaign.template_mistakes import TemplateInvalidError
from notifykit.campaign.times import PassTime
from notifykit.config.defects import Defects, Place
from notifykit.config.paths import unusable
from notifykit.config.tree import Leaf
from notifykit.durable.ordinary import read_ordinary
from notifykit.errors import told
from notifykit.wording.nearest import hint
from notifykit.wording.translation import gettext

Compiled = TypeVar("Compiled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiler:
    """Compiles what one campaign says; records what is wrong with it."""

    campaign: str
    folder: Path
    """Where template files are looked for, as the person named it."""
    defects: Defects
    time: PassTime
    """Of the campaign's passes."""

    def template(self, leaf: Leaf, path: str, escape: Escape | None = None) -> Template | None:
        """Compile the template that stands at a leaf."""
        where = f"{leaf.place}: {path}"
        return self._compiled(
            leaf,
            path,
            lambda text: compile_template(text, where=where, escape=escape, campaign=self.campaign, time=self.time),
        )

    def condition(self, leaf: Leaf, path: str) -> Condition | None:
        """Compile the condition that stands at a leaf."""
        where = f"{leaf.place}: {path}"
        return self._compiled(
            leaf, path, lambda text: compile_condition(text, where, campaign=self.campaign, time=self.time)
        )

    def _compiled(self, leaf: Leaf, path: str, compiled: Callable[[str], Compiled]) -> Compiled | None:
        try:
            return compiled(leaf.value or "")
        except TemplateInvalidError as error:
            for mistake in error.mistakes:
                if leaf.block:
                    place, within = Place(leaf.place.file, leaf.place.line + mistake.line), ""
                else:
                    place = leaf.place
                    within = gettext("line {line} of it", line=mistake.line) if mistake.line > 1 else ""
                self.defects.add(place, path, told(mistake.what, where=within))
            return None

    def digest(self, leaf: Leaf, path: str, escape: Escape | None) -> DigestTemplate | None:
        """Compile the template of a digest that stands at a leaf."""
        where = f"{leaf.place}: {path}"
        return self._compiled(
            leaf,
            path,
            lambda text: compile_digest(text, where=where, escape=escape, campaign=self.campaign, time=self.time),
        )

    def template_file(self, leaf: Leaf, path: str, escape: Escape | None) -> Template | None:
        """Compile the template in the file that a leaf names."""
        return self._of_file(
            leaf,
            path,
            lambda text, file: compile_template(
                text, where=file, escape=escape, campaign=self.campaign, time=self.time
            ),
        )

    def digest_file(self, leaf: Leaf, path: str, escape: Escape | None) -> DigestTemplate | None:
        """Compile the template of a digest in the file that a leaf names."""
        return self._of_file(
            leaf,
            path,
            lambda text, file: compile_digest(text, where=file, escape=escape, campaign=self.campaign, time=self.time),
        )

    def _of_file(self, leaf: Leaf, path: str, compiled: Callable[[str, str], Compiled]) -> Compiled | None:
        if (wrong := unusable(self.folder, leaf.value or "")) is not None:
            self.defects.add(leaf.place, path, wrong)
            return None
        file = Path(os.path.normpath(self.folder / (leaf.value or "")))
        try:
            text = read_ordinary(file).decode("utf-8-sig")
            return compiled(text, str(file))
        except FileNotFoundError:
            near = hint(file.name, sorted(other.name for other in file.parent.glob("*")))
            self.defects.add(
                leaf.place,
                path,
                gettext("no file {target}{near}", target=file, near=near),
                "" if near else gettext("correct the path"),
            )
        except OSError as error:
            self.defects.add(
                leaf.place,
                path,
                gettext("{file} cannot be read ({why})", file=file, why=error.strerror),
                mend=gettext("correct it"),
            )
        except UnicodeDecodeError:
            self.defects.add(
                leaf.place, path, gettext("{file} is not UTF-8", file=file), mend=gettext("save it as UTF-8")
            )
        except TemplateInvalidError as error:
            for mistake in error.mistakes:
                self.defects.add(Place(str(file), mistake.line), path, mistake.what)
        return None
