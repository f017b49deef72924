"""Which texts in the code read as English prose, and go past the catalogues of translations.

`python tests/support/suite/spoken.py [FOLDER ...]` lists them: file, line, text.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import catalogues

ROOT = Path(__file__).parents[3]
PACKAGES = ("notifykit", "migration", "plugins")
PROSE = re.compile(r"[A-Za-z][a-z]+[,:;]? [a-z]{2,}")
"""Two words beside one another, as in a sentence; a name, a key or an option is one."""
TYPED = re.compile(r"`[^`]+`")
"""What is typed, within a sentence."""
MARKUP = re.compile(r"<[!a-z]|\x08")
"""HTML, and help that keeps its lines, as click has it: whoever shows that translates it."""
SQL = re.compile(
    r"\b(SELECT|FROM|WHERE|UPDATE|INSERT|CREATE|DROP|DELETE|ALTER|PRAGMA|ANALYZE|BEGIN|LOCK|NOTIFY|LISTEN|JOIN|NULL|AND"
    r"|AS|ORDER|VALUES|PRIMARY|GROUP BY)\b"
)
NAMES = re.compile(r"([\w.]+ \()?\w+(,\s+\w+)+\)?")
"""A list of columns, or a table with them."""
SHELL = re.compile(r"(pip|\.venv/bin/python|keyring set) .*|\w+/[\w-]+; (charset|boundary)=\S*")
"""A command for a shell; what a text is, as HTTP has it."""
DESCRIBING = {"help", "description"}
"""Of options, which whoever shows them translates; of keys, in the JSON Schema that editors read."""
COMMAND = re.compile(r"notifykit [a-z-]+ [a-zA-Z{-]|\x08\nExamples:")
"""A command as it is typed; the examples of a help."""

TRANSLATING = {"gettext", "gettext_noop", "ngettext", "pgettext", "count", "progress", "print_table", "Words"}
"""`Words` has both languages."""
DECORATING = {"command", "group", "option", "argument", "version_option", "example", "_command", "LazyCommand"}
"""Help is translated by whoever shows it."""
BILINGUAL = {"act", "chapter"}
"""A heading of the demonstration is given in both languages."""
COMPARING = {"replace", "startswith", "endswith", "removeprefix", "partition"}
"""Methods of a text: what is looked for is somebody else's."""
OURS_ALONE = {"AssertionError", "NotImplementedError", "RuntimeError", "TypeError"}
"""What only a defect of a program raises."""

_OF_THE_SERVER = "what PostgreSQL says, to be recognised"
AS_THEY_ARE = {
    "migration/notifykit_compat/__init__.py: module": "what Python says of an attribute",
    "migration/notifykit_compat/runtime.py: legacy program": "stored: who decided",
    "migration/notifykit_demo/__init__.py: {notifykit} --project": "a command, which is typed",
    "migration/notifykit_inventory/command.py: # Where": "what a report begins with, which has both languages",
    "migration/notifykit_inventory/drafts/conditions.py": "operators",
    "migration/notifykit_inventory/drafts/values.py: change id": "the name of a column",
    "migration/notifykit_inventory/drafts/whole_project.py:   {}: {type": "YAML",
    "migration/notifykit_inventory/drafts/whole_project.py: campaigns: campaigns": "YAML",
    "migration/notifykit_inventory/forms.py": "a report has both languages side by side",
    "migration/notifykit_inventory/model.py": "words that wording.py has the Chinese of",
    "migration/notifykit_inventory/patch/diff.py": "a mark of the patch format",
    "migration/notifykit_inventory/patch/__init__.py: pip install": "a command, which is typed",
    "migration/notifykit_inventory/source.py: Missing parentheses": "what Python says",
    "migration/notifykit_inventory/source.py: leading zeros": "what Python says",
    "migration/notifykit_inventory/source.py: multiple exception": "what Python says",
    "notifykit/cli/alerts.py: notifykit alerts silence": "an example, which is typed",
    "notifykit/cli/keys.py: notifykit keys distinct": "an example, which is typed",
    "notifykit/cli/reference.py": "writes docs/cli.md, a page in English",
    "notifykit/cli/source.py: notifykit source move": "an example, which is typed",
    'notifykit/demo/opening.py: """Tells everybody': "a script as people have it, and not ours",
    "notifykit/demo/opening.py: senders:": "a project file",
    "notifykit/demo/opening.py: source:": "a file of a campaign",
    "notifykit/demo/service.py": "what the vendor's service says",
    "notifykit/start/drafting.py:   # my-": "YAML",
    "notifykit/start/drafting.py:   - name: message": "YAML",
    "notifykit/start/drafting.py:   {}: {type": "YAML",
    "notifykit/start/drafting.py: campaigns: campaigns": "YAML",
    "notifykit/start/drafting.py: strategy: {type": "YAML",
    "notifykit/start/guessing.py: not notified": "what flags say",
    "notifykit/start/guessing.py: not sent": "what flags say",
    "notifykit/testing/": "told to authors of plugins, by their tests",
    "notifykit/config/known_store.py: The outbox that": "in a file that programs share, whatever they speak",
    "notifykit/engine/database.py: notifykit worker": "a name in the server's own lists",
    "notifykit/http/coding.py": "told to nobody: the reply counts as cut off",
    "notifykit/http/deadline.py": "told to nobody: of a failure its class is told",
    "notifykit/outbox/postgres/failures.py: password authentication failed": _OF_THE_SERVER,
    "notifykit/outbox/postgres/failures.py: no password supplied": _OF_THE_SERVER,
    "notifykit/outbox/postgres/failures.py: private key file": _OF_THE_SERVER,
    "notifykit/outbox/postgres/failures.py: does not support SSL": _OF_THE_SERVER,
    "notifykit/outbox/postgres/failures.py: definition of service": _OF_THE_SERVER,
    "notifykit/outbox/postgres/failures.py: no such database": _OF_THE_SERVER,
    "notifykit/outbox/postgres/failures.py: no such user": _OF_THE_SERVER,
    "notifykit/outbox/postgres/failures.py: too many c": _OF_THE_SERVER,
    "notifykit/outbox/postgres/failures.py: connection slots are reserved": _OF_THE_SERVER,
    "notifykit/outbox/postgres/failures.py: no more connections allowed": _OF_THE_SERVER,
    "notifykit/outbox/postgres/failures.py: hot standby mode": _OF_THE_SERVER,
    "notifykit/outbox/postgres/failures.py: the database system is": _OF_THE_SERVER,
    "notifykit/outbox/postgres/failures.py: authentication failed": _OF_THE_SERVER,
    "notifykit/outbox/postgres/failures.py: not permitted to log in": _OF_THE_SERVER,
    "notifykit/outbox/postgres/failures.py: permission denied for database": _OF_THE_SERVER,
    "notifykit/outbox/postgres/failures.py: does not exist": _OF_THE_SERVER,
    "notifykit/outbox/sqlite/database.py: no such": "what SQLite says, to be recognised",
    "notifykit/outbox/sqlite/database.py: no query solution": "what SQLite says, to be recognised",
    "notifykit/messages/receipts.py: , which is no later": "stored: what a service told",
    "notifykit/secrets.py: {file: path}": "YAML",
    "notifykit/outbox/values.py: {}; before, to {}": "stored: a person's words, and what a message said before",
    "notifykit/metrics/families.py": "what metrics mean, as Prometheus keeps it",
    "notifykit/metrics/metric.py": "told to authors of plugins",
    "notifykit/metrics/told.py: What `notifykit metrics`": "in a file that programs share, whatever they speak",
    "notifykit/operate/activity_page.py": "a page, which has its words in both languages",
    "notifykit/web/static_files.py: public, max-age": "a header of HTTP",
    "notifykit/wording/host.py": "sentences, each in both languages",
    "notifykit/config/parse.py: while scanning": "what PyYAML says, to be recognised",
    "notifykit/config/parse.py: found character": "what PyYAML says, to be recognised",
    "notifykit/config/schema.py": "JSON Schema, which editors read",
    "notifykit/config/column_section.py: Columns of the source": "JSON Schema, which editors read",
    "migration/notifykit_migration/apply/renaming.py: campaign rename": "a command",
    "migration/notifykit_migration/apply/steps.py: （原消息": "kept, and in both languages",
    "migration/notifykit_migration/commands/outputs.py: <": "how files begin that were written before",
    "migration/notifykit_migration/commands/outputs.py: # Takes": "how files begin that were written before",
    "migration/notifykit_migration/legacy/log.py: Error executing": "what the old program writes into its log",
    "migration/notifykit_migration/verify/metrics.py": "what metrics mean, as Prometheus keeps it",
    "migration/notifykit_migration/model.py: never queued": "a value in JSON",
    "migration/notifykit_migration/model.py: partly sent": "a value in JSON",
    "migration/notifykit_migration/rollback/steps.py: journal mode": "a step's name, which the journal keeps",
    "migration/notifykit_migration/store/fence.py: notifykit: this": "what the database tells other programs",
}
"""Where texts are English for everybody, and why: a file or folder, or `FILE: how the text begins`."""


class Prose(NamedTuple):
    """A text that is said in English alone."""

    file: str
    """Below the project's root, with slashes."""
    line: int
    text: str


def prose(folder: Path) -> Iterator[Prose]:
    """Yield what the modules below a folder, or one module, say past the catalogues."""
    for path in sorted(folder.rglob("*.py")) if folder.is_dir() else [folder]:
        file = path.relative_to(ROOT).as_posix()
        tree = ast.parse(path.read_text(encoding="utf-8"))
        translated = {text.id for text in (*catalogues.called(tree), *catalogues.columns(tree))}  # also by a variable
        for line, text in _said(tree):
            if text not in translated and not any(f"{file}: {text}".startswith(known) for known in AS_THEY_ARE):
                yield Prose(file, line, text)


def _said(node: ast.AST) -> Iterator[tuple[int, str]]:
    match node:
        case ast.Constant(value=str(text)) if _is_prose(text):
            yield node.lineno, text
        case ast.JoinedStr(values=parts):
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in parts)
            if _is_prose(text):
                yield node.lineno, text
            else:
                yield from _below(node)
        case ast.Expr(value=ast.Constant()):  # a docstring
            return
        case ast.Call() if _translates(node):
            # What is put into the text may be prose itself.
            yield from (found for part in node.keywords if part.arg not in DESCRIBING for found in _said(part.value))
        case ast.keyword(arg="description") | ast.Compare():
            return
        case ast.Call(func=ast.Attribute(attr=name), args=[_, *others]) if name in COMPARING:
            yield from (found for part in others for found in _said(part))
        case ast.Raise(exc=ast.Call(func=ast.Name(id=name))) if name in OURS_ALONE:
            return
        case _:
            yield from _below(node)


def _below(node: ast.AST) -> Iterator[tuple[int, str]]:
    for child in ast.iter_child_nodes(node):
        yield from _said(child)


def _translates(call: ast.Call) -> bool:
    """Say whether a call has its text translated, is help, or makes a sentence of a reason in both languages."""
    match call.func:
        case ast.Name(id="register"):  # the line of a command that is imported when it is used
            return len(call.args) == 3
        case ast.Name(id=name):
            return name in TRANSLATING | DECORATING or (name.isupper() and len(call.args) >= 3)
        case ast.Attribute(value=ast.Name(id="log")):
            return True
        case ast.Attribute(attr=name):
            return name in DECORATING | BILINGUAL
    return False


def _is_prose(text: str) -> bool:
    found = PROSE.search(TYPED.sub("", text)) and not SQL.search(text) and not COMMAND.match(text)
    return bool(found) and not any(kind.fullmatch(text) for kind in (NAMES, SHELL)) and not MARKUP.match(text)


def main() -> int:
    """List what the folders named, or all packages, say past the catalogues. Returns how many there are."""
    found = [one for name in sys.argv[1:] or PACKAGES for one in prose(ROOT / name)]
    for file, line, text in found:
        print(f"{file}:{line}: {text!r}")
    return len(found)


if __name__ == "__main__":
    print(main())
