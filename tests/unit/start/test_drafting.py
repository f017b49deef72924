"""The texts of a drafted project: YAML that says what was chosen, whatever columns are called."""

from __future__ import annotations

import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from notifykit.campaign.render import compile_template
from notifykit.model import Record, Table
from notifykit.start.drafting import Choice, campaign_file, project_file, scalar, value_of
from notifykit.start.model import DataFile

NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)


@given(NAMES)
@example("\n\U00010000")
@example("\u2028")
def test_a_text_is_read_back_as_it_was(text: str) -> None:
    line = scalar(text)
    assert "\n" not in line
    assert yaml.safe_load(f"key: {line}") == {"key": text}


@given(st.lists(NAMES, min_size=3, max_size=6, unique=True), st.booleans(), st.booleans())
def test_any_column_names_make_a_campaign_that_reads_them(names: list[str], flagged: bool, reached: bool) -> None:
    data = DataFile(source="csv", strategy="csv_flag", columns=dict.fromkeys(names, ("x",)))
    choice = Choice(
        key=names[0],
        key_why="said",
        flag=names[1] if flagged else None,
        unsent="0",
        sent="1",
        flag_why="said",
        recipient=names[2] if reached else None,
        recipient_why="said",
    )
    said = yaml.safe_load(campaign_file(data, "data.csv", choice))
    assert said["source"] == {"type": "csv", "path": "data.csv", "key": names[0]}
    flag = {"type": "csv_flag", "flag": names[1], "unsent": "0", "sent": "1"}
    assert said["strategy"] == (flag if flagged else {"type": "once"})
    (message,) = said["messages"]
    record = Record(
        "k", [f"<{at}>" for at in range(len(names))], Table("x", {name: at for at, name in enumerate(names)}), 2
    )
    assert compile_template(message["recipient"], where="x")(record) == ("<2>" if reached else "everybody")
    assert "<0>" in compile_template(message["template"], where="x")(record)


@given(NAMES)
def test_the_template_of_a_column_gives_its_cell(name: str) -> None:
    assert compile_template(value_of(name), where="x")(Record("k", ["cell"], Table("x", {name: 0}), 2)) == "cell"


def test_the_project_sends_into_a_file() -> None:
    said = yaml.safe_load(project_file())
    assert said["senders"] == {"outbox-file": {"type": "file", "path": "sent.jsonl"}}
