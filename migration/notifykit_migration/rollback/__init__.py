"""The way back: planned, translated, archived, carried out and proven."""
