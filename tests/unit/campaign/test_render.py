from __future__ import annotations

import re
import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import jinja2.filters
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from notifykit.campaign.digest_text import compile_digest
from notifykit.campaign.render import compile_condition, compile_template
from notifykit.campaign.template_filters import DIGITS, FILTERS, TAKING_ANYTHING, number, percent, thousands
from notifykit.campaign.template_mistakes import TemplateInvalidError
from notifykit.errors import ConfigError, RenderError
from notifykit.model import Record, Table

COLUMNS = ("合同ID(_id)", "管家(serviceHousekeeper)", "金额", "激活奖励状态", "key", "_private")


def record(**cells: Any) -> Record:
    row = {"合同ID(_id)": "C1", "管家(serviceHousekeeper)": "测试管家甲", "金额": "1234567.5", "激活奖励状态": "1"}
    row |= {"key": "a column", "_private": "also a column"} | cells
    table = Table("state/a.csv", {name: at for at, name in enumerate(row)})
    return Record("C1", list(row.values()), table, 7)


def render(text: str, of: Record | None = None, escape: Callable[[str], str] | None = None) -> str:
    return compile_template(text, where="c.yaml:3: template", escape=escape, campaign="bj")(of or record())


def failure(text: str, of: Record | None = None) -> str:
    with pytest.raises(RenderError) as caught:
        render(text, of)
    return str(caught.value)


def mistakes(text: str) -> list[str]:
    with pytest.raises(TemplateInvalidError) as caught:
        render(text)
    assert isinstance(caught.value, ConfigError)
    return str(caught.value).splitlines()


def condition(text: str, of: Record | None = None) -> bool:
    return compile_condition(text, "c.yaml:5: when", campaign="bj")(of or record())


NOTHING = 'there is nothing called "lipsum"; there is record, campaign, now, today'


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ('{{ record["管家(serviceHousekeeper)"] }}', "测试管家甲"),
        ('{{ record.get("金额") }}', "1234567.5"),
        ('{{ record.get("none", "–") }}', "–"),
        ("{{ record.key }} {{ record.row }} {{ record.place }}", "C1 7 state/a.csv:7"),
        ('{{ record["key"] }} {{ record["_private"] }}', "a column also a column"),
        ("{{ campaign }}", "bj"),
        ('{% if "金额" in record %}yes{% endif %}', "yes"),
        ('{% if record["none"] is defined %}yes{% else %}no{% endif %}', "no"),
        ('{{ record["none"] | default("–") }}', "–"),
        ("{% for name, cell in record.items() %}{{ name }};{% endfor %}", "".join(f"{name};" for name in COLUMNS)),
        ('{{ record["金额"] | thousands }}', "1,234,567.5"),
        ("{{ 0.136 | percent }}", "13.6%"),
        ('{{ (record["金额"] | number) > 1000 }}', "True"),
        ("{% set x = 1 %}{% macro m(a) %}[{{ a }}]{% endmacro %}{{ m(x) }}{{ range(2) | list }}", "[1][0, 1]"),
        ("第一行\n\n第三行\n", "第一行\n\n第三行"),
        ("", ""),
        ("{{ '{{' }} 50 % {# gone #}", "{{ 50 % "),
    ],
)
def test_templates(template: str, text: str) -> None:
    assert render(template) == text


ONE_CELL = ('{{ record["key"] | upper }}', '{% if record["key"] == "b" %}{{ record["key"] }}{% endif %}x')
MORE = (
    '{{ record["key"] }}{{ record.row }}',
    '{{ record["key"] }}{{ record["金额"] }}',
    '{{ record[record["key"]] }}',
    '{% for name, cell in record.items() %}{{ cell }}{% endfor %}{{ record["key"] }}',
)


@given(st.lists(st.tuples(st.sampled_from([*COLUMNS[4:], "b", 1, True, 1.0, "1"]), st.sampled_from("xy")), max_size=12))
def test_what_takes_one_cell_gives_for_each_record_what_it_gave_without_the_others(
    cells: list[tuple[Any, str]],
) -> None:
    records = [record(key=key, 金额=amount) for key, amount in cells]
    for text in (*ONE_CELL, *MORE[:2]):
        compiled = compile_template(text, where="c.yaml:3: template", campaign="bj")
        assert [compiled(of) for of in records] == [render(text, of) for of in records]
    when = compile_condition('record["key"] == 1', "c.yaml:5: when")
    assert [when(of) for of in records] == [of["key"] == 1 for of in records]


def test_a_text_of_one_cell_is_made_once_for_records_that_share_it() -> None:
    for text in ONE_CELL:
        compiled = compile_template(text, where="w")
        assert compiled(record(key="some")) is compiled(record(key="some", 金额="2"))
    for text in (*MORE, '{{ [record["key"]] | map("upper") | first }}'):
        compiled = compile_template(text, where="w")
        assert compiled(record(key="金额"))
        assert compiled._given == {}, "it takes more than one cell"


def test_what_differs_from_time_to_time_is_made_anew() -> None:
    for text in ('{{ (record["key"] ~ range(99999)) | list | random }}', '{{ [range(999)] | map("random") | first }}'):
        compiled = compile_template(text + '{{ record["key"] }}', where="w")
        assert len({compiled(record()) for _ in range(60)}) > 1


def test_no_more_is_kept_than_so_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("notifykit.campaign.render.KEPT", 2)
    monkeypatch.setattr("notifykit.campaign.render.LONGEST", 5)
    compiled = compile_template('{{ record["key"] }}', where="w")
    assert [compiled(record(key=key)) for key in ("a", "b", "c", "longer")] == ["a", "b", "c", "longer"]
    assert compiled._given == {"c": "c"}


def test_a_row_that_is_too_short_for_the_column_is_told() -> None:
    short = Record("C1", ["C1"], Table("state/a.csv", {"id": 0, "x": 1}, ("id", "x")), 7)
    assert "the row has no cell for the column 'x'" in failure('{{ record["x"] }}', short)


def test_a_column_that_is_there_twice_is_no_missing_one() -> None:
    twice = Record("C1", ["C1", "a", "b"], Table("state/a.csv", {"id": 0}, ("id", "x", "x")), 7)
    assert "the column 'x' is in state/a.csv 2 times; rename all but one" in failure('{{ record["x"] }}', twice)


def test_of_what_is_computed_every_kind_is_written() -> None:
    assert render("{{ record['n'] }} {{ record['d'] }}", record(n=3, d=["上线"])) == "3 ['上线']"


@pytest.mark.parametrize(
    ("template", "what"),
    [
        ('{{ record["金颌"] }}', "line 1: no column '金颌' in state/a.csv; did you mean \"金额\"?"),
        ('a\nb {{ record["none"].x }}', "line 2: no column 'none' in state/a.csv; there is 合同ID(_id), "),
        ('a\n{{ record["none"] }}\n\n{{ campaign }}\n', "line 2: no column 'none'"),
        ("{% macro m(x) %}\n{{ x / 0 }}{% endmacro %}\n\n{{ m(1) }}\n\n{{ campaign }}", "line 2: ZeroDivisionError"),
        ('a\n\n{{ record["null"] }}', 'line 3: this gives null, not text; write … or "" where nothing is right'),
        ('{{ record.get("none") }}', "line 1: this gives null"),
        ("{{ none }}", "line 1: this gives null"),
        ("a\n{{ record }}", 'line 2: this gives a whole record, not a cell; write record["column"]'),
        ("{{ 'x' ~ record }}", "line 1: this gives a whole record"),
        ("{{ record | string }}", "line 1: this gives a whole record"),
        ("{{ record.get }}", "line 1: this gives a method, not what it returns; call it, or name a column"),
        ("{{ record.key.upper }}", "line 1: this gives a method"),
        ("{{ record.items | default('') }}", "line 1: this gives a method"),
        ("{% macro m() %}{% endmacro %}{{ m }}", "line 1: this gives a method"),
        ("{{ 'caf\xe9'.encode() }}", "line 1: this gives bytes, not text; make a text of them"),
        ("{{ 9e999 }}", "line 1: NameError: name 'inf' is not defined"),  # what Jinja makes of such a constant
        ("{% set x = 'inf' %}{{ x | float }}", "line 1: this gives inf, which is no number to be told"),
        ("{{ campaign.nope }}", "line 1: 'str object' has no attribute 'nope'"),
        ('{{ record | attr("cells") }}', "line 1: access to attribute 'cells' of 'Record' object is unsafe"),
        ("{{ record[0] }}", "line 1: no column 0 in state/a.csv"),
        ('{{ record["金额"] | number / 0 }}', "line 1: ZeroDivisionError: "),
        ('{{ record["金额"] + 1 }}', "line 1: TypeError: "),
        ('{{ record["管家(serviceHousekeeper)"] | thousands }}', "takes a number, not '测试管家甲'"),
        ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "RecursionError"),
    ],
)
def test_what_cannot_be_rendered_says_where_and_for_which_record(template: str, what: str) -> None:
    text = failure(template, record(null=None))
    assert text.startswith("c.yaml:3: template, line ")
    assert what in text
    assert text.endswith("(record 'C1' at state/a.csv:7)")


def test_a_row_without_its_last_cells() -> None:
    short = Record("C2", ["C2"], Table("a.csv", {"id": 0, "name": 1}), 9)
    assert "line 1: the row has no cell for the column 'name'" in failure('{{ record["name"] }}', short)


@pytest.mark.parametrize(
    "template",
    [
        '{{ record["cells"] }}',
        '{{ record | attr("cells") }}',
        '{{ record | attr("__class__") }}',
        '{{ "{0.cells}".format(record) }}',
        '{{ "{0.table.columns}".format(record) }}',
        '{{ record["金额"].__class__ }}',
        "{{ record.items.__self__ }}",
        "{{ campaign.__class__.__mro__ }}",
        '{{ ([record] | map("attr", "cells") | list)[0] }}',
    ],
)
def test_the_insides_of_a_record_are_out_of_reach(template: str) -> None:
    assert "unsafe" in failure(template) or "no column" in failure(template)


def test_a_filter_finds_columns_where_it_looks_for_attributes() -> None:
    assert render('{{ [record] | map(attribute="key") | list }}') == "['a column']"
    assert render('{{ [record] | map(attribute="table") | list }}') == "[Undefined]"


@pytest.mark.parametrize(
    ("template", "what"),
    [
        ("{{ recrd.key }}", ['c.yaml:3: template, line 1: there is nothing called "recrd"; did you mean "record"?']),
        (
            "{{ lipsum() }}",
            [
                f'c.yaml:3: template, line 1: {NOTHING}; a column is written record["lipsum"]',
            ],
        ),
        (
            "a\n{{ 1 | thousend }}\n{{ 2 is nmber }}",
            [
                'c.yaml:3: template, line 2: there is no filter "thousend"; did you mean "thousands"?',
                'c.yaml:3: template, line 3: there is no test "nmber"; did you mean "number"?',
            ],
        ),
        (
            "{{ record.amount }}",
            ['c.yaml:3: template, line 1: a record has no "amount"; a column is written record["amount"]'],
        ),
        (
            "{{ record.cells }}",
            ['c.yaml:3: template, line 1: a record has no "cells"; a column is written record["cells"]'],
        ),
        (
            '{% include "x" %}',
            ["c.yaml:3: template, line 1: {% include %} is not possible here: a template stands alone"],
        ),
        (
            '{% from "x" import y %}',
            ["c.yaml:3: template, line 1: {% import %} is not possible here: a template stands alone"],
        ),
        ("a\n{{ b", ["c.yaml:3: template, line 2: unexpected end of template, expected 'end of print statement'"]),
        ("a\n\n{% fi %}", ["c.yaml:3: template, line 3: Encountered unknown tag 'fi'"]),
        (
            "{% block x %}{% endblock %}{% block x %}{% endblock %}",
            ["c.yaml:3: template, line 1: block 'x' defined twice"],
        ),
    ],
)
def test_what_can_never_work_is_found_before_anything_is_sent(template: str, what: list[str]) -> None:
    assert mistakes(template) == what


def test_escape_is_for_record_data_only() -> None:
    def defuse(text: str) -> str:
        return text.replace("<@", "<\u200b@")

    template = '<@all> {{ record["金额"] }} {{ "<@const>" | upper }} {{ 5 }}'
    text = render(template, record(金额="<@all>"), defuse)
    assert text.startswith("<@all> <\u200b@all> ")
    assert text.endswith(" 5")


def test_no_filter_turns_escaping_off() -> None:
    assert render('{{ record["金额"] | safe }}', record(金额="a"), lambda text: f"[{text}]") == "[a]"


@given(st.text())
def test_every_expression_passes_through_escape(cell: str) -> None:
    escaped = render('{{ record["金额"] }}', record(金额=cell), lambda text: text.replace("@", "(at)"))
    assert escaped == cell.replace("@", "(at)")


@given(st.text())
def test_a_cell_arrives_as_it_is(cell: str) -> None:
    assert render('<{{ record["金额"] }}>', record(金额=cell)) == f"<{cell}>"


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ('record["激活奖励状态"] == "1"', True),
        ('record["激活奖励状态"] != "1"', False),
        ('record["金额"] | number > 1000 and campaign == "bj"', True),
        ('"none" in record', False),
        ("true", True),
        ('record["key"]\n  in ["a column"]', True),
    ],
)
def test_conditions(text: str, result: bool) -> None:
    assert condition(text) is result


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('record["激活奖励状态"]', "line 1: it gives '1', neither true nor false; compare it: … == \"1\""),
        ('record["none"]', "line 1: no column 'none' in state/a.csv"),
        ('record["none"] == "1"', "line 1: no column 'none' in state/a.csv"),
        ("none", "line 1: it gives None"),
    ],
)
def test_a_condition_must_be_true_or_false(text: str, what: str) -> None:
    with pytest.raises(RenderError) as caught:
        condition(text)
    assert str(caught.value).startswith(f"c.yaml:5: when, {what}")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("{{ record.key }}", "expected token ':', got '}'; a condition is written without {{ }} or {% %}"),
        ('record["a"] = "1"', "there is more after the end of the expression"),
        (
            'a == "1"',
            'there is nothing called "a"; there is record, campaign, now, today; a column is written record["a"]',
        ),
        ("record.amount > 1", 'a record has no "amount"; a column is written record["amount"]'),
        ("1 | nope", 'there is no filter "nope"'),
        ("", "unexpected 'end of template'"),
    ],
)
def test_what_is_no_condition(text: str, what: str) -> None:
    with pytest.raises(TemplateInvalidError) as caught:
        condition(text)
    assert str(caught.value).startswith(f"c.yaml:5: when, line 1: {what}")


def test_one_template_serves_many_threads() -> None:
    template = compile_template('{{ record["n"] }}{% set x = record["n"] %}{{ x }}', where="t", escape=None)
    wrong: list[str] = []

    def work(start: int) -> None:
        wrong.extend(str(n) for n in range(start, start + 300) if template(record(n=n)) != f"{n}{n}")

    threads = [threading.Thread(target=work, args=(start * 1000,)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (1234567.5, None, "1,234,567.5"),
        ("1234567.50", None, "1,234,567.50"),
        (0, None, "0"),
        ("-1234", None, "-1,234"),
        (1234.565, 2, "1,234.57"),
        ("1234.4", 0, "1,234"),
        (Decimal("1E+4"), None, "10,000"),
        ("1.23E+18", None, "1,230,000,000,000,000,000"),
    ],
)
def test_thousands(value: object, digits: int | None, text: str) -> None:
    assert thousands(value, digits) == text


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0.136, None, "13.6%"),
        ("0.136", 0, "14%"),
        (0.136, 2, "13.60%"),
        (1, None, "100%"),
        ("0.5", None, "50%"),
        (0, None, "0%"),
        ("0.125", 0, "13%"),
        (10, None, "1000%"),
    ],
)
def test_percent(value: object, digits: int | None, text: str) -> None:
    assert percent(value, digits) == text


@pytest.mark.parametrize(("value", "found"), [("3", 3), ("3.0", 3), ("3.5", 3.5), (7, 7), (0.25, 0.25)])
def test_number(value: object, found: float) -> None:
    assert number(value) == found
    assert type(number(value)) is type(found)


@pytest.mark.parametrize(
    "value", ["", "abc", "1,234", "1_000", "NaN", "Infinity", "13.6%", None, True, [1], float("nan")]
)
@pytest.mark.parametrize("of", [thousands, percent, number])
def test_filters_refuse_what_is_no_number(of: Callable[[object], object], value: object) -> None:
    with pytest.raises(ValueError, match=f"the filter {of.__name__} takes a number, not "):
        of(value)


@given(st.integers(-(10**15), 10**15))
def test_thousands_only_adds_commas(value: int) -> None:
    assert thousands(str(value)).replace(",", "") == str(value)
    assert thousands(value) == f"{value:,}"


class Panic(BaseException):
    """As extension modules raise it."""


def panics(text: str) -> str:
    raise Panic(text)


@pytest.mark.parametrize(
    ("escape", "why"),
    [
        (lambda text: None, "the sender's `escape` returned a NoneType, not a text"),
        (lambda text: text.encode(), "the sender's `escape` returned a bytes, not a text"),
        (lambda text: text.no_such_method(), "the sender's `escape` raised AttributeError"),
        (panics, "the sender's `escape` raised Panic"),
    ],
)
def test_an_escape_that_gives_no_text_holds_the_record(escape: Any, why: str) -> None:
    with pytest.raises(RenderError, match=re.escape(why)):
        render('{{ record["金额"] }}', escape=escape)


@pytest.mark.parametrize("name", sorted((jinja2.filters.FILTERS.keys() | FILTERS.keys()) - TAKING_ANYTHING))
def test_a_wrong_column_is_told_with_the_near_one_under_every_filter(name: str) -> None:
    record = Record("k", ["x"], Table("f.csv", {"email": 0}), 2)
    for arguments in ("", "(1)", '("a")', '("a", "b")'):
        with pytest.raises(RenderError, match=r"no column 'emial' in f\.csv; did you mean \"email\"\?"):
            compile_template(f'{{{{ record["emial"] | {name}{arguments} }}}}', where="w")(record)


def test_a_column_that_may_be_missing_has_a_default() -> None:
    record = Record("k", ["x"], Table("f.csv", {"email": 0}), 2)
    assert compile_template('{{ record["emial"] | default("none") | upper }}', where="w")(record) == "NONE"


@example("9" * 102)
@example("9" * 101)
@example("1E200")
@example("1e200")
@example(f"0.{'0' * 100}1")
@given(st.from_regex(r"[+-]?[0-9]{1,9}0{0,100}(\.0{0,100}[0-9]{1,3})?([eE][+-]?[0-9]{1,3})?", fullmatch=True))
def test_a_number_takes_so_many_places_however_it_is_written(text: str) -> None:
    found = Decimal(text)
    exponent = int(found.as_tuple().exponent)
    if found.adjusted() > DIGITS or abs(exponent) > DIGITS:
        with pytest.raises(ValueError, match="of at most 100 digits"):
            number(text)
    else:
        assert number(text) == found or float(found) == number(text)


def test_one_text_at_two_places_names_each() -> None:
    for where in ("a.yaml:3: template", "b.yaml:9: template"):
        with pytest.raises(RenderError, match=f"^{where}, line 2: "):
            compile_template("\n{{ record['nothing'] }}", where=where)(record())
        with pytest.raises(TemplateInvalidError, match=f"^{where}, line 1: "):
            compile_template("{{ nothing }}", where=where)


def test_one_text_is_a_template_a_condition_and_a_digest() -> None:
    text = "count == 1"
    assert compile_digest("{{ count }}", where="d")([]) == "0"
    with pytest.raises(TemplateInvalidError, match="there is nothing called"):
        compile_template("{{ count }}", where="t")
    with pytest.raises(TemplateInvalidError, match="there is nothing called"):
        compile_condition(text, "when")
    assert render(text) == text


class Marks:
    """A sender that has its own idea of what is escaped."""

    def __init__(self, mark: str) -> None:
        self.mark = mark

    def escape(self, text: str) -> str:
        return f"{self.mark}{text}"


def test_each_sender_has_what_is_constant_escaped_its_way() -> None:
    one, other = Marks("!"), Marks("?")
    assert [render('{{ "a" }}', escape=by.escape) for by in (one, other)] == ["!a", "?a"]
    one.mark = "#"
    assert render('{{ "a" }}', escape=one.escape) == "#a"
