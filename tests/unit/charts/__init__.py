"""Pictures of reports, without a database."""
