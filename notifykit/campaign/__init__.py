"""A campaign ready to run: its parts, its templates and their filters, and long texts in parts."""
