"""Checks that a migration did what it said, each with its evidence."""
