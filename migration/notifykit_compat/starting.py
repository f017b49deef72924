"""Which other processes the program starts, and whether the shim is in them: as its code says, and as it happens."""

from __future__ import annotations

import ast
import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from notifykit.durable.ordinary import CODE, read_ordinary
from notifykit.wording.translation import gettext
from notifykit_compat.reading import parsed

SHIMMED = frozenset(
    {
        "multiprocessing.Process", "multiprocessing.Pool", "multiprocessing.get_context", "multiprocessing.pool.Pool",
        "concurrent.futures.ProcessPoolExecutor", "concurrent.futures.process.ProcessPoolExecutor", "os.fork",
    }
)  # fmt: skip
"""Calls whose processes have the shim."""

BARE = frozenset(
    {
        "subprocess.run", "subprocess.Popen", "subprocess.call", "subprocess.check_call", "subprocess.check_output",
        "subprocess.getoutput", "subprocess.getstatusoutput", "asyncio.create_subprocess_exec",
        "asyncio.create_subprocess_shell", "os.system", "os.popen", "os.startfile", "os.posix_spawn", "os.posix_spawnp",
        *(f"os.{kind}{how}" for kind in ("exec", "spawn") for how in ("l", "le", "lp", "lpe", "v", "ve", "vp", "vpe")),
    }
)  # fmt: skip
"""Calls whose processes have none."""

EVENTS = frozenset({"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn"})
"""What Python tells audit hooks of before a process is started."""

_SHELLS = {"sh", "bash", "dash", "zsh", "cmd", "cmd.exe"}
_WITH_VALUE = {"-W", "-X", "--check-hash-based-pycs"}
"""Options of Python that the next word belongs to."""

_OUR_LINE = "notifykit_compat"
_SKIPPED = {"site-packages", "node_modules", "__pycache__"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessForm:
    """A place where the program starts processes."""

    place: str
    """`file:line`."""
    call: str
    becomes: str
    shimmed: bool


def processes(folder: Path) -> Iterator[ProcessForm]:
    """Yield where the code below a folder starts processes that may run Python. Nothing of it is executed."""
    for file in _code_below(folder):
        if (tree := parsed(file)) is None:
            continue
        names = _imported(tree)
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            first, _, rest = ast.unparse(node.func).partition(".")
            call = ".".join(filter(None, (names.get(first), rest)))
            place = f"{file}:{node.lineno}"
            if call in SHIMMED:
                yield ProcessForm(place=place, call=call, becomes=gettext("has the shim, too"), shimmed=True)
            elif call in BARE and (becomes := _of_command(node)):
                yield ProcessForm(place=place, call=call, becomes=becomes, shimmed=False)


def bare_script(event: str, arguments: Sequence[Any], program: Path) -> Path | None:
    """Return the script of the program that an event of EVENTS starts without the shim; None where it does not."""
    words, folder = _command(event, arguments)
    for at, word in enumerate(words):
        if _is_python(word):
            script = _script(words[at + 1 :], Path(folder), program)
        elif at == 0 and word.endswith((".py", ".pyw")):
            script = Path(folder, word)
        else:
            continue
        return script if script is not None and _is_bare(script, program) else None
    return None


def _command(event: str, arguments: Sequence[Any]) -> tuple[list[str], str]:
    """Return the words of a command, and the folder that it starts in."""
    folder = arguments[2] if event == "subprocess.Popen" else None
    at = {"os.system": 0, "os.spawn": 2}.get(event, 1)
    given = arguments[at]
    words = _split(given) if isinstance(given, str | bytes) else [os.fsdecode(word) for word in given]
    if words and Path(words[0]).name.lower() in _SHELLS:
        words = [word for text in words[1:] for word in _split(text)]
    return words, os.fsdecode(folder) if folder else "."


def _split(command: str | bytes) -> list[str]:
    try:
        return [word.strip("\"'") for word in shlex.split(os.fsdecode(command), posix=os.sep == "/")]
    except ValueError:  # a quotation without an end: the shell refuses it as well
        return []


def _is_python(word: str) -> bool:
    return Path(word).name.lower().startswith("python") or os.path.realpath(word) == os.path.realpath(sys.executable)


def _script(words: Sequence[str], folder: Path, program: Path) -> Path | None:
    """Return what Python runs with these words; None for code in the command, and for a module of others."""
    at = 0
    while at < len(words) and words[at].startswith("-"):
        if words[at] == "-c":
            return None
        if words[at] == "-m":
            base = program.joinpath(*words[at + 1].split(".")) if words[at + 1 :] else program
            return next((one for one in (base.with_suffix(".py"), base / "__main__.py") if one.is_file()), None)
        at += 2 if words[at] in _WITH_VALUE else 1
    return folder / words[at] if words[at:] else None


def _is_bare(script: Path, program: Path) -> bool:
    """Whether it is a file of the program that does not have the line with `install()`."""
    try:
        own = script.resolve().is_relative_to(program.resolve())
        return own and _OUR_LINE.encode() not in read_ordinary(script, CODE)
    except OSError:
        return False


def _code_below(folder: Path) -> Iterator[Path]:
    for root, folders, files in os.walk(folder):
        here = Path(root)
        folders[:] = sorted(
            name
            for name in folders
            if name not in _SKIPPED and not name.startswith(".") and not (here / name / "pyvenv.cfg").exists()
        )
        yield from (here / name for name in sorted(files) if name.endswith((".py", ".pyw")))


def _imported(tree: ast.Module) -> dict[str, str]:
    """Return the names that a file imports anywhere, with what they mean."""
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                names[alias.asname or top] = alias.name if alias.asname else top
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.update({alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names})
    return names


def _of_command(call: ast.Call) -> str:
    """Say what becomes of a process of a command; empty where it evidently runs no Python."""
    texts = [node.value for node in ast.walk(call) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    attributes = {ast.unparse(node) for node in ast.walk(call) if isinstance(node, ast.Attribute | ast.Name)}
    if _OUR_LINE in " ".join(texts) or "shim" in texts:
        return ""
    if "sys.executable" in attributes or any("python" in text.lower() or ".py" in text for text in texts):
        return gettext("has no shim: start it by `notifykit shim -- …`, or give the script the line with install()")
    given = call.args[0] if call.args else None
    first = given.elts[0] if isinstance(given, ast.List | ast.Tuple) and given.elts else given
    return "" if isinstance(first, ast.Constant) else gettext("has no shim, where it is a script of the program")
