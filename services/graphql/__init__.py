"""The GraphQL face: the PMS's Bill API, and more, on the same commands and queries as REST."""
