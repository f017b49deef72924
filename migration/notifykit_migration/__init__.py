"""Moves a running legacy system onto the outbox, provably, and back."""
