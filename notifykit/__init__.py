"""Run notification campaigns on one durable truth.

Plugin authors need `hookimpl`, the roles in `notifykit.roles`, the values in `notifykit.model` and the option
types in `notifykit.options`. Everything else belongs to the host.
"""

from notifykit.hookspecs import hookimpl

__all__ = ["hookimpl"]
