"""What a document may ask for: its length, depth, aliases and cost are bounded before anything is looked up.

The limits are far above what a hotel's software needs, and far below what would hold the service up.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    IntValueNode,
    Node,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
)

from services.desk.pages import LIMIT_DEFAULT, LIMIT_MAX

DOCUMENT_LENGTH_MAX = 64 * 1024
TOKENS_MAX = 3_000
DEPTH_MAX = 16
ALIASES_MAX = 100
FRAGMENTS_MAX = 50
REPEATED_FIELDS_MAX = 20
COST_MAX = 50_000
FOLLOWED_COST = 20
"""What it costs to follow a member to another thing, besides what is shown of that: it takes as long as many values."""
VARIABLE_DEPTH_MAX = 10
VARIABLE_VALUES_MAX = 6_000

PAGE_SIZES: Mapping[str, int] = {
    "getAccommodationBills": LIMIT_MAX, "accommodationBills": LIMIT_DEFAULT, "paymentRequests": LIMIT_DEFAULT,
    "folioHistory": LIMIT_DEFAULT,
}  # fmt: skip
"""How many things a list holds when its argument `first` does not say."""
TYPICAL_SIZES: Mapping[str, int] = {
    "bills": 100, "payments": 3, "getBillPayments": 3, "settlementsMade": 2, "settlementsReceived": 2,
    "transferBills": 10, "changes": 6, "links": 1, "__schema": 200,
}  # fmt: skip
"""How many things a list without pages holds: a guess, for the cost alone."""
FOLLOWED = frozenset({"bill", "paymentBill", "paymentRequests", "targetBill", "transferOriginBill", "folio"})
"""Members that lead on to other things."""


def refused(message: str, code: str = "INVALID_PARAMETER") -> GraphQLError:
    """What a document is told that is not carried out."""
    return GraphQLError(message, extensions={"code": code})


def check_length(text: str) -> None:
    """Raise GraphQLError for a document that is too long to be read at all."""
    if len(text) > DOCUMENT_LENGTH_MAX:
        message = f"The document has more than {DOCUMENT_LENGTH_MAX} characters; send values as variables."
        raise refused(message, "PAYLOAD_TOO_LARGE")


def check_form(document: DocumentNode) -> None:
    """Raise GraphQLError for a document that would take long to be validated."""
    fragments = fragments_of(document)
    if len(document.definitions) > FRAGMENTS_MAX:
        raise refused(f"The document has more than {FRAGMENTS_MAX} operations and fragments.")
    aliases = 0
    heights = Heights(fragments)
    for definition in document.definitions:
        if not isinstance(definition, OperationDefinitionNode | FragmentDefinitionNode):
            raise refused("A document holds operations and fragments only.")
        heights.of(definition.selection_set, 0)
        fields = list(_fields(definition.selection_set, ""))
        if len(fields) - len({path for path, _ in fields}) > REPEATED_FIELDS_MAX:
            raise refused(f"More than {REPEATED_FIELDS_MAX} fields are selected at a place where they are already.")
        aliases += sum(field.alias is not None for _, field in fields)
    if aliases > ALIASES_MAX:
        raise refused(f"The document has {aliases} aliases; {ALIASES_MAX} are possible, so send it in parts.")


def fragments_of(document: DocumentNode) -> dict[str, FragmentDefinitionNode]:
    """The fragments of a document by their names."""
    return {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}


def _fields(selection_set: SelectionSetNode, path: str) -> Iterator[tuple[str, FieldNode]]:
    """The fields with their places in the answer, those of fragments that are spread left out.

    Validation compares all pairs of fields that have one place.
    """
    for selection in selection_set.selections:
        below = path
        if isinstance(selection, FieldNode):
            below = f"{path}/{selection.alias.value if selection.alias else selection.name.value}"
            yield below, selection
        inner = getattr(selection, "selection_set", None)
        if inner is not None:
            yield from _fields(inner, below)


class Heights:
    """How deep selections go, each fragment looked at once, however often it is spread."""

    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self._fragments = fragments
        self._known: dict[str, int] = {}
        self._open: list[str] = []

    def of(self, selection_set: SelectionSetNode | None, level: int) -> int:
        """The levels below a level; inline fragments count as well.

        Raises GraphQLError beyond the deepest, and for fragments that spread each other in a circle.
        """
        if selection_set is None:
            return 0
        if not selection_set.selections:  # which graphql-core reads, against the grammar
            raise refused("A selection { } is empty; name in it what shall be answered.")
        return max((self._of_selection(selection, level) for selection in selection_set.selections), default=0)

    def _of_selection(self, selection: Node, level: int) -> int:
        if isinstance(selection, FragmentSpreadNode):
            return self._of_fragment(selection.name.value, level)
        self._check(level + 1)
        return 1 + self.of(getattr(selection, "selection_set", None), level + 1)

    def _of_fragment(self, name: str, level: int) -> int:
        if name in self._open:
            raise refused(f"The fragments {', '.join(self._open)} spread each other in a circle.")
        if name not in self._known:
            self._open.append(name)
            fragment = self._fragments.get(name)
            self._known[name] = self.of(None if fragment is None else fragment.selection_set, level)
            self._open.pop()
        self._check(level + self._known[name])
        return self._known[name]

    def _check(self, level: int) -> None:
        if level > DEPTH_MAX:
            raise refused(f"The document is nested more than {DEPTH_MAX} levels deep.")


class Costs:
    """How many fields an operation answers, guessed from its page sizes, and how often it leads on."""

    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode], variables: Mapping[str, Any]) -> None:
        self._fragments = fragments
        self._variables = variables
        self._known: dict[str, int] = {}

    def of(self, selection_set: SelectionSetNode | None) -> int:
        """The cost of what is below. The fragments must be free of circles."""
        return 0 if selection_set is None else sum(self._of_selection(each) for each in selection_set.selections)

    def _of_selection(self, selection: Node) -> int:
        if isinstance(selection, FragmentSpreadNode):
            return self._of_fragment(selection.name.value)
        inner = self.of(getattr(selection, "selection_set", None))
        if not isinstance(selection, FieldNode):
            return inner
        return (FOLLOWED_COST if selection.name.value in FOLLOWED else 1) + self._size(selection) * inner

    def _of_fragment(self, name: str) -> int:
        if name not in self._known:
            fragment = self._fragments.get(name)
            self._known[name] = self.of(None if fragment is None else fragment.selection_set)
        return self._known[name]

    def _size(self, field: FieldNode) -> int:
        name = field.name.value
        if name not in PAGE_SIZES or not field.arguments:  # a bill has paymentRequests without pages
            return TYPICAL_SIZES.get(name, 1)
        for argument in field.arguments:
            if argument.name.value == "first":
                given = argument.value
                if isinstance(given, VariableNode):
                    return _page_size(self._variables.get(given.name.value))
                if isinstance(given, IntValueNode):
                    return _page_size(int(given.value[:10]))
        return PAGE_SIZES[name]


def _page_size(given: Any) -> int:
    """A size that is none is refused later; it costs as much as a page may."""
    return given if isinstance(given, int) and 1 <= given <= LIMIT_MAX else LIMIT_MAX


def check_cost(
    operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode], variables: Mapping[str, Any]
) -> None:
    """Raise GraphQLError for an operation that would answer too much."""
    cost = Costs(fragments, variables).of(operation.selection_set)
    if cost > COST_MAX:
        raise refused(
            f"The document may cost {cost}: values count 1, a member that leads to another thing {FOLLOWED_COST}."
            f" {COST_MAX} is possible; ask for less, in parts, or for smaller pages."
        )


def check_variables(variables: Mapping[str, Any]) -> None:
    """Raise GraphQLError for variables that hold too many values, or too deep ones."""
    values = 0
    level: list[Any] = [variables]
    for _ in range(VARIABLE_DEPTH_MAX):
        below: list[Any] = []
        for value in level:
            below.extend(value.values() if isinstance(value, dict) else value if isinstance(value, list) else ())
        values += len(below)
        if values > VARIABLE_VALUES_MAX:
            raise refused(f"The variables hold more than {VARIABLE_VALUES_MAX} values.", "PAYLOAD_TOO_LARGE")
        if not below:
            return
        level = below
    raise refused(f"The variables are nested more than {VARIABLE_DEPTH_MAX} levels deep.")
