"""A person's terminal: results, warnings, tables, progress and logs."""
