"""Business keys as people read them: what two spellings have in common, and how the difference is shown."""
