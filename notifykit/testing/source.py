"""What a source promises, as tests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import pytest

from notifykit.errors import CampaignError
from notifykit.model import Problem, Record
from notifykit.pipeline.source_state import MOST
from notifykit.roles import Source
from notifykit.secrets import Secret
from notifykit.testing.opened import Opens
from notifykit.testing.options import check_can_be_called, check_fact, check_options
from notifykit.testing.promises import TellsPromises, untested


class SourceContract(Opens, TellsPromises):
    """Subclass it as `TestMySource`, and say how your source is made.

    class TestMySource(SourceContract):
        def make_source(self, folder):
            (folder / "orders.json").write_text(SAMPLE)
            return MySource(path=folder / "orders.json")
    """

    def make_source(self, folder: Path) -> Source:
        """Return a source with at least two records; what it reads may be put into `folder`."""
        raise NotImplementedError

    def make_broken_source(self, folder: Path) -> Source | None:
        """Return a source that cannot read anything (no file, no network). None: this is not tested."""
        del folder
        return None

    def test_its_fields_are_options(self, tmp_path: Path) -> None:
        """A source is a dataclass whose fields the host can validate."""
        check_options("sources", self.make_source(tmp_path))

    def test_its_facts_can_be_read(self, tmp_path: Path) -> None:
        """`reads` and `key`, where it has them, are what the host takes them for; `expects` can be called."""
        source = self.make_source(tmp_path)
        check_fact(source, "reads", Path, str, Secret)
        check_fact(source, "key", str)
        check_can_be_called(source, "expects", "check_online")

    def test_it_yields_records_and_problems(self, tmp_path: Path) -> None:
        """Every item is a whole Record or a whole Problem, and there are two records at least."""
        items = list(self.opened_source(self.make_source(tmp_path)).read())
        for item in items:
            assert isinstance(item, Record | Problem), f"{item!r} is neither a Record nor a Problem"
            if isinstance(item, Record):
                check_record(item)
            else:
                assert item.place, "a problem says where it is"
                assert item.what, f"a problem says what is wrong: {item!r}"
                assert item.mend, f"a problem says how to mend it: {item!r}"
                assert item.key is None or item.key, "a problem without a key has None for one"
        assert sum(isinstance(item, Record) for item in items) >= 2, "make_source() gives at least two records"

    def test_rows_are_in_order(self, tmp_path: Path) -> None:
        """Records come in the order of the source, with rising row numbers."""
        rows = [item.row for item in self.opened_source(self.make_source(tmp_path)).read() if isinstance(item, Record)]
        assert all(before < after for before, after in pairwise(rows)), rows

    def test_one_reading_can_be_walked_twice(self, tmp_path: Path) -> None:
        """What `read` returns gives the same each time it is iterated over."""
        view = self.opened_source(self.make_source(tmp_path)).read()
        first = [told(item) for item in view]
        assert [told(item) for item in view] == first, "the host iterates more than once: return no iterator"

    def test_two_readings_are_equal(self, tmp_path: Path) -> None:
        """Nothing is used up or changed by reading."""
        source = self.opened_source(self.make_source(tmp_path))
        first = [told(item) for item in source.read()]
        assert [told(item) for item in source.read()] == first

    def test_what_is_read_next_is_what_came_since(self, tmp_path: Path) -> None:
        """Where it has a `cursor`: that is small JSON, the same as long as nothing is read, and nothing comes twice."""
        source = self.opened_source(self.make_source(tmp_path))
        if not callable(ask := getattr(source, "cursor", None)):
            return
        assert callable(getattr(source, "open", None)), "a source with cursor() is told its state by open(context)"
        keys = [item.key for item in source.read() if isinstance(item, Record)]
        state = ask()
        assert isinstance(state, Mapping), f"cursor() returned {state!r}, no mapping"
        kept = json.dumps(state)
        assert len(kept.encode()) <= MOST, "cursor() returned more than can be kept"
        assert ask() == state, "nothing was read in between"
        again = self.opened_source(self.make_source(tmp_path), json.loads(kept))
        new = [item.key for item in again.read() if isinstance(item, Record)]
        assert len(new) < len(keys), "with the state of its own cursor() it reads all of it again"
        assert json.loads(json.dumps(again.cursor())) == json.loads(kept)  # type: ignore[attr-defined]

    def test_a_source_that_cannot_be_read_says_so(self, tmp_path: Path) -> None:
        """Where nothing can be read, CampaignError says what to mend; it is never an empty list."""
        source = self.make_broken_source(tmp_path)
        if source is None:
            untested("a source that cannot be read says so", "make_broken_source")
        with pytest.raises(CampaignError) as caught:
            list(self.opened_source(source).read())
        assert len(str(caught.value)) > 10, "the text says where, what is wrong, and how to mend it"


def check_record(record: Record) -> None:
    """Assert that a record is whole."""
    assert isinstance(record.key, str), f"the key is {record.key!r}, not text"
    assert record.key.strip(), f"empty key at {record.place}: yield a Problem instead"
    assert record.row >= 1, f"rows count from 1, not {record.row}"
    assert record.table.origin, "the table says where it comes from"
    for column, at in record.table.columns.items():
        assert 0 <= at < len(record.cells), f"{record!r} has no cell for column {column!r}: yield a Problem instead"


def told(item: Record | Problem) -> tuple[object, ...]:
    """Return all that an item says, to compare."""
    if isinstance(item, Problem):
        return item.place, item.what, item.mend, item.key
    return item.key, list(item.items()), item.place
