"""The translations that plugins bring: each plugin's own, or none where they will not do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from click.testing import CliRunner

from notifykit.cli import app
from notifykit.errors import PluginError
from notifykit.wording.translation import gettext, speak

OFFER = """
    from pathlib import Path
    from notifykit.wording.translation import Catalogue
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


COMMANDS = """
    import click
    from pathlib import Path
    from notifykit.wording.translation import Catalogue

    @click.command()
    @click.option("--wet", is_flag=True, help="Even when it rains.")
    def weather(wet):
        '''Tell how it is outside.'''

    @notifykit.hookimpl
    def register_lazy_commands(register):
        register("acme-weather", "a_one:weather", "Tell how it is outside.")

    @notifykit.hookimpl
    def register_translations(register):
        register(Catalogue("a_one", Path({folder!r})))
"""


def test_the_help_of_its_commands_is_translated(site: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {"Tell how it is outside.": "说说外面怎样。", "Even when it rains.": "下雨也算。"}
    made(tmp_path / "locale", "a_one", texts)
    site.plugin("a_one", COMMANDS.format(folder=str(tmp_path / "locale")))
    monkeypatch.setattr(app, "load_plugins", lambda **_: site.load())

    def shown(*arguments: str) -> str:
        done = CliRunner().invoke(app.build_cli(), ["--project", str(tmp_path / "none.yaml"), *arguments, "--help"])
        assert done.exit_code == 0, done.output
        return done.stdout

    assert "\n来自插件：\n  acme-weather  说说外面怎样。\n" in shown("--lang", "zh")
    whole = shown("--lang", "zh", "acme-weather")
    assert "\n  说说外面怎样。\n" in whole
    assert "--wet       下雨也算。\n" in whole
    assert "Even when it rains." in shown("acme-weather")
