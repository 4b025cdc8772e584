"""From the text of a document to one that may be carried out: read, limited, validated, and remembered."""

from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    NoSchemaIntrospectionCustomRule,
    get_operation_ast,
    parse,
    specified_rules,
    validate,
)
from strawberry.extensions import SchemaExtension

from services.graphql.guide import without_pages
from services.graphql.limits import (
    TOKENS_MAX,
    check_cost,
    check_form,
    check_length,
    check_variables,
    fragments_of,
    refused,
)

KNOWN_MAX = 200
ERRORS_MAX = 20


class Documents:
    """The documents that are known to be right, the longest unused forgotten first: clients send the same few."""

    def __init__(self, *, introspection: bool) -> None:
        self._rules = specified_rules if introspection else (*specified_rules, NoSchemaIntrospectionCustomRule)
        self._known: OrderedDict[str, DocumentNode] = OrderedDict()

    def read(self, text: str) -> DocumentNode:
        """The document, within the limits of its form. Raises GraphQLError."""
        if text in self._known:
            self._known.move_to_end(text)
            return self._known[text]
        check_length(text)
        try:
            document = parse(text, max_tokens=TOKENS_MAX)
        except RecursionError:
            raise refused("The document is nested too deeply.") from None
        check_form(document)
        return without_pages(document)

    def faults(self, text: str, document: DocumentNode, schema: GraphQLSchema) -> list[GraphQLError]:
        """All that is wrong with a document by the schema."""
        if text in self._known:
            return []
        found = validate(schema, document, self._rules, max_errors=ERRORS_MAX)
        if not found:
            self._known[text] = document
            if len(self._known) > KNOWN_MAX:
                self._known.popitem(last=False)
        return found


def reading(documents: Documents) -> Any:
    """Makes the schema read its documents here."""

    class Reading(SchemaExtension):
        def on_parse(self) -> Iterator[None]:
            context = self.execution_context
            context.graphql_document = documents.read(context.query or "")
            yield

        def on_validate(self) -> Iterator[None]:
            context = self.execution_context
            document, variables = context.graphql_document, context.variables or {}
            assert document is not None
            faults = documents.faults(context.query or "", document, context.schema._schema)
            operation = get_operation_ast(document, context.operation_name)
            if not faults and operation is not None:
                try:
                    check_variables(variables)
                    check_cost(operation, fragments_of(document), variables)
                except GraphQLError as error:
                    faults = [error]
            context.pre_execution_errors = faults
            yield

    return Reading
