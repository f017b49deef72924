"""The options of a sender's messages: values to an object of the sender's dataclass, to JSON as stored, and back."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from functools import cache, cached_property
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin, get_type_hints

from notifykit.errors import NotifykitError, PluginError, StoreError, pass_interrupt
from notifykit.model import Metadata
from notifykit.wording.translation import gettext

if TYPE_CHECKING:
    from pydantic import TypeAdapter

    from notifykit.campaign.campaign import Escape
    from notifykit.messages.attachments import Attachment

Steps = tuple[str | int, ...]
Facts = Mapping[str, Any]
"""The `metadata` of a dataclass's field: what its author says of it."""

_NO_FACTS: Facts = {}


class StoredOptionsError(NotifykitError):
    """What is stored with a message fits the sender's dataclass no more."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(why, where=field)
        self.field = field
        self.why = why


@dataclasses.dataclass(frozen=True, slots=True)
class Spot:
    """A place within the options: what its author says of the field, and of which types its value may be."""

    types: tuple[Any, ...]
    facts: Facts = dataclasses.field(default_factory=dict)

    def below(self, step: str | int) -> Spot:
        """Return the place that a key or an index leads to. Where no type tells, what is said of the field counts."""
        for type_ in self.types:
            if isinstance(step, str) and isinstance(type_, type) and dataclasses.is_dataclass(type_):
                for field in dataclasses.fields(type_):
                    if field.name == step:
                        return Spot(_members(_hints(type_)[step]), field.metadata)
            elif get_origin(type_) in (list, tuple, set, frozenset) and isinstance(step, int):
                return Spot(_members(get_args(type_)[0]), self.facts)
            elif get_origin(type_) is dict and isinstance(step, str):
                return Spot(_members(get_args(type_)[1]), self.facts)
        return Spot((), self.facts)

    def escape(self, format_: str | None) -> Escape | None:
        """Return what defuses record data there, in messages of a format."""
        found: Escape | None = self.facts.get("escapes", {}).get(format_, self.facts.get("escape"))
        return found


def _members(hint: Any) -> tuple[Any, ...]:
    """Return the types that an annotation allows: the members of unions, without what is only said about them."""
    origin = get_origin(hint)
    if origin is Annotated:
        return _members(get_args(hint)[0])
    if origin in (Union, UnionType):
        return tuple(member for one in get_args(hint) for member in _members(one))
    return (hint,)


@cache
def _hints(cls: type) -> dict[str, Any]:
    return get_type_hints(cls, include_extras=True)


class MessageOptions:
    """A sender's `message_options`: a dataclass of plain fields, attachments and other such dataclasses."""

    def __init__(self, cls: type) -> None:
        self.cls = cls

    @property
    def spot(self) -> Spot:
        """The place of the options as a whole."""
        return Spot((self.cls,))

    @property
    def fields(self) -> tuple[dataclasses.Field[Any], ...]:
        """The fields that a message gives values for."""
        return tuple(field for field in dataclasses.fields(self.cls) if field.init)

    @property
    def required(self) -> tuple[str, ...]:
        """The names of the fields without a default."""
        missing = dataclasses.MISSING
        return tuple(one.name for one in self.fields if one.default is missing and one.default_factory is missing)

    @property
    def format(self) -> str | None:
        """The format of a message that says none: the default of the field `format`."""
        found = next((one.default for one in self.fields if one.name == "format"), None)
        return found if isinstance(found, str) else None

    @property
    def by_format(self) -> bool:
        """Whether the format says how record data is escaped in any of the fields."""
        return any("escapes" in facts for facts in _all_facts(self.cls, set()))

    @cached_property
    def adapter(self) -> TypeAdapter[Any]:
        """What validates values. Raises PluginError where the class has a field that cannot be validated."""
        from pydantic import TypeAdapter
        from pydantic.errors import PydanticUserError

        from notifykit.config.twin import twin

        try:
            return TypeAdapter(twin(self.cls, self.fields))
        except (PydanticUserError, NameError, TypeError) as error:
            why = " ".join(str(error).splitlines()[0].split())
            raise PluginError(
                gettext("its `message_options` have a field that cannot come from YAML ({why})", why=why),
                mend=gettext("its author must change the field's type, or give it init=False"),
            ) from error

    @cached_property
    def schema(self) -> Mapping[str, Any]:
        """The JSON Schema of the values."""
        from notifykit.config.explain import TolerantJsonSchema

        return self.adapter.json_schema(schema_generator=TolerantJsonSchema)

    def made(self, values: object, context: object) -> Any:
        """Return the object of these values. `context`: pydantic's, which says what an attachment is made of.

        Raises pydantic's ValidationError, whatever ValueError or NotifykitError the class raises, and PluginError where
        it fails otherwise.
        """
        checked = self.adapter.validate_python(values, context=context)
        return self._object(_natural({field.name: getattr(checked, field.name) for field in self.fields}))

    @property
    def takes_text(self) -> bool:
        """Whether a message can be nothing but a text, such as an alert or a test message: see `plain`."""
        return hasattr(self.cls, "for_text") or not self.required

    def plain(self, text: str) -> Metadata | None:
        """Return what is stored of the options of a message that is nothing but a text.

        They are what the class method `for_text(text)` gives, where the class has it, or all defaults (None). Raises
        PluginError where it has none and a field without a default, and what the class raises.
        """
        if not self.takes_text:
            raise PluginError(
                gettext("its messages need {field}, which a message that is only a text lacks", field=self.required[0]),
                mend=gettext("its author can give `message_options` a class method `for_text(text)`"),
            )
        made = getattr(self.cls, "for_text", None)
        found: Metadata | None = None if made is None else stored(_called(made, text))
        return found

    def restored(self, stored: Metadata | None, text: str, contents: Callable[[str], bytes]) -> Any:
        """Return the object of what is stored; None: of a message that is nothing but its text, as `plain` has it.

        `contents`: of attachments, by their hashes.

        Raises StoredOptionsError, and what `contents` raises.
        """
        from pydantic import ValidationError

        from notifykit.messages.attachments import KeptContents

        try:
            known = self.plain(text) if stored is None and self.takes_text else stored
            return self.made(dict(known or {}), KeptContents(contents))
        except ValidationError as error:
            detail = error.errors(include_url=False, include_input=False)[0]
            raise StoredOptionsError(".".join(map(str, detail["loc"])), detail["msg"]) from None
        except StoreError:
            raise
        except (ValueError, NotifykitError) as error:
            raise StoredOptionsError(str(getattr(error, "option", "options")), str(error)) from error

    def _object(self, values: dict[str, Any]) -> Any:
        return _called(self.cls, **values)


@cache
def message_options(cls: type) -> MessageOptions:
    """Return the options of a class: the same for all channels of its sender."""
    return MessageOptions(cls)


def stored(value: Any) -> Any:
    """Return options, or a part of them, as JSON. Raises PluginError for what is no plain value."""
    if dataclasses.is_dataclass(value):
        if (as_data := getattr(value, "as_data", None)) is not None and hasattr(value, "sha256"):
            return as_data()
        return {one.name: stored(getattr(value, one.name)) for one in dataclasses.fields(value) if one.init}
    if isinstance(value, Mapping):
        return {str(key): stored(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [stored(one) for one in value]
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, str | int | float):
        return value
    raise PluginError(
        gettext("its `message_options` hold a {kind}, which cannot be kept", kind=type(value).__name__),
        mend=gettext("its author must change the field's type, or give it init=False"),
    )


def leaves(value: Any, steps: Steps = (), facts: Facts = _NO_FACTS) -> Iterator[tuple[Steps, Facts, str | Attachment]]:
    """Yield the texts and the attachments of options, each with its place and with what is said of the field."""
    if isinstance(value, str) or hasattr(value, "sha256"):
        yield steps, facts, value
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            if field.init:
                yield from leaves(getattr(value, field.name), (*steps, field.name), field.metadata)
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from leaves(one, (*steps, str(key)), facts)
    elif isinstance(value, list | tuple | set | frozenset):
        for at, one in enumerate(value):
            yield from leaves(one, (*steps, at), facts)


def _all_facts(cls: type, seen: set[type]) -> Iterator[Facts]:
    """Yield what is said of each field, also of those within others."""
    seen.add(cls)
    for field in dataclasses.fields(cls):
        yield field.metadata
        waiting = list(_members(_hints(cls)[field.name]))
        while waiting:
            type_ = waiting.pop()
            if dataclasses.is_dataclass(type_) and isinstance(type_, type) and type_ not in seen:
                yield from _all_facts(type_, seen)
            for one in get_args(type_):
                waiting += _members(one)


def _natural(values: dict[str, Any]) -> dict[str, Any]:
    from notifykit.config.tree import natural

    found = natural(values)
    assert isinstance(found, dict)  # noqa: S101 - as it was
    return found


def _called(made: Callable[..., Any], *arguments: Any, **values: Any) -> Any:
    """Call the sender's class, which is third-party code."""
    try:
        return made(*arguments, **values)
    except (ValueError, NotifykitError):
        raise
    except BaseException as error:
        pass_interrupt(error)
        raise PluginError(
            gettext("its `message_options` fail with {kind}: {error}", kind=type(error).__name__, error=error),
            mend=gettext("its author needs to know"),
        ) from error
