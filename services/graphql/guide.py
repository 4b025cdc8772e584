"""Documents in the words of the PMS's own Bill API, which knows no pages.

Its getAccommodationBills is a list: a document selects the members of a bill straight from it. The same name with
pages around it has other members, so the two cannot be mistaken for each other.
"""

from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    NameNode,
    Node,
    Visitor,
    visit,
)

from services.graphql.limits import fragments_of

PAGED = "getAccommodationBills"
LIST = "getAccommodationBillList"
PAGE_MEMBERS = frozenset({"nodes", "edges", "pageInfo", "__typename"})
ITEM = "Bill"


def without_pages(document: DocumentNode) -> DocumentNode:
    """The document with the list in place of the page wherever it selects as from a list."""
    changed: DocumentNode = visit(document, _ListForm(fragments_of(document)))
    return changed


class _ListForm(Visitor):
    def __init__(self, fragments: dict[str, FragmentDefinitionNode]) -> None:
        super().__init__()
        self._fragments = fragments

    def enter_field(self, node: FieldNode, *_: Any) -> FieldNode | None:
        if node.name.value != PAGED or node.selection_set is None:
            return None
        if not any(self._is_of_item(selection) for selection in node.selection_set.selections):
            return None
        return FieldNode(
            alias=node.alias or node.name,
            name=NameNode(value=LIST, loc=node.name.loc),
            arguments=node.arguments,
            directives=node.directives,
            selection_set=node.selection_set,
            loc=node.loc,
        )

    def _is_of_item(self, selection: Node) -> bool:
        if isinstance(selection, FieldNode):
            return selection.name.value not in PAGE_MEMBERS
        if isinstance(selection, FragmentSpreadNode):
            selection = self._fragments.get(selection.name.value, selection)
        if isinstance(selection, InlineFragmentNode) and selection.type_condition is None:
            return any(self._is_of_item(each) for each in selection.selection_set.selections)
        condition = getattr(selection, "type_condition", None)
        return condition is not None and condition.name.value == ITEM
