"""The schema, put together. Run as a program it prints the schema's text, which stands in schema.graphql."""

from typing import Any

import strawberry
from graphql import GraphQLError
from pydantic.alias_generators import to_camel
from strawberry.schema.config import StrawberryConfig

from services.graphql.descriptions import describe_arguments
from services.graphql.documents import Documents, reading
from services.graphql.errors import describe
from services.graphql.execution import ViewExecution
from services.graphql.mutations import mutation_type
from services.graphql.pointing import Places
from services.graphql.queries import Query
from services.graphql.scalars import SCALARS
from services.graphql.subscriptions import Subscription
from services.telemetry import GRAPHQL_ERRORS

ANSWERED_ERRORS_MAX = 200


class FolioSchema(strawberry.Schema):
    """The schema, its errors with the codes of the interface."""

    def process_errors(self, errors: list[GraphQLError], execution_context: Any = None) -> None:
        """Give every error its code before it goes out; of very many the first are told."""
        del errors[ANSWERED_ERRORS_MAX:]
        places = Places(execution_context.graphql_document)
        for error in errors:
            describe(error, execution_context.context.request_id, places)
            GRAPHQL_ERRORS.labels((error.extensions or {})["code"]).inc()


def make_schema(*, introspection: bool) -> FolioSchema:
    """The schema; `introspection` says whether clients may ask for it."""
    schema = FolioSchema(
        Query,
        mutation_type(),
        Subscription,
        extensions=[reading(Documents(introspection=introspection))],
        execution_context_class=ViewExecution,
        config=StrawberryConfig(
            default_resolver=lambda view, name: view[to_camel(name)],
            scalar_map=SCALARS,
            disable_field_suggestions=not introspection,
        ),
    )
    describe_arguments(schema._schema)
    return schema


if __name__ == "__main__":
    print(make_schema(introspection=True).as_str())  # noqa: T201
