"""Static name resolution: what a name means across the files of a tree, and what text an expression has."""
