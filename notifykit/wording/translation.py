"""Texts in the language that the command line speaks, by gettext catalogues; English, which the code has, needs none.

What is printed for people is translated, and nothing else: JSON, exit codes and codes stay what they are.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gettext import NullTranslations

__all__ = [
    "Catalogue",
    "english",
    "gettext",
    "gettext_noop",
    "joined",
    "ngettext",
    "pgettext",
    "speak_as_said",
    "spoken",
    "untranslated",
]

ENGLISH, CHINESE = "en", "zh"
LOCALES = {CHINESE: "zh_CN"}
"""The folder of a language's catalogues; each stands for all that begin like it."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Translations of the texts of one package: `FOLDER/zh_CN/LC_MESSAGES/DOMAIN.mo`, as gettext has it."""

    domain: str
    """The file's name without `.mo`: that of the package, so that no two are the same."""
    folder: Path
    """An absolute path, usually `Path(__file__).parent / "locale"`."""

    def read(self, language: str) -> NullTranslations | None:
        """Return what it has in a language; None where it has none. Raises OSError for a file that is no catalogue."""
        from gettext import translation  # English needs no catalogue

        try:
            return translation(self.domain, self.folder, [LOCALES[language]])
        except FileNotFoundError:
            return None


HOST = Catalogue("notifykit", Path(__file__).parents[1] / "locale")

_spoken: list[NullTranslations] = []
"""What `speak` chose: the catalogues together, the first asking the next; empty for English."""

_spoken_here: ContextVar[Sequence[NullTranslations] | None] = ContextVar("spoken_here", default=None)
"""What is spoken within `speaking`; None elsewhere."""


def speak(language: str, catalogues: Iterable[Catalogue] = ()) -> None:
    """Translate from now on into a language, all threads alike: by the host's catalogue, then by these."""
    _spoken[:] = together(language, catalogues)
    if _spoken:
        _teach_click()


def together(language: str, catalogues: Iterable[Catalogue] = ()) -> Sequence[NullTranslations]:
    """Return the catalogues of a language as one, the host's first; nothing for English."""
    if language == ENGLISH:
        return ()
    found = [one for catalogue in (HOST, *catalogues) if (one := catalogue.read(language)) is not None]
    for other in found[1:]:
        found[0].add_fallback(other)
    return found[:1]


@contextmanager
def speaking(translations: Sequence[NullTranslations]) -> Iterator[None]:
    """Translate within the block, in this context alone, by what `together` returned: for whoever serves several."""
    before = _spoken_here.set(translations)
    try:
        yield
    finally:
        _spoken_here.reset(before)


def speak_as_said(environment: Mapping[str, str], catalogues: Iterable[Catalogue] = ()) -> None:
    """Speak as NOTIFYKIT_LANG says, else as the locale does: for programs that the command line does not start."""
    said = environment.get("NOTIFYKIT_LANG")
    speak(said if said in (ENGLISH, CHINESE) else language_of(environment), catalogues)


def untranslated() -> AbstractContextManager[None]:
    """Say everything in English within, in this thread: what is kept is the same in every language."""
    return speaking(())


def _catalogues() -> NullTranslations | None:
    here = _spoken_here.get()
    found = _spoken if here is None else here
    return found[0] if found else None


def spoken() -> str:
    """Return the language in which `gettext` says something now, in this thread."""
    return CHINESE if _catalogues() else ENGLISH


class Said(str):
    """A text as it is shown, which knows its English: what is stored or compared must not depend on who looks."""

    __slots__ = ("english",)
    english: str

    def __str__(self) -> str:
        return self


def english(text: str) -> str:
    """Return the English of what `gettext` returned, or an error says; any other text as it is."""
    return text.english if isinstance(text, Said) else text


def joined(between: str, parts: Iterable[str]) -> str:
    """Join texts, so that the English of the whole is known, too."""
    texts = list(parts)
    whole = between.join(texts)
    return _knowing(whole, english(between).join(map(english, texts))) if _catalogues() else whole


def gettext(text: str, /, **values: object) -> str:
    """Return a text in the language that is spoken; one that no catalogue has stays English.

    Where there are values, they are put into it as `str.format` does: `{name}`, `{number:,}`, `{path!r}`. A text
    without values is left as it is, braces included.
    """
    if not text or (known := _catalogues()) is None:  # the translation of nothing is the file's head
        return _filled(text, values)
    return _said(known.gettext(text), text, values)


def gettext_noop(text: str) -> str:
    """Return the text as it is: a constant of a module, which `gettext` translates where it is shown."""
    return text


def pgettext(context: str, text: str, /, **values: object) -> str:
    """Do so for a text that means something else in another context, such as `heading` of a column."""
    if not text or (known := _catalogues()) is None:
        return _filled(text, values)
    return _said(known.pgettext(context, text), text, values)


def ngettext(one: str, many: str, number: int, /, **values: object) -> str:
    """Return the text that goes with a number. Values are put into it; the number is one of them where it is shown."""
    text = one if number == 1 else many
    known = _catalogues()
    return _said(known.ngettext(one, many, number), text, values) if known else _filled(text, values)


def _filled(text: str, values: Mapping[str, object]) -> str:
    return text.format(**values) if values else text


def _said(translation: str, text: str, values: Mapping[str, object]) -> Said:
    return _knowing(
        _filled(translation, values), _filled(text, {name: _plain(value) for name, value in values.items()})
    )


def _plain(value: object) -> object:
    return english(str(value)) if isinstance(value, str | Exception) else value


def _knowing(text: str, in_english: str) -> Said:
    said = Said(text)
    said.english = in_english
    return said


def _teach_click() -> None:
    """Let click ask here for its own texts. It asks the standard library, which has none: click brings no catalogue."""
    ours = {"gettext": gettext, "ngettext": ngettext}
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "click":
            for known, asked in list(vars(module).items()):
                if getattr(asked, "__module__", "") == "gettext" and asked.__name__ in ours:
                    vars(module)[known] = ours[asked.__name__]


def language_of(environment: Mapping[str, str]) -> str:
    """Return the language that the locale says: LC_ALL, LC_MESSAGES, LANG, or where none is set, what the system says.

    Of the languages that there are; English where it says another.
    """
    said = next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := environment.get(name))), None)
    locale = _of_the_system() if said is None else said
    return CHINESE if locale.lower().replace("-", "_").partition(".")[0].partition("_")[0] == CHINESE else ENGLISH


def _of_the_system() -> str:
    """Return the language of the menus on Windows and macOS; nothing elsewhere."""
    if hasattr(sys, "getwindowsversion"):
        import ctypes

        primary = int(getattr(ctypes, "windll").kernel32.GetUserDefaultUILanguage()) & 0x3FF  # noqa: B009 - only there
        return CHINESE if primary == 0x04 else ENGLISH  # LANG_CHINESE
    preferences = Path.home() / "Library" / "Preferences" / ".GlobalPreferences.plist"
    if not preferences.is_file():
        return ""
    import plistlib

    try:
        languages = plistlib.loads(preferences.read_bytes()).get("AppleLanguages")
    except (OSError, ValueError, plistlib.InvalidFileException):
        return ""
    return str(languages[0]) if languages else ""
