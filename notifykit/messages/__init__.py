"""What a message carries, how record data stays text in it, and what is told of it later."""
