"""Code that fails, or goes wrong, with the migration's fence or with a task table of more columns."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Sequence

from notifykit.wording.translation import gettext
from notifykit_inventory.model import Danger, Hazard, Place
from notifykit_inventory.resolution.bindings import FunctionNode, dotted, flat
from notifykit_inventory.resolution.evidence import Reader
from notifykit_inventory.resolution.modules import ExternalName, Function
from notifykit_inventory.words import DATABASE

_TASKS = r"(?:main\.)?[\"'`\[]?tasks[\"'`\]]?"
_INSERT = re.compile(rf"\b(?:INSERT(?:\s+OR\s+\w+)?|REPLACE)\s+INTO\s+{_TASKS}\s+(?:VALUES|SELECT)\b", re.IGNORECASE)
_SELECT = re.compile(rf"\bSELECT\s+(?:\w+\.)?\*\s+FROM\s+{_TASKS}(?!\w)", re.IGNORECASE)
_OPENS = {"connect", "create_engine", "create_async_engine", "SqliteDatabase", "Database"}
_NARROW = {
    "KeyError", "ValueError", "IndexError", "TypeError", "AttributeError", "LookupError", "OSError", "IOError",
    "FileNotFoundError", "PermissionError", "UnicodeDecodeError", "ImportError", "KeyboardInterrupt", "StopIteration",
}  # fmt: skip
_EVENT_LOOPS = {"asyncio", "loop", "tg", "group", "task_group", "event_loop", "nursery", "anyio", "trio"}


def statement_hazard(text: str, place: Place, node: ast.expr, lines: Sequence[str]) -> Hazard | None:
    """Return what is wrong with an SQL statement over the task table, if anything."""
    if _INSERT.search(text):
        detail = gettext("it fails once the table has more columns; name the columns")
        return Hazard(place=place, danger=Danger.POSITIONAL_INSERT, detail=detail)
    if _SELECT.search(text):
        near = "\n".join(lines[node.lineno - 1 : node.lineno + 15])
        by_position = re.search(r"\w\[-?\d+\]", near)
        if not by_position:
            detail = gettext("how its rows are read is not seen here; new columns come after the old seven")
        elif "[-" in by_position[0]:
            detail = gettext("rows are read by position from the end: new columns come there; name the columns")
        else:
            detail = gettext("rows are read by position: only columns 0 to 6 stay where they are")
        return Hazard(place=place, danger=Danger.SELECT_STAR, detail=detail)
    return None


def opened_database(
    node: ast.Call, name: str, fold: Callable[[ast.expr], tuple[str, ...]], place: Place
) -> Hazard | None:
    """Return a hazard where a call opens the task database."""
    if name not in _OPENS:
        return None
    given = [*node.args[:1], *(item.value for item in node.keywords if item.arg in ("database", "url", "name"))]
    for value in given:
        for text in fold(value):
            if re.split(r"[/\\:]", text.partition("?")[0])[-1] == DATABASE:
                detail = gettext(
                    "it passes by task_manager, and by the shim; the fence still refuses what it inserts wrongly"
                )
                return Hazard(place=place, danger=Danger.DIRECT, detail=detail)
    return None


def except_around_create(node: ast.Try | ast.TryStar, reader: Reader) -> Iterator[tuple[ast.ExceptHandler, str]]:
    """Yield the handlers that would swallow the fence's refusal of a task."""
    if not any(_creates(call, reader) for call in _calls(node.body)):
        return
    for handler in node.handlers:
        caught = _caught(handler)
        if caught and caught <= _NARROW:
            continue
        if any(isinstance(statement, ast.Raise) for statement in handler.body):
            continue
        told = gettext(
            "except {caught}: it swallows the fence's refusal of a task and goes on as if the task were there",
            caught=", ".join(sorted(caught)) or gettext("(everything)"),
        )
        yield handler, told
        return


def _calls(body: Sequence[ast.stmt]) -> Iterator[ast.Call]:
    """Yield the calls that run with a block, without those in a function, class or `try` within it."""
    for statement in flat(body):
        if isinstance(statement, FunctionNode | ast.ClassDef | ast.Try | ast.TryStar):
            continue
        heads: list[ast.AST] = [statement]
        if isinstance(statement, ast.If | ast.While | ast.For | ast.With | ast.AsyncFor | ast.AsyncWith | ast.Match):
            heads = [part for part in ast.iter_child_nodes(statement) if isinstance(part, ast.expr)]
        for head in heads:
            yield from (part for part in ast.walk(head) if isinstance(part, ast.Call))


def _creates(call: ast.Call, reader: Reader) -> bool:
    names = dotted(call.func)
    if names is None or reader.spelled(call.func) != "create_task":
        return False
    found = reader.meaning(call.func)
    if isinstance(found, ExternalName):
        return found.name.partition(".")[0] not in ("asyncio", "anyio", "trio")
    if isinstance(found, Function) or len(names) == 1:
        return True
    return names[-2] not in _EVENT_LOOPS


def _caught(handler: ast.ExceptHandler) -> set[str]:
    if handler.type is None:
        return set()
    types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return {(dotted(item) or ("?",))[-1] for item in types}
