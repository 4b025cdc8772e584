"""From the text of a document to one that may be carried out: read, limited, validated, and remembered."""

from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    NameNode,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    get_operation_ast,
    get_variable_values,
    is_input_type,
    parse,
    specified_rules,
    type_from_ast,
    validate,
)
from strawberry.extensions import SchemaExtension

from services.graphql.guide import with_pages
from services.graphql.limits import (
    TOKENS_MAX,
    check_cost,
    check_form,
    check_length,
    check_variables,
    fragments_of,
    refused,
)
from services.telemetry import GRAPHQL_DOCUMENTS

NOTHING = " "
"""In place of an empty document, so that it is told as one that cannot be read."""
KNOWN_CHARACTERS_MAX = 200_000
"""Of all documents that are remembered together; read, each takes about a hundred times as many bytes."""
ERRORS_MAX = 20


class Documents:
    """The documents that are known to be right, the longest unused forgotten first: clients send the same few."""

    def __init__(self, *, introspection: bool) -> None:
        self._rules = specified_rules if introspection else (*specified_rules, NoSchemaIntrospectionCustomRule)
        self._known: OrderedDict[str, DocumentNode] = OrderedDict()
        self._characters = 0

    def read(self, text: str) -> DocumentNode:
        """The document, within the limits of its form. Raises GraphQLError."""
        if text in self._known:
            self._known.move_to_end(text)
            return self._known[text]
        check_length(text)
        try:
            document = parse(text, max_tokens=TOKENS_MAX)
        except GraphQLSyntaxError as error:  # a socket would be closed for it, and is to stay open
            raise GraphQLError(error.message, source=error.source, positions=error.positions) from None
        check_form(document)
        return with_pages(document)

    def faults(self, text: str, document: DocumentNode, schema: GraphQLSchema) -> list[GraphQLError]:
        """All that is wrong with a document by the schema."""
        if text in self._known:
            return []
        found = validate(schema, document, self._rules, max_errors=ERRORS_MAX)
        if not found:
            self._remember(text, document)
        return found

    def _remember(self, text: str, document: DocumentNode) -> None:
        self._known[text] = document
        self._characters += len(text)
        while self._characters > KNOWN_CHARACTERS_MAX:
            forgotten, _ = self._known.popitem(last=False)
            self._characters -= len(forgotten)


def reading(documents: Documents) -> Any:
    """Makes the schema read its documents here."""

    class Reading(SchemaExtension):
        def on_parse(self) -> Iterator[None]:
            context = self.execution_context
            name = context.operation_name or None  # once there is a document, Strawberry takes its first operation
            self.unreadable: list[GraphQLError] = []
            try:
                document = documents.read(context.query or "")
                self.operation = _operation(document, name)
            except GraphQLError as error:
                self.unreadable = [error]
                document = _stand_in(name)
            context.graphql_document = document
            yield

        def on_validate(self) -> Iterator[None]:
            context = self.execution_context
            document, variables = context.graphql_document, context.variables or {}
            assert document is not None
            faults = self.unreadable or documents.faults(context.query or "", document, context.schema._schema)
            if not self.unreadable:
                faults = [*faults, *self._faults_of_values(variables, bool(faults))]
            context.pre_execution_errors = faults
            if not faults:
                GRAPHQL_DOCUMENTS.labels(self.operation.operation.value).inc()
            yield

        def _faults_of_values(self, variables: dict[str, Any], document_is_wrong: bool) -> list[GraphQLError]:
            """What is wrong with the variables, or with what the document asks for with them."""
            context = self.execution_context
            assert context.graphql_document is not None
            try:
                check_variables(variables)
                if document_is_wrong:  # else the execution finds what follows
                    return _wrong_variables(context.schema._schema, self.operation, variables)
                check_cost(self.operation, fragments_of(context.graphql_document), variables)
            except GraphQLError as error:
                return [error]
            return []

    return Reading


def _wrong_variables(
    schema: GraphQLSchema, operation: OperationDefinitionNode, variables: dict[str, Any]
) -> list[GraphQLError]:
    """The values that are not of their variables' types, so that all errors of a document are told at once."""
    known = [each for each in operation.variable_definitions or () if is_input_type(type_from_ast(schema, each.type))]
    found = get_variable_values(schema, known, variables, max_errors=ERRORS_MAX)
    return found if isinstance(found, list) else []


def _operation(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    operation = get_operation_ast(document, name)
    if operation is None:
        raise refused("The document must hold one operation, or operationName must name one that it holds.")
    return operation


def _stand_in(name: str | None) -> DocumentNode:
    """A document in the place of one that cannot be read, so that what is wrong is told with its validation."""
    operation = OperationDefinitionNode(
        operation=OperationType.QUERY,
        name=None if name is None else NameNode(value=name),
        selection_set=SelectionSetNode(selections=()),
    )
    return DocumentNode(definitions=(operation,))
