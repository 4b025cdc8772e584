"""Views for tools that speak SQL: what hotels evaluate, in the schema `reporting`, described in VIEWS.md."""
