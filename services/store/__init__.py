"""PostgreSQL: the event log, the keys and outcomes beside it, and the server itself when it is embedded."""
