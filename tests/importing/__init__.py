"""Claims about importing rows from elsewhere into a ledger."""
