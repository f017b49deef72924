"""Carrying out a plan: the database and the fence, the flags, and the status files that are retired."""
