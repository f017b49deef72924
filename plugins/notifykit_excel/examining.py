"""What a workbook is of which nothing is known yet: for `notifykit init`."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from pathlib import Path

from notifykit.errors import CampaignError
from notifykit.start import DataFile
from notifykit.wording.translation import gettext
from notifykit_excel.source import column_names
from notifykit_excel.workbook import opened, text


def examine(file: Path, most: int) -> DataFile:
    """Read the names in the first row of the first sheet, and at most `most` rows. Raises CampaignError."""
    with opened(file, "") as all_rows:
        rows = iter(all_rows)
        names = column_names(next(rows, ()))
        if not names:
            raise CampaignError(
                gettext("the first row names no columns"), mend=gettext("name them there"), where=f"{file}:1"
            )
        cells = [[text(cell) for cell in row] + [""] * (len(names) - len(row)) for row in islice(rows, most)]
    cells = [row for row in cells if any(row)]
    times = Counter(filter(None, names))
    repeated = tuple(name for name, number in times.items() if number > 1)
    return DataFile(
        source="excel",
        strategy="",
        columns={name: tuple(row[at] for row in cells) for at, name in enumerate(names) if times[name] == 1},
        repeated=repeated,
        facts=(
            gettext("a workbook: its first sheet is read"),
            *(
                gettext('several columns are called "{name}", and none of them is used; rename all but one', name=name)
                for name in repeated
            ),
        ),
    )
