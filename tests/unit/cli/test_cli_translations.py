"""The catalogues are complete: every text that there is has its Chinese, and nothing else is in them."""

from __future__ import annotations

import io
import re
import string
from collections.abc import Callable, Iterator, Sequence

import catalogues
import click
import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo
from cli_world import DOUBTFUL, FINE, CliWorld
from click.testing import CliRunner
from rich.cells import cell_len

from notifykit.cli.app import build_cli
from notifykit.cli.translated import translated
from notifykit.wording import translation

FOUND = catalogues.catalogues()
HAN = re.compile(r"[\u4e00-\u9fff]")


def strings(catalog: Catalog) -> dict[tuple[object, str | None], object]:
    return {(whole(message.id), message.context): whole(message.string) for message in catalog if message.id}


def whole(text: object) -> object:
    """Return a text; those of a plural as a tuple, however they were read."""
    return tuple(text) if isinstance(text, list) else text


@pytest.fixture(scope="module")
def wanted() -> dict[str, list[catalogues.Text]]:
    """Made by the first test that asks: each process of a run collects this module, and few run its tests."""
    return catalogues.wanted()


def test_every_package_with_texts_brings_a_catalogue(wanted: dict[str, list[catalogues.Text]]) -> None:
    lacking = set(wanted) - set(FOUND)
    assert not lacking, f"{lacking} have texts, and bring no catalogue (register_translations)"


@pytest.mark.parametrize("name", FOUND)
def test_every_text_is_translated_and_every_translation_is_of_a_text(
    name: str, wanted: dict[str, list[catalogues.Text]]
) -> None:
    catalog = catalogues.made(FOUND[name], wanted[name], catalogues.clicks() if name == "notifykit" else ())
    assert catalogues.untranslated(catalog) == [], "make translations"
    assert strings(catalogues.read(FOUND[name])) == strings(catalog), "make translations"


@pytest.mark.parametrize("name", FOUND)
def test_what_is_compiled_is_what_the_translator_wrote(name: str) -> None:
    compiled = read_mo(io.BytesIO(catalogues.file(FOUND[name], "mo").read_bytes()))
    assert strings(compiled) == strings(catalogues.read(FOUND[name])), "make translations"


LOUD = {"CHANGED", "HALF", "NOT", "PROVED"}
"""Words of the demonstration that are in capitals since they matter: nobody types them."""


def facts(text: str) -> set[str]:
    """Return what a translation must say as it is: what is typed, and what is put into the text."""
    fields = {f"{{{field}}}" for _, field, _, _ in string.Formatter().parse(text) if field}
    return {*fields, *re.findall(r"`[^`]+`|(?<![\w-])--[a-z][a-z-]*|%\(\w+\)s|\b[A-Z]{3,}\b(?!-)", text)}


@pytest.mark.parametrize("name", FOUND)
def test_what_is_typed_and_what_is_put_in_is_the_same_in_both_languages(name: str) -> None:
    wrong = {
        message.id: facts(text) - facts(str(translation_))
        for message in catalogues.read(FOUND[name])
        if isinstance(text := message.id, str) and text and (translation_ := message.string)
        if not facts(text) <= facts(str(translation_)) | {"COMMAND", "ARGS", "OPTIONS"} | LOUD
    }
    assert wrong == {}


@pytest.mark.parametrize("name", FOUND)
def test_what_a_log_line_is_filled_with_comes_in_the_same_order(name: str) -> None:
    places = re.compile(r"%(?!\()[-+#0 ]*\d*(?:\.\d+)?[a-z]")
    wrong = [
        message.id
        for message in catalogues.read(FOUND[name])
        if isinstance(message.id, str) and places.findall(message.id) != places.findall(str(message.string))
    ]
    assert wrong == []


def helps(command: click.Command, parent: click.Context | None, width: int) -> Iterator[tuple[str, str]]:
    context = command.context_class(command, info_name=command.name, parent=parent, terminal_width=width)
    yield context.command_path, command.get_help(context)
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            yield from helps(inner, context, width)


@pytest.mark.parametrize("width", [60, 92])
def test_the_help_of_every_command_is_chinese_and_no_wider_than_there_is_room(width: int) -> None:
    translation.speak("zh", FOUND.values())
    seen = dict(helps(translated(catalogues.whole()), None, width))
    assert len(seen) > 30
    for command, text in seen.items():
        body = text.partition("示例：")[0]  # what is typed is not folded
        too_wide = [line for line in body.splitlines() if cell_len(line) > width and " " in line.strip()]
        assert too_wide == [], command
        for paragraph in filter(str.strip, re.split(r"\n\n|\n(?=  -|  \w+  )", body)):
            assert HAN.search(paragraph), f"{command}: {paragraph}"
        said = re.sub(
            r"`[^`]+`|\[[a-z|-]+\|[a-z|-]+\]", "", " ".join(body.replace(command, "").split())
        )  # but for what is typed
        assert re.findall(r"(?<!\w)\[[a-z]+\]|[a-z]+ [a-z]+ [a-z]+", said) == [], command


def test_the_language_is_that_of_the_option_then_of_the_variable_then_of_the_locale() -> None:
    def usage(*arguments: str, **variables: str) -> str:
        done = CliRunner().invoke(build_cli(), [*arguments, "--help"], env={"LANG": "C", **variables})
        return done.stdout.partition("notifykit")[0].strip()

    assert usage() == "Usage:"
    assert usage(LANG="zh_CN.UTF-8") == "用法："
    assert usage(LANG="zh_CN.UTF-8", NOTIFYKIT_LANG="en") == "Usage:"
    assert usage(LC_ALL="C", NOTIFYKIT_LANG="zh") == "用法："
    assert usage("--lang", "en", LANG="zh_CN.UTF-8", NOTIFYKIT_LANG="zh") == "Usage:"
    assert usage("--lang", "zh") == "用法："
    assert usage("status", "--lang", "zh") == "用法："  # behind the command, too


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["store", "cpoy"], "错误：没有命令 'cpoy'。 （是不是想写：'copy'？）"),
        (["trace"], "错误：缺少参数 'KEY'"),
        (["status", "--jsn"], "错误：没有选项 '--jsn'。"),
        (["dispatch", "--workers", "0"], "错误：'--workers' 的值无效：0 不在范围 1<=x<=256 之内。"),
        (["status", "all"], "错误：多余的参数（all）"),
        (["health", "--json=1"], "错误：选项 '--json' 不带值。"),
    ],
)
def test_wrong_usage_is_told_in_chinese_with_the_same_exit_code(arguments: list[str], said: str) -> None:
    done = CliRunner().invoke(build_cli(), ["--lang", "zh", *arguments])
    assert (done.exit_code, said in done.stderr) == (2, True), done.stderr


MakeWorld = Callable[[Sequence[str]], CliWorld]


def test_tables_have_chinese_headings_where_the_locale_is_chinese_and_json_stays(make_world: MakeWorld) -> None:
    world = make_world((FINE, DOUBTFUL))
    english = world.invoke("generate", "--dry-run", "--json").stdout
    world.environment["LANG"] = "zh_CN.UTF-8"
    assert world.invoke("generate", "--dry-run", "--json").stdout == english
    headings = world.invoke("generate").stdout.splitlines()[0].split()
    assert headings == ["活动", "记录", "已入队", "已有", "扣留"]
    assert world.invoke("tasks").stdout.splitlines()[0].split()[:4] == ["编号", "状态", "活动", "键"]
    heading, row, *_ = world.invoke("status").stdout.splitlines()
    assert heading.split()[:2] == ["活动", "等待"]
    waiting = row.split()[1]
    assert cell_len(heading.partition("等待")[0] + "等待") == row.index(f" {waiting} ") + 1 + len(waiting)
