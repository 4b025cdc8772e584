"""A hotel that lives through its days in memory, by the ledger's own commands: what it records is a realistic log."""
