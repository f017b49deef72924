"""What is wrong with a template before any record is there: unknown names, filters, tests and attributes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.meta import find_undeclared_variables

from notifykit.errors import ConfigError, told
from notifykit.wording.nearest import hint, nearest
from notifykit.wording.translation import gettext

RECORD_ATTRIBUTES = frozenset({"key", "row", "place", "get", "items"})
"""What templates may use of a record beside its columns."""

NAMES = ("record", "campaign", "now", "today")
"""What templates see: a record, the name of its campaign, and the time of the pass."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One defect of a template."""

    line: int
    """Within the template, from 1."""
    what: str


class TemplateInvalidError(ConfigError):
    """A template or condition cannot be compiled; the text lists every mistake."""

    def __init__(self, where: str, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__(
            "\n".join(
                gettext("{where}, line {line}: {what}", where=where, line=mistake.line, what=mistake.what)
                for mistake in self.mistakes
            )
        )


def of_syntax(error: TemplateSyntaxError) -> Mistake:
    """Return what Jinja says of a text that is no template."""
    return Mistake(error.lineno, (error.message or gettext("cannot be read")).rstrip("."))


def check_template(tree: nodes.Template, environment: Environment, names: Sequence[str]) -> None:
    """Find what would fail for every record: all mistakes at once. `names`: what it sees.

    Raises TemplateInvalidError, which does not know where the template stands.
    """
    mistakes = {*_of_filters(tree, environment), *_of_attributes(tree), *_of_files(tree)}
    if not mistakes:  # Jinja's own look at names stops at an unknown filter
        mistakes.update(_of_names(tree, environment, names))
    if mistakes:
        raise TemplateInvalidError("", sorted(mistakes, key=lambda mistake: (mistake.line, mistake.what)))


def _of_names(tree: nodes.Template, environment: Environment, names: Sequence[str]) -> Iterable[Mistake]:
    unknown = find_undeclared_variables(tree) - set(names) - set(environment.globals)
    for node in tree.find_all(nodes.Name):
        if node.name in unknown and node.ctx == "load":
            near = hint(node.name, names)
            mend = ""
            if "record" in names and not nearest(node.name, names):
                mend = gettext('a column is written record["{name}"]', name=node.name)
            yield Mistake(
                node.lineno,
                told(gettext('there is nothing called "{name}"{near}', name=node.name, near=near), mend=mend),
            )


def _of_filters(tree: nodes.Template, environment: Environment) -> Iterable[Mistake]:
    for node in tree.find_all(nodes.Filter):
        if node.name not in environment.filters:
            yield Mistake(
                node.lineno,
                gettext('there is no filter "{name}"{near}', name=node.name, near=hint(node.name, environment.filters)),
            )
    for test in tree.find_all(nodes.Test):
        if test.name not in environment.tests:
            yield Mistake(
                test.lineno,
                gettext('there is no test "{name}"{near}', name=test.name, near=hint(test.name, environment.tests)),
            )


def _of_attributes(tree: nodes.Template) -> Iterable[Mistake]:
    for node in tree.find_all(nodes.Getattr):
        if isinstance(node.node, nodes.Name) and node.node.name == "record" and node.attr not in RECORD_ATTRIBUTES:
            yield Mistake(
                node.lineno, gettext('a record has no "{attr}"; a column is written record["{attr}"]', attr=node.attr)
            )


def _of_files(tree: nodes.Template) -> Iterable[Mistake]:
    kinds = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)
    for node in tree.find_all(kinds):
        word = "import" if isinstance(node, nodes.FromImport) else type(node).__name__.lower()
        yield Mistake(node.lineno, gettext("{{% {word} %}} is not possible here: a template stands alone", word=word))
