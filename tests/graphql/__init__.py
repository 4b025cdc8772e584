"""The GraphQL face, on the whole service in this process."""
