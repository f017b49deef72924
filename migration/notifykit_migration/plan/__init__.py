"""The plan: every message's decision with its evidence, as a file with a hash."""
