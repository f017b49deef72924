"""What the old program left, read and not touched: contracts, task table, status file, log."""
