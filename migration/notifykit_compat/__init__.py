"""Lets a legacy program run unmodified on the outbox."""
