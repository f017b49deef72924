"""Why a flag is not written: in both languages, and on the page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from notifykit_contract.wording import FLAGS

from notifykit.wording import Language, Wording
from notifykit.wording.sentence import filled

DOCS = Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize(("page", "language"), [("csv.md", "english"), ("csv.zh-CN.md", "chinese")])
def test_the_page_has_exactly_these_reasons(page: str, language: str) -> None:
    section = (DOCS / page).read_text(encoding="utf-8").partition("<!-- reasons -->\n")[2].partition("\n\n")[0]
    told = re.findall(r"^\| `(\w+)` \| `(.*)` \|$", section, re.MULTILINE)
    said = [(one.code, filled(getattr(one, language), dict.fromkeys(one.names))) for one in FLAGS]
    assert told == [(code, text.replace("`", "")) for code, text in said]


def test_both_pages_have_the_same_tables() -> None:
    shapes = [
        [line.count("|") for line in (DOCS / page).read_text(encoding="utf-8").splitlines() if line.startswith("|")]
        for page in ("csv.md", "csv.zh-CN.md")
    ]
    assert shapes[0] == shapes[1]


def test_every_reason_is_in_both_languages() -> None:
    wording = Wording(FLAGS)
    for sentence in FLAGS:
        assert sentence.code.startswith("csv_")
        reason = sentence(**dict.fromkeys(sentence.names))
        only_parameters = not re.search("[a-z]", reason.text)
        assert only_parameters or re.search(r"[\u4e00-\u9fff]", wording.say(reason, Language.CHINESE)), sentence
        assert all(f"{{{name}" in sentence.chinese for name in sentence.names), sentence
