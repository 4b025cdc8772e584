"""Executing documents: what a view holds is shown as it is, without a resolver and a path for every member.

A page of 100 bills with their payments has some 4,000 members, and graphql-core takes about 4 microseconds for each.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from graphql import GraphQLField, GraphQLList, GraphQLNonNull, GraphQLObjectType, is_leaf_type
from graphql.execution import Executor
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from services.billing.views import View
from services.graphql.limits import refused

FOLLOWED_MAX = 3_000
"""How often members may lead on to other things in one answer, about 30 microseconds each."""
VALUES_MAX = 500_000
"""Values in the lists of one answer, about a quarter of a microsecond each.

Both hold what the cost of a document only guesses: a list may be far longer than most are, and all in it lead on.
"""

Show = Callable[[Any], Any]


class NotShown(Exception):
    """A member without a value where the schema promises one: graphql-core says which."""


class Shape:
    """What a document selects of a type of views: members to show, and the others, which have to be resolved."""

    def __init__(self, show: Show, names: list[str], resolved: dict[str, Any]) -> None:
        self.show = show
        self.names = names
        self.resolved = resolved

    def together(self, shown: View, resolved: View) -> View:
        """All members, in the order of the document."""
        return {name: shown[name] if name in shown else resolved[name] for name in self.names}


class ViewExecution(StrawberryGraphQLCoreExecutionContext):
    """graphql-core's execution; only members that have a resolver take its way.

    What is overridden and called of it is said to be private there: the tests of members and statements hold it.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._shapes: dict[tuple[str, int], Shape] = {}
        self._followed = 0
        self._values = 0

    def build_per_event_executor(self, payload: Any) -> Executor[Any]:
        """The execution for one event of a subscription, which remembers nothing of those before."""
        executor = super().build_per_event_executor(payload)
        executor._relevant_sub_fields = {}
        executor._shapes = {}  # type: ignore[attr-defined]
        executor._followed = executor._values = 0  # type: ignore[attr-defined]
        return executor

    def complete_object_value(
        self, return_type: GraphQLObjectType, field_details_list: Any, info: Any, path: Any, result: Any, context: Any
    ) -> Any:
        """The object as the document selects it."""
        if not isinstance(result, dict):
            return super().complete_object_value(return_type, field_details_list, info, path, result, context)
        shape = self._shape(return_type, field_details_list)
        try:
            shown = shape.show(result)
        except NotShown:
            return super().complete_object_value(return_type, field_details_list, info, path, result, context)
        if not shape.resolved:
            return shown
        self._followed += len(shape.resolved)
        if self._followed > FOLLOWED_MAX:
            raise refused(f"The answer leads on more than {FOLLOWED_MAX} times; ask for it in parts.")
        resolved: Any = self.execute_fields(return_type, result, path, shape.resolved, context)
        return (
            _together_later(shape, shown, resolved) if self.is_awaitable(resolved) else shape.together(shown, resolved)
        )

    def _shape(self, type_: GraphQLObjectType, details: Any) -> Shape:
        known = type_.name, id(details)  # graphql-core keeps the details as long, so that the id stays theirs
        if known not in self._shapes:
            self._shapes[known] = self._made(type_, details)
        return self._shapes[known]

    def _made(self, type_: GraphQLObjectType, details: Any) -> Shape:
        members: list[tuple[str, str, bool, Show | None]] = []
        resolved: dict[str, Any] = {}
        selected = self.collect_subfields(type_, details)[0]
        for name, each in selected.items():
            key = each[0].node.name.value
            member = type_.fields.get(key)
            kind, required = (None, False) if member is None else _unwrapped(member.type)
            show = None
            if member is None or not _is_there(member):
                kind = None
            elif not is_leaf_type(_item(kind)):
                inner = self._shape(_item(kind), each)
                show = self._each(inner) if isinstance(kind, GraphQLList) else inner.show
                kind = None if inner.resolved else kind
            if kind is None:
                resolved[name] = each
            else:
                members.append((name, key, required, show))
        return Shape(_shown(members), list(selected), resolved)

    def _each(self, shape: Shape) -> Show:
        def show(views: list[View]) -> list[View]:
            self._values += len(views) * (1 + len(shape.names))
            if self._values > VALUES_MAX:
                raise refused(f"The answer holds more than {VALUES_MAX} values; ask for it in parts.")
            return [shape.show(view) for view in views]

        return show


async def _together_later(shape: Shape, shown: View, resolved: Awaitable[View]) -> View:
    return shape.together(shown, await resolved)


def _is_there(field: GraphQLField) -> bool:
    """Whether the view has it: Strawberry marks the resolver of a field that was given none."""
    return getattr(field.resolve, "_is_default", False)


def _unwrapped(kind: Any) -> tuple[Any, bool]:
    return (kind.of_type, True) if isinstance(kind, GraphQLNonNull) else (kind, False)


def _item(kind: Any) -> Any:
    """The type of one item of a list, the type itself otherwise."""
    return _unwrapped(kind.of_type)[0] if isinstance(kind, GraphQLList) else kind


def _shown(members: list[tuple[str, str, bool, Show | None]]) -> Show:
    def show(view: View) -> View:
        shown = {}
        for name, key, required, show_member in members:
            value = view[key]
            if value is None:
                if required:
                    raise NotShown
            elif show_member is not None:
                value = show_member(value)
            shown[name] = value
        return shown

    return show
