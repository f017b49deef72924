"""What a migration keeps in the store: the fence, and the record of which campaigns were migrated."""
