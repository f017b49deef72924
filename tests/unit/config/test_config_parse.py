from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifykit.config.defects import Defects, InvalidConfigurationError
from notifykit.config.parse import Files
from notifykit.config.tree import Branch, Leaf, Written, dotted, leaves, locate, natural, plain

LOOK = "; look at this line and the one before"


def parse(folder: Path, text: str | bytes) -> object:
    file = folder / "c.yaml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    defects = Defects()
    tree = Files(defects).load(file)
    defects.raise_if_any()
    assert tree is not None
    return natural(plain(tree))


def complaints(folder: Path, text: str | bytes) -> list[str]:
    with pytest.raises(InvalidConfigurationError) as caught:
        parse(folder, text)
    return str(caught.value).replace(f"{folder}/", "").splitlines()


@pytest.mark.parametrize(
    ("written", "text", "value"),
    [
        ("N", "N", "N"),
        ("y", "y", "y"),
        ("no", "no", False),
        ("On", "On", True),
        ("0", "0", 0),
        ("1", "1", 1),
        ("007", "007", 7),
        ("1_000", "1_000", 1000),
        ("1.50", "1.50", 1.5),
        ("12:30", "12:30", "12:30"),
        ("12:30:45.5", "12:30:45.5", "12:30:45.5"),
        ("2025-08-01", "2025-08-01", "2025-08-01"),
        ("1.23E+18", "1.23E+18", 1.23e18),
        ("=", "=", "="),
        ("'5'", "5", "5"),
        ('"no"', "no", "no"),
        ("是否发送通知", "是否发送通知", "是否发送通知"),
    ],
)
def test_a_scalar_is_both_as_written_and_as_yaml_means_it(
    tmp_path: Path, written: str, text: str, value: object
) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(f"k: {written}", encoding="utf-8")
    tree = Files(Defects()).load(file)
    assert isinstance(tree, Branch)
    leaf = tree.entries["k"]
    assert isinstance(leaf, Leaf)
    assert leaf.value == text
    assert natural(leaf.value) == value
    assert type(natural(leaf.value)) is type(value)


@pytest.mark.parametrize("written", ["", "~", "null", "!!null x"])
def test_nothing_is_none(tmp_path: Path, written: str) -> None:
    assert parse(tmp_path, f"k: {written}") == {"k": None}


def test_structures(tmp_path: Path) -> None:
    assert parse(tmp_path, "﻿a: [1, {b: c}]\n0: |\n  x\n  y\n") == {"a": [1, {"b": "c"}], "0": "x\ny\n"}


def test_aliases_and_merge_keys(tmp_path: Path) -> None:
    text = """\
    base: &base {a: 1, b: 2}
    more: &more {b: 3, c: 4}
    one: {<<: *base, b: 9}
    two:
      <<: [*base, *more]
    same: *base
    """
    found = parse(tmp_path, textwrap.dedent(text))
    assert isinstance(found, dict)
    assert found["one"] == {"a": 1, "b": 9}
    assert found["two"] == {"a": 1, "b": 2, "c": 4}
    assert found["same"] == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("a: 1\n\tb: 2\n", ["c.yaml:2: a tab stands where YAML wants spaces; indent with spaces"]),
        (
            "a: b: c\n",
            ["c.yaml:1: is not YAML: a colon stands inside a value; put the value in quotes, or check the indentation"],
        ),
        (
            "a: [1,\n2\n",
            [
                "c.yaml:3: is not YAML: expected ',' or ']', but got '<stream end>' (while parsing a flow sequence)"
                + LOOK
            ],
        ),
        ("a: 1\n---\nb: 2\n", ["c.yaml:2: is not YAML: the file has a second document (---); keep one"]),
        (
            "a: 'x\n\n",
            ["c.yaml:1: is not YAML: a text in quotes begins here and does not end; close the quote"],
        ),
        (
            "a: 1\nb\n\n",
            ["c.yaml:2: is not YAML: no colon follows what begins here; write `key: value`"],
        ),
        (
            "a: 1\nb：2\nc: 3\n",
            ["c.yaml:2: a full-width colon (：) stands where YAML wants an ordinary one; write `: ` instead"],
        ),
        (
            "a:\n\u00a0b: 2\n",
            ["c.yaml:2: U+00A0 stands before b where YAML wants spaces; indent with ordinary spaces"],
        ),
        ("a: @x\n", ["c.yaml:1: a value that starts with @ is text only in quotes; put it in quotes"]),
        (
            "a: {% if x %}y{% endif %}\n",
            ["c.yaml:1: a value that starts with {% is text only in quotes; write a: '{% if x %}y{% endif %}'"],
        ),
        (
            "- a: hi: {{ x.y }}\n",
            ["c.yaml:1: a value that holds a colon and a space is text only in quotes; write - a: 'hi: {{ x.y }}'"],
        ),
        (
            "s: {a: 1, b: {{ x.y }}}\n",
            ["c.yaml:1: a value that starts with {{ is text only in quotes; write b: '{{ x.y }}'"],
        ),
        (
            "- {{ x.y }}\n",
            ["c.yaml:1: a value that starts with {{ is text only in quotes; write - '{{ x.y }}'"],
        ),
        ("a: *none\n", ["c.yaml:1: is not YAML: found undefined alias 'none'" + LOOK]),
        ("", ["c.yaml: is empty; write the keys that `notifykit docs configuration` lists into it"]),
        ("# nothing\n", ["c.yaml: is empty; write the keys that `notifykit docs configuration` lists into it"]),
        (b"a: 1\nb: \xc4\xe3\n", ["c.yaml:2: is not UTF-8; save the file as UTF-8"]),
        ("a: 1\nb: \x00\n", ["c.yaml:2: holds the character U+0000; remove it"]),
        ("a: 1\nb: 2\na: 3\n", ['c.yaml:3: the key "a" is there twice, first on line 1; keep one']),
        (
            "a: {b: 1, b: 2}\nc:\n  d: 1\n  d: 2\n",
            [
                'c.yaml:1: the key "b" is there twice, first on line 1; keep one',
                'c.yaml:4: the key "d" is there twice, first on line 3; keep one',
            ],
        ),
        (
            "a: {{ record.key }}\n",
            ["c.yaml:1: a value that starts with {{ is text only in quotes; write a: '{{ record.key }}'"],
        ),
        (
            'a: 1\nb: {{ record["x"] }}\nc: 2\n',
            ["c.yaml:2: a value that starts with {{ is text only in quotes; write b: '{{ record[\"x\"] }}'"],
        ),
        (
            "a: 1\n- b: {{ record['x'] }} y  \n",
            ["c.yaml:2: a value that starts with {{ is text only in quotes; write - b: '{{ record[''x''] }} y'"],
        ),
        (
            "a: {{ record.key }} and more\nb: 2\n",
            ["c.yaml:1: a value that starts with {{ is text only in quotes; write a: '{{ record.key }} and more'"],
        ),
        ("? [a]\n: b\n", ["c.yaml:1: a key must be text; put it in quotes"]),
        ("a: !ENV key\n", ["c.yaml:1: the tag !ENV is not understood; a secret is written {env: NAME}"]),
        ("a: !!binary aGk=\n", ["c.yaml:1: the tag !!binary is not understood; a secret is written {env: NAME}"]),
        ("a: !!int x\nb: !!bool x\n", [f'c.yaml:{n}: "x" does not fit its tag; leave the tag out' for n in (1, 2)]),
        ("a: 1\nb: {<<: 5}\n", ["c.yaml:2: <<: takes an alias of a mapping, such as <<: *base"]),
        (
            'a: 1\nb: "x \\ud83d"\n"\\ude00\\ud83d": 2\n',
            [
                "c.yaml:2: holds half of a character (\\ud83d); write the character itself",
                "c.yaml:3: holds half of a character (\\ude00); write the character itself",
            ],
        ),
        ("a: &a [*a]\n", ["c.yaml: is nested too deeply, or contains itself by an alias"]),
        ("[" * 2000, ["c.yaml: is nested too deeply, or contains itself by an alias"]),
    ],
)
def test_what_is_no_configuration(tmp_path: Path, text: str | bytes, what: list[str]) -> None:
    assert complaints(tmp_path, text) == what


def test_what_json_spells_as_two_escapes_is_one_character(tmp_path: Path) -> None:
    assert parse(tmp_path, r'{"\ud83d\ude00": "hi \ud83d\ude00"}') == {"😀": "hi 😀"}


def test_aliases_that_stand_for_billions_are_refused(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    assert complaints(tmp_path, "\n".join(lines)) == ["c.yaml: stands for more than 100000 values; use fewer aliases"]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    defects = Defects()
    files = Files(defects)
    assert files.load(tmp_path / "none.yaml") is None
    assert files.load(tmp_path) is None
    assert files.loaded() == []
    with pytest.raises(InvalidConfigurationError) as caught:
        defects.raise_if_any()
    assert [str(defect).removeprefix(str(tmp_path)) for defect in caught.value.defects] == [
        ": cannot be read (it is a folder); correct its path or permissions",
        "/none.yaml: cannot be read (No such file or directory); correct its path or permissions",
    ]


def test_a_file_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: 1")
    files = Files(Defects())
    first = files.load(tmp_path / "a.yaml")
    assert files.load(tmp_path / "x" / ".." / "a.yaml") is first
    assert files.loaded() == [first]


def test_every_part_has_its_line(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text("a: 1\nb:\n  - c: x\n    d:\n\n      e: |\n        y\n  - 5\n")
    tree = Files(Defects()).load(file)
    assert tree is not None
    lines = {dotted(path): locate(tree, path)[0].line for path, _ in leaves(tree)}
    assert lines == {"a": 1, "b[0].c": 3, "b[0].d.e": 6, "b[1]": 8}
    assert locate(tree, ("b",))[0].line == 2
    assert locate(tree, ("b", 0, "d"))[0].line == 4
    assert locate(tree, ("b", 0, "d", "missing", 7))[0].line == 4
    assert locate(tree, ("b", "list[dict]", 1))[1] == ("b", 1)
    assert locate(tree, ())[0].line == 1
    assert [path for path, leaf in leaves(tree) if leaf.block] == [("b", 0, "d", "e")]


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Co", "Cn")), min_size=1))
def test_quoted_text_arrives_as_it_is(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.getbasetemp()
    quoted = "'" + text.replace("'", "''") + "'"
    if any(mark in text for mark in "\u2028\u2029\x85\ufeff"):
        return  # YAML folds these like line ends
    assert parse(folder, f"k: {quoted}") == {"k": text}


def test_a_written_scalar_is_text() -> None:
    written = Written("0x1F", 31)
    assert written == "0x1F"
    assert written.natural == 31
