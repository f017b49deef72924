"""`notifykit init`: a project of its own, drafted from a file of data or from an old program's code."""

from notifykit.start.model import DataFile, ProjectDraft

__all__ = ["DataFile", "ProjectDraft"]
