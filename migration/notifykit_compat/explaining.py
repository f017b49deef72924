"""Tells, without running the program, what the shim would replace, and which files belong to which campaign."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from notifykit.wording.translation import gettext
from notifykit_compat.contract_files import FileMap
from notifykit_compat.names import FUNCTIONS, PLAN, TASK_CLASS, Replaced
from notifykit_compat.reading import parsed
from notifykit_compat.replacing import unlike


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionForm:
    """One function of the program."""

    module: str
    name: str
    place: str | None
    """`file:line`; None where there is no such function."""
    becomes: str
    replaced: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FileForm:
    """One file that a campaign owns."""

    campaign: str
    file: str
    becomes: str


def functions(folder: Path, modules: Mapping[str, str]) -> Iterator[FunctionForm]:
    """Yield what becomes of each function that the shim knows, and of what else the modules define."""
    for part, module in modules.items():
        file = folder.joinpath(*module.split(".")).with_suffix(".py")
        found = _definitions(file)
        if found is None:
            yield FunctionForm(
                module=module,
                name="",
                place=None,
                becomes=gettext("there is no readable {file}", file=file),
                replaced=False,
            )
            continue
        known = {**FUNCTIONS.get(part, {}), **{name: one for name, one in PLAN.items() if name in found}}
        for name, expected in known.items():
            node = found.get(name)
            if not isinstance(node, ast.FunctionDef):
                yield FunctionForm(
                    module=module, name=name, place=None, becomes=gettext("is not there"), replaced=False
                )
                continue
            why = _unlike(node, expected)
            becomes = gettext("stays: it {why}", why=why) if why else gettext(expected.becomes)
            yield FunctionForm(
                module=module, name=name, place=f"{file}:{node.lineno}", becomes=becomes, replaced=not why
            )
        for name, node in found.items():
            if name in known:
                continue
            is_task = part == "task_manager" and name == TASK_CLASS
            becomes = gettext("saves to the outbox") if is_task else gettext("stays as it is")
            yield FunctionForm(
                module=module, name=name, place=f"{file}:{node.lineno}", becomes=becomes, replaced=is_task
            )


def files(found: FileMap) -> Iterator[FileForm]:
    """Yield what becomes of each file."""
    for path, file in found.by_status.items():
        yield FileForm(
            campaign=file.campaign.name,
            file=str(path),
            becomes=gettext("never written; what it would say, the outbox answers"),
        )
    for path, file in found.by_csv.items():
        yield FileForm(
            campaign=file.campaign.name, file=str(path), becomes=gettext("rows as before; flags follow the outbox")
        )
    for path, campaign in found.kept.items():
        yield FileForm(campaign=campaign, file=str(path), becomes=gettext("as before, replaced in one piece"))


def _definitions(file: Path) -> dict[str, ast.FunctionDef | ast.ClassDef] | None:
    if (tree := parsed(file)) is None:
        return None
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}


def _unlike(node: ast.FunctionDef, expected: Replaced) -> str:
    arguments = node.args
    plain = len(arguments.posonlyargs) + len(arguments.args)
    others = bool(arguments.vararg or arguments.kwarg or arguments.kwonlyargs)
    return unlike(plain, others=others, takes=expected.takes, more=expected.more)
