"""The project's files: how plans and journals name them, and reading a database without changing a byte."""
