"""The translations that plugins bring: each plugin's own, or none where they will not do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo

from notifykit.errors import PluginError
from notifykit.terminal.translation import gettext, speak

OFFER = """
    from pathlib import Path
    from notifykit.terminal.translation import Catalogue
    @notifykit.hookimpl
    def register_translations(register):
        register({})
"""


def made(folder: Path, domain: str, texts: dict[str, str]) -> None:
    """Put a catalogue in Chinese into a folder."""
    catalog = Catalog("zh_CN", domain)
    for text, string in texts.items():
        catalog.add(text, string)
    place = folder / "zh_CN" / "LC_MESSAGES"
    place.mkdir(parents=True)
    with (place / f"{domain}.mo").open("wb") as file:
        write_mo(file, catalog)


def test_plugins_bring_their_own(site: Any, tmp_path: Path) -> None:
    made(tmp_path / "locale", "a_one", {"rain": "雨"})
    site.plugin("a_one", OFFER.format(f"Catalogue('a_one', Path({str(tmp_path / 'locale')!r}))"))
    plugins = site.load()
    speak("zh", plugins.catalogues)
    assert gettext("rain") == "雨"
    assert plugins.failed == ()


@pytest.mark.parametrize(
    ("offer", "cause"),
    [
        ("'locale'", "it offers 'locale' as translations"),
        ("Catalogue('broken', Path({folder!r}))", "Bad magic number"),
        ("Catalogue('a_one', Path({folder!r}))", "which is taken by"),
    ],
)
def test_a_plugin_whose_catalogue_will_not_do_has_none(site: Any, tmp_path: Path, offer: str, cause: str) -> None:
    folder = tmp_path / "locale"
    made(folder, "a_one", {"rain": "雨"})
    (folder / "zh_CN" / "LC_MESSAGES" / "broken.mo").write_bytes(b"no catalogue at all")
    site.plugin("a_one", OFFER.format(f"Catalogue('a_one', Path({str(folder)!r}))"))
    site.plugin("b_bad", OFFER.format(offer.format(folder=str(folder))))
    plugins = site.load()
    speak("zh", plugins.catalogues)
    assert gettext("rain") == "雨"
    (failed,) = plugins.failed
    assert (failed.name, cause in failed.what) == ("b_bad", True), failed.what


def test_loaded_strictly_it_is_fatal_where_everything_is_imported(site: Any) -> None:
    site.plugin("b_bad", OFFER.format("'locale'"))
    with pytest.raises(PluginError, match="it offers 'locale' as translations"):
        site.load(strict=True).import_offered()
