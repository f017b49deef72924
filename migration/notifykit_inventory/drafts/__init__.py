"""Drafts of campaigns: what an old program's code tells of the messages of its contracts and technicians."""
