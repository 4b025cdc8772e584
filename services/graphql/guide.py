"""One name for two forms: the PMS's guide has a list under getAccommodationBills, software beyond it wants pages.

The schema says the list under the guide's name, so that the guide's documents are right by it, and the pages under
another. A page has other members than a bill, so that a document may also ask for pages under the guide's name.
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

LIST = "getAccommodationBills"
PAGED = "accommodationBills"
PAGE = "BillConnection"
PAGE_MEMBERS = frozenset({"nodes", "edges", "pageInfo"})


def with_pages(document: DocumentNode) -> DocumentNode:
    """The document with the page in place of the list wherever it selects as from a page."""
    changed: DocumentNode = visit(document, _PageForm(fragments_of(document)))
    return changed


class _PageForm(Visitor):
    def __init__(self, fragments: dict[str, FragmentDefinitionNode]) -> None:
        super().__init__()
        self._fragments = fragments

    def enter_field(self, node: FieldNode, *_: Any) -> FieldNode | None:
        if node.name.value != LIST or node.selection_set is None:
            return None
        if not any(self._is_of_page(selection) for selection in node.selection_set.selections):
            return None
        return FieldNode(
            alias=node.alias or node.name,
            name=NameNode(value=PAGED, loc=node.name.loc),
            arguments=node.arguments,
            directives=node.directives,
            selection_set=node.selection_set,
            loc=node.loc,
        )

    def _is_of_page(self, selection: Node) -> bool:
        if isinstance(selection, FieldNode):
            return selection.name.value in PAGE_MEMBERS
        if isinstance(selection, FragmentSpreadNode):
            selection = self._fragments.get(selection.name.value, selection)
        if isinstance(selection, InlineFragmentNode) and selection.type_condition is None:
            return any(self._is_of_page(each) for each in selection.selection_set.selections)
        condition = getattr(selection, "type_condition", None)
        return condition is not None and condition.name.value == PAGE
