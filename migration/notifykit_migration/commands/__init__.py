"""The commands of a migration, a module each."""
