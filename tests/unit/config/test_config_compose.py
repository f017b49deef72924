"""What libyaml reads is what PyYAML's own parser reads: trees, places, and what is told of mistakes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from notifykit.config.parse import composed

ROOT = Path(__file__).parents[3]
FILES = sorted((ROOT / "config").rglob("*.yaml"))
CHUNKS = [
    "\n".join(lines[at : at + 12])
    for lines in (file.read_text(encoding="utf-8").splitlines() for file in FILES)
    for at in range(0, len(lines), 6)
]

SIGNS = st.sampled_from(
    [
        *"-?:,[]{}#&*!|>'\"%@`=~<\t\r\n\0\x07\x7f\x85\xa0\u2028\u2029\u3000\ufeff\ufffe：中1e\\",
        *(
            "- ",
            ": ",
            "? ",
            " #",
            "\r\n",
            "\n  ",
            "\n\n",
            "---\n",
            "\n--- ",
            "\n...\n",
            "%YAML 1.1\n---\n",
            "\U0001f600",
        ),
        *("<<: *a", "&a ", "*a", "!!int ", "!t ", "! ", "|\n", "|-\n  ", ">+2\n", "''", '""', "{{ a }}", "{% a %}"),
        *("1_000", "12:30", "0x1f", "null", "true", "2025-08-01", "\\x41", "\\ud83d", "{a: b, c? d}", "[1, [2]]", "|#"),
    ]
)
WORDS = st.one_of(SIGNS, st.sampled_from(["a", "b", "key", "a b", "a: b", "- a", " "]))
LINES = st.builds(
    lambda indent, dash, key, value: f"{'  ' * indent}{dash}{key}{value}",
    st.integers(0, 3),
    st.sampled_from(["", "", "- ", "- - ", "? "]),
    st.sampled_from(["", "a: ", "b: ", "'c': ", "{{ d }}: ", "<<: ", "[a, b]: ", "&a e: "]),
    st.lists(WORDS, max_size=3).map("".join),
)


@st.composite
def edited(draw: st.DrawFn) -> str:
    """A piece of a project's file, with a few characters removed and a few signs put in."""
    text = draw(st.sampled_from(CHUNKS))
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(text)))
        text = text[:start] + draw(SIGNS) + text[start + draw(st.sampled_from([0, 0, 1, 3])) :]
    return text


TEXTS = st.one_of(edited(), st.lists(LINES, max_size=6).map("\n".join), st.lists(WORDS, max_size=10).map("".join))


def seen(node: yaml.Node | None) -> object:
    """All of a tree that anything looks at. A node that an alias names again is told by its number."""
    numbers: dict[int, int] = {}

    def one(node: yaml.Node) -> object:
        if id(node) in numbers:
            return numbers[id(node)]
        numbers[id(node)] = len(numbers)
        place = (node.start_mark.line, node.start_mark.index)
        if isinstance(node, yaml.ScalarNode):
            return node.tag, place, node.value, node.style or None
        if isinstance(node, yaml.SequenceNode):
            return node.tag, place, [one(item) for item in node.value]
        assert isinstance(node, yaml.MappingNode)
        end = node.end_mark.index if node.flow_style else None
        return node.tag, place, end, [(one(key), one(value)) for key, value in node.value]

    return node if node is None else one(node)


def outcome(parse: object, text: str) -> object:
    assert callable(parse)
    try:
        return seen(parse(text))
    except (yaml.YAMLError, RecursionError) as error:
        return type(error), str(error)


def by_pyyaml(text: str) -> yaml.Node | None:
    return yaml.compose(text, Loader=yaml.SafeLoader)


@settings(max_examples=max(200, settings().max_examples))
@given(text=TEXTS)
@example(text="a: {b: \n , c}\n")
@example(text="a: {b:  # c\n}\n")
@example(text="a: !\n")
@example(text="a: !!str\n")
@example(text="? a\n")
@example(text="a:\n- ?\n")
@example(text="a: {b: c, d? e}\n")
@example(text="a: b\t\n")
@example(text="a: |#\n")
@example(text="a: b\n\ufeff")
@example(text="---")
@example(text="a: {{ b }}\n")
@example(text="a: &a [*a]\n")
def test_trees_places_and_mistakes_are_those_of_pyyaml(text: str) -> None:
    assert outcome(composed, text) == outcome(by_pyyaml, text)


@pytest.mark.parametrize("begin", ["", "a:\r  "])
@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_what_is_nested_too_deeply_is_told_as_by_pyyaml(begin: str, opening: str) -> None:
    """PyYAML 6.0.3 with libyaml reads 5,000 levels on Python 3.13, and ends the process for 60,000."""
    with pytest.raises(RecursionError):
        composed(begin + opening * 60_000)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_files_of_a_project_are_read_by_libyaml_where_it_is_there(file: Path) -> None:
    node = composed(file.read_text(encoding="utf-8"))
    assert node is not None
    assert type(node.start_mark).__module__ == ("yaml._yaml" if yaml.__with_libyaml__ else "yaml.error")


def test_without_libyaml_files_are_read_by_pyyaml() -> None:
    code = """
import sys
sys.modules["yaml._yaml"] = None
from notifykit.config.parse import composed
node = composed("a: [1, b]")
print(type(node.start_mark).__module__, node.value[0][1].value[1].value)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["yaml.error", "b"]
