"""Fields with a resolver, whose answer is a view: the schema's type is said beside it."""

from collections.abc import Callable
from typing import Any

import strawberry

Resolver = Callable[..., Any]


def field(kind: Any, description: str) -> Callable[[Resolver], Any]:
    """A field that is shown as `kind`, a type of the schema or the text of one."""
    made: Callable[[Resolver], Any] = strawberry.field(graphql_type=kind, description=description)
    return made


def subscription(kind: Any, description: str) -> Callable[[Resolver], Any]:
    """A field of which one answer comes after the other."""
    made: Callable[[Resolver], Any] = strawberry.subscription(graphql_type=kind, description=description)
    return made
