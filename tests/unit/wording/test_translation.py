"""The language that the command line speaks: what says it, what is translated, what stays."""

from __future__ import annotations

import contextvars
import plistlib
import sys
import threading
from contextlib import suppress
from pathlib import Path

import click
import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from click import exceptions

from notifykit.errors import NotifykitError
from notifykit.wording.host import WRITE_BACK_FAILED
from notifykit.wording.translation import (
    Catalogue,
    english,
    gettext,
    gettext_noop,
    joined,
    language_of,
    ngettext,
    pgettext,
    speak,
    speaking,
    spoken,
    together,
    untranslated,
)


def made(folder: Path, domain: str, texts: dict[str, str]) -> Catalogue:
    """Return a catalogue in Chinese with these texts."""
    catalog = Catalog("zh_CN", domain)
    for text, string in texts.items():
        catalog.add(text, string)
    place = folder / "zh_CN" / "LC_MESSAGES"
    place.mkdir(parents=True, exist_ok=True)
    with (place / f"{domain}.mo").open("wb") as file:
        write_mo(file, catalog)
    return Catalogue(domain, folder)


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_TW"}, "zh"),
        ({"LANG": "zh"}, "zh"),
        ({"LANG": "zh-Hans-CN"}, "zh"),
        ({"LANG": "ZH_cn.gb18030"}, "zh"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "zha_CN"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "en_US.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "zh_CN.UTF-8"}, "zh"),
        ({"LC_ALL": "", "LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LC_TIME": "zh_CN.UTF-8", "LANG": "en_US.UTF-8"}, "en"),
    ],
)
def test_the_first_of_the_three_variables_that_is_set_says_the_language(
    environment: dict[str, str], language: str
) -> None:
    assert language_of(environment) == language


@pytest.mark.parametrize(("languages", "language"), [(["zh-Hans-CN", "en-US"], "zh"), (["en-US", "zh-Hans"], "en")])
def test_where_none_is_set_macos_says_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, languages: list[str], language: str
) -> None:
    preferences = tmp_path / "Library" / "Preferences" / ".GlobalPreferences.plist"
    preferences.parent.mkdir(parents=True)
    preferences.write_bytes(plistlib.dumps({"AppleLanguages": languages}, fmt=plistlib.FMT_BINARY))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert language_of({}) == language
    preferences.write_bytes(b"torn")
    assert language_of({}) == "en"


@pytest.mark.parametrize(("identifier", "language"), [(0x0804, "zh"), (0x0404, "zh"), (0x0409, "en")])
def test_where_none_is_set_windows_says_it(monkeypatch: pytest.MonkeyPatch, identifier: int, language: str) -> None:
    import ctypes

    class Kernel:
        @staticmethod
        def GetUserDefaultUILanguage() -> int:  # noqa: N802 - its name there
            return identifier

    class Windll:
        kernel32 = Kernel

    monkeypatch.setattr(sys, "getwindowsversion", tuple, raising=False)
    monkeypatch.setattr(ctypes, "windll", Windll, raising=False)
    assert language_of({}) == language


def test_where_nothing_says_it_the_language_is_english(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert language_of({}) == "en"


def test_english_is_what_the_code_says() -> None:
    assert (gettext("The project file."), pgettext("heading", "key")) == ("The project file.", "key")
    assert [ngettext("one", "many", number) for number in (0, 1, 2)] == ["many", "one", "many"]


def test_chinese_is_what_the_catalogue_has_and_then_english_again() -> None:
    speak("zh")
    assert (gettext("The project file."), pgettext("heading", "key")) == ("项目文件。", "键")
    assert gettext("nobody translated this") == "nobody translated this"
    assert (gettext(""), pgettext("heading", "")) == ("", "")
    assert ngettext("Did you mean {possibility}?", "(Did you mean one of: {possibilities}?)", 1).startswith("（是不是")
    speak("en")
    assert gettext("The project file.") == "The project file."


def test_several_catalogues_are_asked_one_after_the_other(tmp_path: Path) -> None:
    one = made(tmp_path / "a", "acme", {"rain": "雨", "The project file.": "别的"})
    other = made(tmp_path / "b", "other", {"rain": "下雨", "snow": "雪"})
    speak("zh", [one, other])
    assert [gettext(text) for text in ("rain", "snow", "hail")] == ["雨", "雪", "hail"]
    assert gettext("The project file.") == "项目文件。"  # the host's own text stays the host's


def test_a_catalogue_without_the_language_is_none(tmp_path: Path) -> None:
    assert Catalogue("acme", tmp_path).read("zh") is None
    speak("zh", [Catalogue("acme", tmp_path)])
    assert gettext("The project file.") == "项目文件。"


def test_click_says_its_own_texts_in_that_language() -> None:
    speak("zh")
    assert exceptions.NoSuchOption("--x").message == "没有选项 '--x'。"
    assert click.BadParameter("no").format_message() == "值无效：no"
    speak("en")
    assert exceptions.NoSuchOption("--x").message == "No such option '--x'."


def test_values_are_put_into_what_is_said(tmp_path: Path) -> None:
    speak("zh", [made(tmp_path, "a", {"{file} is empty, {number:,} times": "{number:,} 次，{file} 是空的"})])
    assert gettext("{file} is empty, {number:,} times", file="{x}", number=1200) == "1,200 次，{x} 是空的"
    speak("en")
    assert gettext("{file} is empty, {number:,} times", file="{x}", number=1200) == "{x} is empty, 1,200 times"
    assert gettext("write {{ name }}") == "write {{ name }}"
    assert ngettext("{number} day", "{number} days", 2, number=2) == "2 days"


def test_a_constant_is_translated_where_it_is_shown(tmp_path: Path) -> None:
    constant = gettext_noop("rain")
    speak("zh", [made(tmp_path, "a", {"rain": "雨"})])
    assert (constant, gettext(constant)) == ("rain", "雨")


def test_what_is_kept_is_english_whatever_is_spoken_around_it(tmp_path: Path) -> None:
    assert spoken() == "en"
    speak("zh", [made(tmp_path, "a", {"{n} drops": "{n} 滴"})])
    with untranslated():
        with untranslated():
            assert (gettext("{n} drops", n=3), spoken()) == ("3 drops", "en")
        assert (pgettext("heading", "key"), ngettext("one", "many", 2)) == ("key", "many")
    with suppress(KeyError), untranslated():
        raise KeyError  # it ends however its block ends
    assert (gettext("{n} drops", n=3), pgettext("heading", "key"), spoken()) == ("3 滴", "键", "zh")


def test_what_is_shown_knows_its_english_so_that_what_is_stored_is_that(tmp_path: Path) -> None:
    texts = {"{file} is gone": "{file} 不见了", "it rains: {why}": "下雨：{why}", "go": "走"}
    speak("zh", [made(tmp_path, "a", texts)])
    inner = gettext("{file} is gone", file="x.csv")
    error = NotifykitError(gettext("it rains: {why}", why=inner), mend=gettext("go"), where="y", more=["plain", inner])
    assert str(error) == "y：下雨：x.csv 不见了；走\nplain\nx.csv 不见了"
    assert english(str(error)) == "y: it rains: x.csv is gone; go\nplain\nx.csv is gone"
    assert english(gettext("it rains: {why}", why=error)).startswith("it rains: y: it rains: x.csv is gone; go")
    assert english(joined(gettext("; "), [inner, "plain"])) == "x.csv is gone; plain"
    reason = WRITE_BACK_FAILED(error=str(error))
    assert (reason.text, reason.params["error"]) == (english(str(error)),) * 2
    assert english("plain") == "plain"


def test_what_is_spoken_within_a_block_is_spoken_nowhere_else(tmp_path: Path) -> None:
    catalogue = made(tmp_path, "words", {"a word": "一个词", "{number} words": "{number} 个词"})
    chinese = together("zh", [catalogue])
    heard: list[str] = []
    with speaking(chinese):
        thread = threading.Thread(target=lambda: heard.append(gettext("a word")))
        thread.start()
        thread.join()
        assert (gettext("a word"), gettext("{number} words", number=2)) == ("一个词", "2 个词")
        with speaking(together("en")):
            assert gettext("a word") == "a word"
        copied = contextvars.copy_context()
        assert gettext("a word") == "一个词"
    assert heard == ["a word"]
    assert gettext("a word") == "a word"
    assert copied.run(gettext, "a word") == "一个词", "what is called in another thread takes its context along"


def test_english_is_spoken_within_a_block_though_the_process_speaks_chinese(tmp_path: Path) -> None:
    speak("zh", [made(tmp_path, "words", {"a word": "一个词"})])
    with speaking(together("en")):
        assert gettext("a word") == "a word"
    assert gettext("a word") == "一个词"
