"""YAML text to nodes: by libyaml, which is some ten times as fast, where it reads the text as PyYAML does."""

from __future__ import annotations

import re
from contextlib import suppress

import yaml

_LIBYAML: type[yaml.CSafeLoader] | None = getattr(yaml, "CSafeLoader", None)
"""None where PyYAML was built without it."""

_READ_DIFFERENTLY = re.compile(r"[\t?\ufeff]|(?:^|[\s\[{,])!|[|>][-+0-9]*#", re.MULTILINE)
"""What one of the two refuses, or puts elsewhere: tabs, `?` (explicit keys, and texts in braces), byte order marks,
tags, a comment right behind the sign of a block."""


def composed(text: str) -> yaml.Node | None:
    """Return the root node of a text; None where it holds none. The style of a plain scalar is None, or empty.

    Raises yaml.YAMLError and RecursionError as PyYAML's own parser does: its words and places are what people are told.
    """
    if _LIBYAML is not None and not _READ_DIFFERENTLY.search(text):
        with suppress(yaml.YAMLError):
            node = yaml.compose(text, Loader=_LIBYAML)
            if isinstance(node, yaml.CollectionNode):  # of a document without any, the place differs
                return node
    return yaml.compose(text, Loader=yaml.SafeLoader)
