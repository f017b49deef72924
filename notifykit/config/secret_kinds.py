"""The kinds of secret that plugins offer beside `env` and `file`, and what a project refers to by them."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from notifykit.config.shapes import Shape
from notifykit.errors import NotifykitError, pass_interrupt
from notifykit.plugins.registry import Offer
from notifykit.secrets import SecretMissingError, Surroundings, bare
from notifykit.wording.translation import gettext


class Reference:
    """One secret of such a kind. It is read once, when it is first needed."""

    def __init__(self, kind: str, holder: Any) -> None:
        self.kind = kind
        self.holder = holder
        """The plugin's object."""
        self._value = ""

    def read(self) -> str:
        """Return the credential. Raises SecretMissingError, which never holds it."""
        if not self._value:
            where = gettext("the secret of {kind}", kind=self.kind)
            found = self._asked(where)
            if not isinstance(found, str):
                raise SecretMissingError(
                    gettext("{where} is a {type}, not text", where=where, type=type(found).__name__),
                    mend=gettext("its author must mend that"),
                )
            try:
                secret = bare(found, where)
            except ValueError as error:
                raise SecretMissingError(str(error)) from None
            if not secret:
                raise SecretMissingError(gettext("{where} is empty", where=where), mend=gettext("store it there"))
            self._value = secret
        return self._value

    def _asked(self, where: str) -> object:
        try:
            return self.holder.read()
        except SecretMissingError:
            raise
        except NotifykitError as error:
            raise SecretMissingError(error.what, mend=error.mend, where=error.where) from None
        except BaseException as error:  # noqa: BLE001 - third-party code may raise anything
            pass_interrupt(error)
            # Not its text, nor what it came of: both may hold the credential.
            raise SecretMissingError(
                gettext("{where} cannot be read: {error}", where=where, error=type(error).__name__),
                mend=gettext("its author needs to know"),
            ) from None


class SecretKinds:
    """What plugins offer. One for each reading of a project: a reference that stands in several places is read once."""

    def __init__(self, offers: Mapping[str, Offer]) -> None:
        self._offers = offers
        self._shapes: dict[str, Shape] = {}
        self._found: dict[str, Reference] = {}

    @property
    def names(self) -> list[str]:
        """The kinds, as YAML names them."""
        return sorted(self._offers)

    @property
    def references(self) -> tuple[Reference, ...]:
        """Those that were found so far, each once."""
        return tuple(self._found.values())

    def find(self, kind: str, written: object, around: Surroundings) -> Reference:
        """Return the secret that stands behind a kind in YAML: a mapping of its options, or its first option alone.

        Raises ValueError where its options will not do, and PluginError where its plugin will not.
        """
        shape = self._shapes.get(kind) or Shape(self._offers[kind], frozenset())
        self._shapes[kind] = shape
        if not isinstance(written, Mapping):
            first = next((field.name for field in dataclasses.fields(shape.cls) if field.init), "")
            written = {first: written}
        key = json.dumps([kind, written], sort_keys=True, default=str)
        if key not in self._found:
            self._found[key] = Reference(kind, shape.of(written, around))
        return self._found[key]
