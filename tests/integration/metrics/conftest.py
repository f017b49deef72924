"""A project in a folder."""

from cli_world import make_world, world

__all__ = ["make_world", "world"]
