"""The pages of the manual: the Markdown files of docs/, which the wheel carries as notifykit/docs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from notifykit.errors import NotifykitError
from notifykit.wording.nearest import hint
from notifykit.wording.translation import gettext

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

_PACKAGE = Path(__file__).parents[1]
CHINESE = ".zh-CN"
"""What a page in Chinese has in its name."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page, in the languages that it has. English is always among them."""

    name: str
    files: Mapping[Language, Path] = field(default_factory=dict)

    def language(self, wanted: Language) -> Language:
        """Return the language that is wanted where the page has it, else English."""
        return wanted if wanted in self.files else "en"

    def text(self, language: Language) -> str:
        """Return the page's Markdown."""
        return self.files[language].read_text(encoding="utf-8")

    def title(self, language: Language) -> str:
        """Return the page's first heading."""
        return self.text(language).partition("\n")[0].removeprefix("# ")


def folder() -> Path:
    """Return the folder of the pages: within an installed package, or beside the package in a checkout."""
    packed = _PACKAGE / "docs"
    return packed if packed.is_dir() else _PACKAGE.parent / "docs"


def pages() -> dict[str, Page]:
    """Return all pages by name. Raises NotifykitError where this installation has none."""
    home = folder()
    found: dict[str, Page] = {}
    for file in sorted(home.glob("*.md")):
        if not file.stem.endswith(CHINESE):
            twin = file.with_name(f"{file.stem}{CHINESE}.md")
            found[file.stem] = Page(file.stem, {"en": file, **({"zh": twin} if twin.is_file() else {})})
    if not found:
        raise NotifykitError(
            gettext("the pages of the manual are missing"), mend=gettext("install notifykit-outbox again"), where=home
        )
    return found


def find(name: str) -> Page:
    """Return a page by its name or by that of its file. Raises NotifykitError for an unknown one."""
    known = pages()
    bare = name.replace("\\", "/").removeprefix("docs/").removesuffix(".md").removesuffix(CHINESE)
    if bare not in known:
        raise NotifykitError(
            gettext('no page is called "{name}"{hint}', name=name, hint=hint(bare, known)),
            mend=gettext("`notifykit docs` lists all"),
        )
    return known[bare]
