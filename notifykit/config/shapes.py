"""Plugin classes from sections: their fields are the options."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError

from notifykit.config.defects import Defects
from notifykit.config.explain import TolerantJsonSchema, explain, in_words
from notifykit.config.tree import Branch, KeyPath, dotted, locate, natural, plain
from notifykit.config.twin import twin as twin_of
from notifykit.errors import NotifykitError, PluginError, pass_interrupt
from notifykit.options import OptionError
from notifykit.plugins.registry import Offer
from notifykit.redaction import redact
from notifykit.secrets import SecretMissingError, Surroundings
from notifykit.wording.translation import gettext

Made = TypeVar("Made")


class Shape:
    """The options of one offered type.

    Values are validated against a twin of the class, and the class is then called with them, so that its own
    `__init__` and `__post_init__` run as they would in any program.
    """

    def __init__(self, offer: Offer, reserved: frozenset[str]) -> None:
        """Raise PluginError where the class cannot take its options from YAML."""
        self._by = str(offer.by)
        cls = offer.load()
        if not isinstance(cls, type) or not dataclasses.is_dataclass(cls):
            raise PluginError(
                gettext("its type {name!r} of {by} is no dataclass", name=offer.name, by=self._by),
                mend=gettext("its author must mend that"),
            )
        self.cls: type = cls
        if taken := sorted(reserved & {field.name for field in _options(cls)}):
            raise PluginError(
                gettext(
                    "its type {name!r} of {by} has an option {taken!r}, a word that notifykit keeps for itself",
                    name=offer.name,
                    by=self._by,
                    taken=taken[0],
                ),
                mend=gettext("its author must rename it"),
            )
        self._name = offer.name
        self._adapter = self._of_class(_adapter)

    @property
    def schema(self) -> Mapping[str, Any]:
        """The JSON Schema of the options. Raises PluginError where there can be none."""
        return self._of_class(_schema)

    def _of_class(self, made: Callable[[type], Made]) -> Made:
        try:
            return made(self.cls)
        except (PydanticUserError, NameError, TypeError) as error:
            reason = " ".join(str(error).splitlines()[0].split())
            raise PluginError(
                gettext(
                    "its type {name!r} of {by} has an option that cannot come from YAML ({reason})",
                    name=self._name,
                    by=self._by,
                    reason=reason,
                ),
                mend=gettext("its author must change the field's type, or give it init=False"),
            ) from error

    def build(
        self, section: Branch, prefix: KeyPath, around: Surroundings, defects: Defects, *, host_keys: frozenset[str]
    ) -> Any:
        """Return the plugin's object; None where an option is wrong, which is recorded.

        Raises PluginError where the class itself fails, and SecretMissingError where it insists on a secret
        that need not be there.
        """
        options = {key: plain(node) for key, node in section.entries.items() if key not in host_keys}
        try:
            twin = self._adapter.validate_python(options, context=around)
        except ValidationError as error:
            self._check_defaults(error, options)
            explain(error, section, prefix, self.schema, defects)
            return None
        try:
            return self._called(twin)
        except (SecretMissingError, PluginError):
            raise
        except (ValueError, NotifykitError) as error:
            refused(error, section, prefix, defects)
            return None

    def of(self, written: Mapping[str, Any], around: Surroundings) -> Any:
        """Return the plugin's object of options that stand within another option.

        Raises ValueError, which names the option of these that is wrong, and PluginError as `build` does.
        """
        try:
            twin = self._adapter.validate_python(written, context=around)
        except ValidationError as error:
            self._check_defaults(error, written)
            raise ValueError(redact(in_words(error, self.schema))) from None
        return self._called(twin)

    def _called(self, twin: Any) -> Any:
        values = {field.name: natural(getattr(twin, field.name)) for field in dataclasses.fields(twin)}
        try:
            return self.cls(**values)
        except (ValueError, NotifykitError):
            raise
        except BaseException as error:
            # Third-party code: what it raises fails this campaign or channel alone.
            pass_interrupt(error)
            raise PluginError(
                gettext(
                    "{by} fails with {kind}: {error}", by=self._by, kind=type(error).__name__, error=redact(str(error))
                ),
                mend=gettext("its author needs to know"),
            ) from error

    def _check_defaults(self, error: ValidationError, options: Mapping[str, object]) -> None:
        for detail in error.errors(include_url=False):
            if detail["type"] != "missing" and detail["loc"] and (option := detail["loc"][0]) not in options:
                raise PluginError(
                    gettext(
                        "{by} has an option {option!r} whose default does not fit its type", by=self._by, option=option
                    ),
                    mend=gettext("its author must mend that"),
                )


def _options(cls: type[Any]) -> list[dataclasses.Field[Any]]:
    return [field for field in dataclasses.fields(cls) if field.init]


@lru_cache(maxsize=256)
def _adapter(cls: type) -> TypeAdapter[Any]:
    return TypeAdapter(twin_of(cls, _options(cls)))


@lru_cache(maxsize=256)
def _schema(cls: type) -> Mapping[str, Any]:
    """Return it, which few starts ask for: where an option is wrong, and for editors."""
    return _adapter(cls).json_schema(schema_generator=TolerantJsonSchema)


def refused(error: ValueError | NotifykitError, section: Branch, prefix: KeyPath, defects: Defects) -> None:
    """Record what a class says of its options, at the option that it names."""
    if isinstance(error, OptionError) and error.option in section.entries:
        place, path = locate(section, (error.option,))
        defects.add(place, dotted((*prefix, *path)), redact(error.what), redact(error.mend))
    else:
        place, path = locate(section, ())
        defects.add(place, dotted((*prefix, *path)), redact(str(error)))
