"""What the published schema has words for, and which of them a document uses."""

from importlib.resources import files

from graphql import FieldNode, OperationDefinitionNode, build_schema, parse

from tests.journeys.foreign.journey import DOCUMENTS

SCHEMA = build_schema(files("services.graphql").joinpath("schema.graphql").read_text())


def operations() -> dict[str, set[str]]:
    """Every query, mutation and subscription, with the names of its arguments."""
    roots = (SCHEMA.query_type, SCHEMA.mutation_type, SCHEMA.subscription_type)
    return {name: set(field.args) for root in roots if root is not None for name, field in root.fields.items()}


def called(document: str) -> tuple[str, set[str]]:
    """The operation that a document calls, with the arguments that it gives."""
    [operation] = parse(DOCUMENTS[document]).definitions
    assert isinstance(operation, OperationDefinitionNode)
    [field] = operation.selection_set.selections
    assert isinstance(field, FieldNode)
    return field.name.value, {argument.name.value for argument in field.arguments or ()}
