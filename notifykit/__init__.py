"""Run notification campaigns on one durable truth.

Plugin authors need `hookimpl`, the roles in `notifykit.roles`, the values in `notifykit.model` and the option
types in `notifykit.options`. Everything else is the host's.
"""

from notifykit.hookspecs import hookimpl

__all__ = ["hookimpl"]
