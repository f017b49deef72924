"""What rollbacks leave for a later migration: the outbox as it was, and how it is put back."""
