"""One cell or template takes no more than its share: it is refused within a moment."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifykit.campaign.render import compile_condition, compile_template
from notifykit.campaign.template_bounds import CHARACTERS, check_operands
from notifykit.errors import RenderError
from notifykit.model import Record, Table

MOMENT = 5.0
"""Seconds: many times what any of these takes, and far less than what an unbounded one would."""

TABLE = Table("x.csv", {"id": 0, "n": 1})


def render(text: str, cell: str = "7") -> str:
    return compile_template(text, where="c.yaml:3: template")(Record("A", ["A", cell], TABLE, 2))


GROWS = (
    "{% set ns = namespace(x='ab') %}{% for i in range(60) %}{% set ns.x = OP %}{% endfor %}{{ ns.x | length }}".replace
)
EXCESSIVE = {
    "repeated text": "{{ 'x' * 10**9 }}",
    "repeated list": "{{ [1] * 10**9 }}",
    "repeated, other way round": "{{ 10**9 * 'x' }}",
    "repeats from a cell": "{{ 'x' * (record['n'] | int * 10**9) }}",
    "power": "{{ 10 ** (10**9) }}",
    "power of a power": "{{ 9 ** (9 ** (9 ** 9)) }}",
    "long range": "{% for i in range(10**9) %}{{ i }}{% endfor %}",
    "nested loops": "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
    "nested loops that write": "{% for i in range(900) %}{% for j in range(90) %}{{ 'x'*999 }}{% endfor %}{% endfor %}",
    "doubling by +": GROWS("OP", "ns.x + ns.x"),
    "doubling by ~": GROWS("OP", "ns.x ~ ns.x"),
    "doubling by join": GROWS("OP", "[ns.x, ns.x] | join"),
    "doubling by replace": GROWS("OP", "ns.x | replace('a', 'aa')"),
    "doubling by method": GROWS("OP", "ns.x.replace('a', 'aa')"),
    "width of %": "{{ '%999999999d' % 1 }}",
    "width of % from a value": "{{ '%*d' % (999999999, 1) }}",
    "width of the filter": "{{ '%999999999d' | format(1) }}",
    "width of the method": "{{ '{:>999999999}'.format('x') }}",
    "width of the method from a value": "{{ '{:>{w}}'.format('x', w=10**9) }}",
    "centred": "{{ 'x' | center(10**9) }}",
    "indented": "{{ ('x\n' * 900) | indent(9000, true) }}",
    "padded": "{{ 'x'.ljust(10**9) }}",
    "zeros": "{{ 'x'.zfill(10**9) }}",
    "batches": "{{ [1] | batch(10**9, 'x') | list }}",
    "slices": "{{ [1] | slice(10**9) | list }}",
    "precision": "{{ 1.5 | round(10**6, 'ceil') }}",
    "decimals": "{{ record['n'] | thousands(10**9) }}",
}


@pytest.mark.parametrize("text", EXCESSIVE.values(), ids=EXCESSIVE)
def test_a_template_that_asks_for_too_much_holds_the_record_within_a_moment(text: str) -> None:
    started = time.perf_counter()
    with pytest.raises(RenderError):
        render(text)
    assert time.perf_counter() - started < MOMENT


def test_a_condition_is_bounded_too() -> None:
    condition = compile_condition("'x' * 10**9 == record['n']", "c.yaml:3: when")
    with pytest.raises(RenderError, match="this makes more than 1,000,000 characters or items"):
        condition(Record("A", ["A", "7"], TABLE, 2))


@pytest.mark.parametrize("filter_", ["thousands", "percent", "number"])
@pytest.mark.parametrize("cell", ["3E999999999", "1e-999999999", "1e9999999999", "-4E7777777", "1e101", "7" * 5000])
def test_a_cell_that_reads_as_an_enormous_number_holds_its_record(filter_: str, cell: str) -> None:
    started = time.perf_counter()
    with pytest.raises(RenderError, match=f"the filter {filter_} takes a number"):
        render(f"{{{{ record['n'] | {filter_} }}}}", cell)
    assert time.perf_counter() - started < MOMENT


def test_an_exponent_that_fits_stays_a_number() -> None:
    assert render("{{ record['n'] | thousands }}", "1e3") == "1,000"
    assert render("{{ record['n'] | number + 1 }}", "12e2") == "1201"


ORDINARY = {
    "{{ '-' * 9 }}": "---------",
    "{{ 'a' ~ 1 ~ record['n'] }}": "a17",
    "{% for i in range(2) %}{{ loop.index }}/{{ loop.length }}{{ loop.last }} {% endfor %}": "1/2False 2/2True ",
    "{% for key, cell in record.items() %}{{ key }}={{ cell }};{% endfor %}": "id=A;n=7;",
    "{% for i in [] %}x{% else %}none{% endfor %}": "none",
    "{% for i in range(6) if i is even %}{{ i }}{% endfor %}": "024",
    "{{ '%5.2f|%-6s|' % (1.5, 'ab') }}": " 1.50|ab    |",
    "{{ '{:>4}'.format(7) }}": "   7",
    "{{ [1, 2] | join(', ') }}": "1, 2",
    "{{ 'ab' | center(6) | replace(' ', '.') }}": "..ab..",
    "{{ 2 ** 10 + 3 * 4 }}": "1036",
    "{{ 1.234 | round(1) }}": "1.2",
    "{{ [3, 1] | sort | list }}": "[1, 3]",
}


@pytest.mark.parametrize("text", ORDINARY)
def test_what_is_of_ordinary_size_is_rendered(text: str) -> None:
    assert render(text) == ORDINARY[text]


def test_a_loop_over_what_is_undefined_says_so() -> None:
    with pytest.raises(RenderError, match=r"no column 'none' in x\.csv"):
        render("{% for i in record['none'] %}{% endfor %}")


def test_each_rendering_has_the_whole_of_its_rounds() -> None:
    template = compile_template("{% for i in range(60000) %}{% endfor %}x", where="t")
    record = Record("A", ["A", "7"], TABLE, 2)
    assert [template(record) for _ in range(3)] == ["x"] * 3


def test_the_text_may_be_as_long_as_is_documented() -> None:
    assert len(render("{{ record['n'] }}", "x" * CHARACTERS)) == CHARACTERS
    with pytest.raises(RenderError, match="the text has more than 1,000,000 characters"):
        render("{{ record['n'] }}!", "x" * CHARACTERS)


@given(
    operator=st.sampled_from(["*", "**", "+"]),
    left=st.integers(-50, 50) | st.text(max_size=20) | st.lists(st.integers(), max_size=5) | st.floats(),
    right=st.integers(-50, 50) | st.text(max_size=20) | st.booleans() | st.floats(),
)
def test_small_operands_are_never_refused(operator: str, left: object, right: object) -> None:
    check_operands(operator, left, right)
