"""Which argument an error of the library is about: it shows a place in the text, and callers know their arguments."""

import re
from collections.abc import Iterator
from functools import cached_property

from graphql import ArgumentNode, DocumentNode, GraphQLError, ListValueNode, Node, ObjectFieldNode, VariableNode

ARGUMENT_LEFT_OUT = re.compile(r"^Argument '[\w.]+\((\w+):\)' of ")
MEMBER_LEFT_OUT = re.compile(r" to include required field '(\w+)'")
VARIABLE = re.compile(r"^Variable '\$(\w+)' has invalid value(?: at ([\w.\[\]]+))?: ")


class Places:
    """The places of values in a document, by the arguments that they are given for."""

    def __init__(self, document: DocumentNode | None) -> None:
        self._document = document

    @cached_property
    def _values(self) -> dict[int, str]:
        """The pointers of nodes, by what they are."""
        return {} if self._document is None else {id(each): at for each, at in _within_arguments(self._document, "")}

    @cached_property
    def _variables(self) -> dict[str, str]:
        """The first places where variables are used."""
        found = [] if self._document is None else list(_within_arguments(self._document, ""))
        return {each.name.value: at for each, at in reversed(found) if isinstance(each, VariableNode)}

    def pointer_of(self, error: GraphQLError) -> str | None:
        """The argument that an error is about, or the member in it, as `/bills/0/id`; None for one about none."""
        left_out = ARGUMENT_LEFT_OUT.match(error.message)
        if left_out:
            return f"/{left_out[1]}"
        variable, node = VARIABLE.match(error.message), (error.nodes or (None,))[0]
        place = self._values.get(id(node))
        if variable and variable[1] in self._variables:
            place = "/".join([self._variables[variable[1]], *re.findall(r"\w+", variable[2] or "")])
        member = MEMBER_LEFT_OUT.search(error.message)
        return f"{place}/{member[1]}" if place and member else place


def _within_arguments(node: Node, pointer: str) -> Iterator[tuple[Node, str]]:
    """The nodes below a node that belong to an argument, with its pointer."""
    if isinstance(node, ArgumentNode):
        pointer = f"/{node.name.value}"
    elif isinstance(node, ObjectFieldNode):
        pointer = f"{pointer}/{node.name.value}"
    if pointer:
        yield node, pointer
    for key in node.keys:
        below = getattr(node, key, None)
        if isinstance(below, Node):
            yield from _within_arguments(below, pointer)
        elif isinstance(below, tuple | list):
            for number, each in enumerate(below):
                yield from _within_arguments(
                    each, f"{pointer}/{number}" if isinstance(node, ListValueNode) else pointer
                )
