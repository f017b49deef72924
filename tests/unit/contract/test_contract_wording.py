"""Why a flag is not written: in both languages, and on the page."""

from __future__ import annotations

import re
from pathlib import Path

from notifykit_contract.wording import FLAGS

from notifykit.wording import Language, Wording
from notifykit.wording.sentence import filled

PAGE = (Path(__file__).parents[3] / "docs" / "csv.md").read_text(encoding="utf-8")


def test_the_page_has_exactly_these_reasons() -> None:
    section = PAGE.partition("<!-- reasons -->\n")[2].partition("\n\n")[0]
    told = re.findall(r"^\| `(\w+)` \| `(.*)` \|$", section, re.MULTILINE)
    assert told == [(one.code, filled(one.english, dict.fromkeys(one.names)).replace("`", "")) for one in FLAGS]


def test_every_reason_is_in_both_languages() -> None:
    wording = Wording(FLAGS)
    for sentence in FLAGS:
        assert sentence.code.startswith("csv_")
        reason = sentence(**dict.fromkeys(sentence.names))
        only_parameters = not re.search("[a-z]", reason.text)
        assert only_parameters or re.search(r"[\u4e00-\u9fff]", wording.say(reason, Language.CHINESE)), sentence
        assert all(f"{{{name}" in sentence.chinese for name in sentence.names), sentence
