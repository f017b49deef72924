"""What was begun and done: the journal, steps that can be done again, the lock, the folder."""
