"""Backups: made, described, and checked."""
