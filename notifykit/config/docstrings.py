"""What stands under the fields of a dataclass, for editors to show."""

from __future__ import annotations

import ast
import inspect
import textwrap


def field_docstrings(cls: type) -> dict[str, str]:
    """Return the string under each annotated field of a class and its bases, as far as its source can be read."""
    found: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        try:
            tree = ast.parse(textwrap.dedent(inspect.getsource(base)))
        except (OSError, TypeError, SyntaxError):
            continue
        for definition in tree.body[:1]:
            if isinstance(definition, ast.ClassDef):
                found.update(_under_fields(definition))
    return found


def _under_fields(definition: ast.ClassDef) -> dict[str, str]:
    found = {}
    for field, below in zip(definition.body, definition.body[1:], strict=False):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str() as text)):
                found[name] = inspect.cleandoc(text)
    return found
