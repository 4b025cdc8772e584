"""A journey of a hotel through GraphQL, for clients that know nothing of this service but its documents."""
