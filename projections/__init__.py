"""Read models: the tables that queries are answered from, built from the log and from nothing else."""
