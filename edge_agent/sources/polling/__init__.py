"""What all polled links have in common: one connection, one question at a time, and patience with the silent."""
