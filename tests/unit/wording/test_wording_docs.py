"""docs/cli.md has every reason that the host gives, with its code."""

from __future__ import annotations

import re
from pathlib import Path

from notifykit.wording.host import HOST
from notifykit.wording.sentence import filled

PAGE = (Path(__file__).parents[3] / "docs" / "cli.md").read_text(encoding="utf-8")


def test_the_page_has_exactly_the_reasons_of_the_host() -> None:
    section = PAGE.partition("\n## Reasons\n")[2].partition("\n## ")[0]
    told = re.findall(r"^\| `(\w+)` \| `([^`]*)` \| \S.*\|$", section, re.MULTILINE)
    words = [(one.code, filled(one.english, dict.fromkeys(one.names)).replace("`", "")) for one in HOST]
    assert told == words
