"""YAML files to validated campaigns: `project.read_project`, then plugins are loaded, then `resolve.resolve`."""
