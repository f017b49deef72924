"""What pydantic finds wrong, in the words and at the places of the file."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, ClassVar

from pydantic import ValidationError
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, JsonSchemaWarningKind
from pydantic_core import CoreSchema, ErrorDetails

from notifykit.config.credentials import credential_in
from notifykit.config.defects import Defects, Place
from notifykit.config.tree import KeyPath, Node, Written, dotted, locate
from notifykit.secrets import PlaintextSecretError
from notifykit.wording.nearest import did_you_mean, hint, nearest
from notifykit.wording.translation import gettext, gettext_noop, pgettext

_LONGEST_SHOWN = 60
_UNKNOWN_KEY = ("extra_forbidden", "unexpected_keyword_argument")
_WORDS = {
    "bool_parsing": gettext_noop("must be true or false"),
    "bool_type": gettext_noop("must be true or false"),
    "dataclass_type": gettext_noop("must be a mapping"),
    "dict_type": gettext_noop("must be a mapping"),
    "finite_number": gettext_noop("must be a number"),
    "float_parsing": gettext_noop("must be a number"),
    "float_type": gettext_noop("must be a number"),
    "int_from_float": gettext_noop("must be a whole number"),
    "int_parsing": gettext_noop("must be a whole number"),
    "int_type": gettext_noop("must be a whole number"),
    "list_type": gettext_noop("must be a list"),
    "missing": gettext_noop("is missing"),
    "model_type": gettext_noop("must be a mapping"),
    "path_type": gettext_noop("must be a path"),
    "set_type": gettext_noop("must be a list"),
    "string_type": gettext_noop("must be text"),
    "too_short": gettext_noop("must not be empty"),
    "tuple_type": gettext_noop("must be a list"),
}
_MAPPINGS = {kind for kind, words in _WORDS.items() if words == _WORDS["dict_type"]}
_LISTS = {kind for kind, words in _WORDS.items() if words == _WORDS["list_type"]}
_PLACES: Mapping[KeyPath, str] = {
    (): gettext_noop("to the whole file, at its beginning"),
    ("messages", 0): gettext_noop("to a message, under `messages`"),
}
"""Where a key may have been meant to stand, in a campaign."""
_BOUNDS = {
    "greater_than": ("gt", gettext_noop("must be greater than {limit:.15g}")),
    "greater_than_equal": ("ge", gettext_noop("must be greater than or equal to {limit:.15g}")),
    "less_than": ("lt", gettext_noop("must be less than {limit:.15g}")),
    "less_than_equal": ("le", gettext_noop("must be less than or equal to {limit:.15g}")),
}
"""By kind of error: where its context has the number, and the words."""


class TolerantJsonSchema(GenerateJsonSchema):
    """JSON Schema also where an option's type has none: any value is allowed there."""

    ignored_warning_kinds: ClassVar[set[JsonSchemaWarningKind]] = {"skipped-choice", "non-serializable-default"}  # type: ignore[misc]

    def handle_invalid_for_json_schema(self, schema: CoreSchema, error_info: str) -> JsonSchemaValue:  # noqa: ARG002
        """Let anything pass."""
        return {}


def explain(
    error: ValidationError,
    section: Node,
    prefix: KeyPath,
    schema: Mapping[str, Any],
    defects: Defects,
    *,
    but: Callable[[ErrorDetails], bool] = lambda _: False,
) -> None:
    """Record what is wrong with a section that stands at `prefix` in its file.

    `schema` is the JSON Schema of what the section was validated against; it knows the valid keys. `but`: what is
    passed over.
    """
    found: dict[tuple[Place, KeyPath], list[ErrorDetails]] = defaultdict(list)
    for detail in error.errors(include_url=False):
        if but(detail):
            continue
        place, path = locate(section, detail["loc"])
        if detail["type"] == "missing":  # at its key, where that stands there with nothing behind it
            path = (*locate(section, detail["loc"][:-1])[1], detail["loc"][-1])
        found[place, (*prefix, *path)].append(detail)
    for (place, path), details in found.items():
        defects.add(place, dotted(path), _what(details, path, schema), _mend(details, path, schema))


def in_words(error: ValidationError, schema: Mapping[str, Any]) -> str:
    """Return what pydantic finds wrong with options that have no place of their own, as one line."""
    raised = ((detail, detail.get("ctx", {}).get("error")) for detail in error.errors(include_url=False))
    return "; ".join(f"{dotted(detail['loc'])}: {said or _worded(detail, schema)}" for detail, said in raised)


def _mend(details: list[ErrorDetails], path: KeyPath, schema: Mapping[str, Any]) -> str:
    """Say how what was given becomes a mapping or a list; nothing where that is not what is wrong."""
    kinds, given = {detail["type"] for detail in details}, details[0]["input"]
    if kinds <= _MAPPINGS and isinstance(given, list):
        return gettext("write its keys without dashes")
    if kinds <= _MAPPINGS and isinstance(given, str) and given and "type" in keys_at(schema, path):
        return gettext("write {{type: {given}}}", given=given)
    if kinds <= _LISTS and given is not None:
        return gettext("begin each item with a dash")
    return ""


def _what(details: list[ErrorDetails], path: KeyPath, schema: Mapping[str, Any]) -> str:
    """Word what is wrong in one place; several details are the members of a union that all refuse."""
    raised = [detail["ctx"]["error"] for detail in details if detail["type"] == "value_error" and "ctx" in detail]
    if any(isinstance(error, PlaintextSecretError) for error in raised):
        return gettext("is a secret in plain text; {mend}", mend=_secret_mend(path))
    texts = [str(error) for error in raised] or [_worded(detail, schema) for detail in details]
    beginning, between = gettext("must be "), gettext(" or ")  # the texts that begin so do it in every language
    text = between.join(dict.fromkeys(texts)).replace(between + beginning, between)
    if not text.startswith(beginning):
        return text
    return gettext("{text}, not {shown}", text=text, shown=shown(details[0]["input"]))


def _worded(detail: ErrorDetails, schema: Mapping[str, Any]) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind in _UNKNOWN_KEY:
        *parent, key = detail["loc"]
        known = keys_at(schema, parent)
        if nearest(str(key), known) is None:
            for place, told in _PLACES.items():
                if key in keys_at(schema, place):
                    return gettext("there is no such key here; it belongs {where}", where=gettext(told))
        return gettext("there is no such key{near}", near=hint(str(key), known))
    if kind in ("literal_error", "enum"):
        meant = nearest(str(detail["input"]), re.findall(r"'([^']*)'", context["expected"]))
        near = did_you_mean(meant) if meant else ""
        return gettext(
            "is {shown}, which is not {wanted}{near}",
            shown=shown(detail["input"]),
            wanted=context["expected"],
            near=near,
        )
    if kind in _BOUNDS:
        key, words = _BOUNDS[kind]
        return gettext(words, limit=context[key])
    if kind in _WORDS:
        return gettext(_WORDS[kind])
    return detail["msg"].replace("Input should be ", gettext("must be "))  # pydantic's own words


def shown(value: object) -> str:
    """Return a value for a message: short, and without a credential."""
    match value:
        case None:
            return pgettext("value", "empty")
        case str() if credential_in(value):
            return gettext("what stands there")
        case Written():
            return str(value)
        case str():
            return f'"{value}"' if len(value) <= _LONGEST_SHOWN else f'"{value[:_LONGEST_SHOWN]}…"'
        case Mapping():
            return gettext("a mapping")
        case list():
            return gettext("a list")
        case _:
            return repr(value)


def _secret_mend(path: KeyPath) -> str:
    """Say how to write the secret that stands at a path, with a name for its variable."""
    steps = [str(step) for step in path if isinstance(step, str)]
    words = re.sub(r"[^A-Z0-9]+", "_", " ".join(steps[steps[:1] == ["senders"] :]).upper()).strip("_")
    return gettext(
        "set an environment variable to it and write {key}: {{env: {name}}}",
        key=steps[-1],
        name=words or "MY_SECRET",
    )


def keys_at(schema: Mapping[str, Any], path: Iterable[str | int]) -> list[str]:
    """Return the keys that a JSON Schema knows at a path."""
    here = list(_members(schema, schema))
    for step in path:
        below = [child for node in here for child in _children(node, step)]
        if below:  # a step that pydantic adds for its own sake (the member of a union) leads nowhere
            here = [member for node in below for member in _members(node, schema)]
    return list(dict.fromkeys(key for node in here for key in node.get("properties", {})))


def _members(node: Mapping[str, Any], root: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield a schema itself, what it refers to, and the members of its unions."""
    yield node
    if "$ref" in node:
        yield from _members(root["$defs"][node["$ref"].rpartition("/")[2]], root)
    for union in ("anyOf", "oneOf", "allOf"):
        for member in node.get(union, ()):
            yield from _members(member, root)


def _children(node: Mapping[str, Any], step: str | int) -> Iterator[Mapping[str, Any]]:
    if isinstance(step, int):
        candidates = [node.get("items")]
    else:
        candidates = [node.get("properties", {}).get(step), node.get("additionalProperties")]
    yield from (child for child in candidates if isinstance(child, Mapping))
