"""The reasons that plugins offer: all of them together, each plugin whole or not at all."""

from __future__ import annotations

from typing import Any

import pytest

from notifykit.errors import PluginError
from notifykit.wording import Language, Reason
from notifykit.wording.host import HOST

OFFER = """
    from notifykit.wording import Sentence
    @notifykit.hookimpl
    def register_reasons(register):
        for sentence in ({sentences},):
            register(sentence)
"""


def offering(*codes: str) -> str:
    return OFFER.format(sentences=", ".join(f"Sentence({code!r}, 'it is {code}', '是 {code}')" for code in codes))


def test_the_sentences_of_all_plugins_are_known(site: Any) -> None:
    site.plugin("a_one", offering("rain", "snow"))
    site.plugin("b_two", offering("hail"))
    plugins = site.load()
    assert {"rain", "snow", "hail", *(sentence.code for sentence in HOST)} == set(plugins.wording.codes)
    assert plugins.wording.say(plugins.wording.known(Reason("it is hail")), Language.CHINESE) == "是 hail"
    assert plugins.wording is plugins.wording
    assert plugins.failed == ()


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        (offering("mine", "rejected"), "it offers the reason 'rejected', which is notifykit's"),
        (offering("mine", "rain"), "it offers 'rain' by register_reasons, which is taken by"),
        (offering("mine", "mine"), "it offers one name twice by register_reasons"),
        ("@notifykit.hookimpl\ndef register_reasons(register): raise RuntimeError('no words')", "no words"),
        ("@notifykit.hookimpl\ndef register_reasons(register): raise SystemExit", "it ended the program"),
    ],
    ids=["host", "other plugin", "twice", "raises", "exits"],
)
def test_a_plugin_whose_reasons_will_not_do_has_none(site: Any, code: str, cause: str) -> None:
    site.plugin("a_fine", offering("rain"))
    site.plugin("b_bad", code)
    plugins = site.load()
    assert "rain" in plugins.wording.codes
    assert "mine" not in plugins.wording.codes
    (failed,) = plugins.failed
    assert (failed.name, cause in failed.what) == ("b_bad", True)


def test_loaded_strictly_it_is_fatal_where_everything_is_imported(site: Any) -> None:
    site.plugin("b_bad", offering("rejected"))
    with pytest.raises(PluginError, match="it offers the reason 'rejected'"):
        site.load(strict=True).import_offered()
