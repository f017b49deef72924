"""YAML files to validated campaigns: `read_project`, then plugins are loaded, then `resolve`."""

from notifykit.config.defects import Defect, InvalidConfigurationError, Place
from notifykit.config.factory import Unavailable
from notifykit.config.project import ProjectFile, read_project
from notifykit.config.resolve import Configuration, resolve
from notifykit.config.schema import json_schema

__all__ = [
    "Configuration",
    "Defect",
    "InvalidConfigurationError",
    "Place",
    "ProjectFile",
    "Unavailable",
    "json_schema",
    "read_project",
    "resolve",
]
