"""JSON Schema of configuration files, for editors: the host's keys and the options of every offered type.

An editor must never mark as wrong what loading accepts. So options that are text take bare numbers and truth values
too, and a campaign that extends another may lack whatever that one has.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from notifykit.campaign.message_options import MessageOptions
from notifykit.config.docstrings import field_docstrings
from notifykit.config.explain import TolerantJsonSchema
from notifykit.config.factory import HOST_KEYS, Role
from notifykit.config.sections import CampaignSection, ProjectSection
from notifykit.config.shapes import Shape
from notifykit.errors import PluginError
from notifykit.plugins.registry import Offer, Registry
from notifykit.secrets import TITLE

Schema = dict[str, Any]
Kind = Literal["campaign", "base", "project"]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TEMPLATE = {"type": "string", "pattern": r"\{[{%]"}
_ONE_TEMPLATE = [{"required": ["template"]}, {"required": ["template_file"]}]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Variant:
    """A section with one of the offered types."""

    type: str
    schema: Schema
    """Requires nothing but the type."""
    needed: list[str]
    """The options without a default."""
    definitions: Schema


def json_schema(registry: Registry, kind: Kind = "campaign") -> Schema:
    """Return the schema of campaign files, of files that are only there to be extended, or of notifykit.yaml."""
    schema = _project(registry) if kind == "project" else _campaign(registry, whole=kind == "campaign")
    kinds = _variants("secret", registry.secrets)
    for one in kinds:
        schema["$defs"].update(one.definitions)
    described = {"$schema": DIALECT, "title": f"notifykit: a {kind} file"}
    whole = _lenient(_with_kinds(schema, [_with_kinds(_reference(one), []) for one in kinds]))
    return {**described, **{key: value for key, value in whole.items() if key not in described}}


def _reference(kind: _Variant) -> Schema:
    """Return how YAML refers to a secret of a kind: by all of its options, or by the first alone."""
    options = kind.schema | {"required": kind.needed}
    alone: Schema = next(iter(kind.schema["properties"].values()), {})
    return {
        "type": "object",
        "properties": {kind.type: {"anyOf": [alone, options]}},
        "required": [kind.type],
        "additionalProperties": False,
    }


def _with_kinds(schema: Any, kinds: list[Schema]) -> Any:
    """Let every secret be of a kind that a plugin offers, too."""
    match schema:
        case {"title": str(title), "oneOf": list(forms), **rest} if title == TITLE:
            return {**rest, "oneOf": [*forms, *kinds]}
        case dict():
            return {key: _with_kinds(value, kinds) for key, value in schema.items()}
        case list():
            return [_with_kinds(value, kinds) for value in schema]
        case _:
            return schema


def _campaign(registry: Registry, *, whole: bool) -> Schema:
    schema = CampaignSection.model_json_schema(schema_generator=TolerantJsonSchema)
    definitions = schema["$defs"]
    message = definitions["MessageSection"]
    complete: Schema = {"messages": {"items": {"required": message["required"], "oneOf": _ONE_TEMPLATE}}}
    message["required"] = ["name"]
    message["properties"]["options"] |= _message_options(registry, definitions)
    del definitions["TypedSection"]
    del definitions["LegacySection"]
    roles: tuple[tuple[Role, Mapping[str, Offer]], ...] = (
        ("source", registry.sources),
        ("strategy", registry.strategies),
        ("legacy", registry.legacy),
    )
    for role, offers in roles:
        variants = _variants(role, offers)
        for variant in variants:
            definitions.update(variant.definitions)
        sections = [variant.schema for variant in variants]
        description = schema["properties"][role]["description"]
        named = _named_by(role)
        inherited: Schema = {
            "title": f"of the inherited {named}",
            "type": "object",
            "not": {"required": [named]},
        }
        schema["properties"][role] = {"description": description, "oneOf": [*sections, inherited]}
        complete[role] = {"required": [named], "allOf": [{}, *(_if_so(named, variant) for variant in variants)]}
    required = schema.pop("required")
    if whole:
        schema["if"] = {"not": {"required": ["extends"]}}
        schema["then"] = {"required": required, "properties": complete}
    return schema


def _message_options(registry: Registry, definitions: Schema) -> Schema:
    """Return what the options of a message can be: those of any type, since a campaign names a channel and no type.

    What an heir leaves out may be in the file that it extends, and whatever is no text can be a template.
    """
    found: list[Schema] = []
    for name, offer in sorted(registry.senders.items()):
        cls = getattr(_loaded(offer), "message_options", None)
        if not isinstance(cls, type) or not dataclasses.is_dataclass(cls):
            continue
        prefix = f"message.{name}."
        try:
            options = _templated(_renamed(dict(MessageOptions(cls).schema), prefix))
        except PluginError:  # loading reports it in better words
            continue
        texts = field_docstrings(cls)
        for field, option in options["properties"].items():
            options["properties"][field] = {"description": texts[field], **option} if field in texts else option
        definitions |= {prefix + key: definition for key, definition in options.pop("$defs", {}).items()}
        found.append({**options, "title": name})
    return {"additionalProperties": True} if not found else {"anyOf": found}


def _loaded(offer: Offer) -> object:
    try:
        return offer.load()
    except PluginError:
        return None


def _templated(schema: Any) -> Any:
    """Let every value be a template, and require nothing."""
    match schema:
        case {"type": "object", **rest}:
            return {"type": "object", **{key: _templated(value) for key, value in rest.items() if key != "required"}}
        case {"type": "boolean" | "integer" | "number"} | {"enum": _} | {"const": _}:
            return {"anyOf": [schema, _TEMPLATE]}
        case dict():
            return {key: _templated(value) for key, value in schema.items()}
        case list():
            return [_templated(value) for value in schema]
        case _:
            return schema


def _project(registry: Registry) -> Schema:
    schema = ProjectSection.model_json_schema(schema_generator=TolerantJsonSchema)
    definitions = schema["$defs"]
    of_channel = definitions.pop("SenderSection")["properties"]
    limits = {name: of_channel[name] for name in ("limits", "key_limits", "concurrency")}
    sections = []
    for variant in _variants("sender", registry.senders):
        definitions.update(variant.definitions)
        properties = variant.schema["properties"] | limits
        sections.append(variant.schema | {"required": ["type", *variant.needed], "properties": properties})
    schema["properties"]["senders"]["additionalProperties"] = {"oneOf": sections} if sections else {"type": "object"}
    observers = []
    for variant in _variants("observer", registry.observers):
        definitions.update(variant.definitions)
        observers.append(variant.schema | {"required": ["type", *variant.needed]})
    definitions.pop("TypedSection", None)
    schema["properties"]["observers"]["additionalProperties"] = (
        {"oneOf": observers} if observers else {"type": "object"}
    )
    for variant in _variants("section", registry.sections):
        definitions.update(variant.definitions)
        schema["properties"][variant.type] = {**variant.schema, "required": variant.needed}
    return schema


def _named_by(role: Role) -> str:
    """Return the key that says which type a section is of."""
    return "kind" if role == "legacy" else "type"


def _if_so(named: str, variant: _Variant) -> Schema:
    return {"if": {"properties": {named: {"const": variant.type}}}, "then": {"required": variant.needed}}


def _variants(role: Role, offers: Mapping[str, Offer]) -> list[_Variant]:
    return [_variant(role, offer) for _, offer in sorted(offers.items())]


def _variant(role: Role, offer: Offer) -> _Variant:
    const: Schema = {
        "const": offer.name,
        "description": f"Offered by {offer.distribution}.",
    }
    named = _named_by(role)
    head: Schema = {} if role in ("section", "secret") else {"properties": {named: const}, "required": [named]}
    section: Schema = {"title": offer.name, "type": "object", "properties": {}, **head}
    try:
        shape = Shape(offer, HOST_KEYS[role])
    except PluginError:  # loading reports it in better words
        return _Variant(type=offer.name, schema=section, needed=[], definitions={})
    prefix = f"{role}.{offer.name}."
    options = _renamed(dict(shape.schema), prefix)
    texts = field_docstrings(shape.cls)
    for name, option in options.get("properties", {}).items():
        section["properties"][name] = {"description": texts[name], **option} if name in texts else option
    return _Variant(
        type=offer.name,
        schema=section | {"description": options.get("description", ""), "additionalProperties": False},
        needed=options.get("required", []),
        definitions={prefix + name: definition for name, definition in options.get("$defs", {}).items()},
    )


def _renamed(schema: Any, prefix: str) -> Any:
    """Let references point to definitions whose names begin with a prefix."""
    match schema:
        case {"$ref": str() as reference, **rest}:
            return {**rest, "$ref": reference.replace("#/$defs/", f"#/$defs/{prefix}")}
        case dict():
            return {key: _renamed(value, prefix) for key, value in schema.items()}
        case list():
            return [_renamed(value, prefix) for value in schema]
        case _:
            return schema


def _lenient(schema: Any) -> Any:
    """Let text be written as what YAML takes for a number or a truth value."""
    match schema:
        case {"type": "string", **rest} if not rest.keys() & {"enum", "const", "pattern"}:
            return {**rest, "type": ["string", "number", "boolean"]}
        case dict():
            return {key: _lenient(value) for key, value in schema.items()}
        case list():
            return [_lenient(value) for value in schema]
        case _:
            return schema
