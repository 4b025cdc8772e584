"""Documents made from the schema's text: every argument a variable, every member selected that REST shows as well."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from graphql import GraphQLField, GraphQLObjectType, build_schema, get_named_type

import services.graphql

SCHEMA = build_schema((Path(services.graphql.__file__).parent / "schema.graphql").read_text("utf-8"))
LINKS = frozenset({"paymentRequests", "transferOriginBill", "paymentBill", "targetBill", "bill", "edges"})
"""Members that lead on to other things, and one that holds again what stands beside it."""
HEADERS = frozenset({"Accommodation.version"})
"""Members that REST shows as headers."""


@cache
def mutation_of(name: str) -> str:
    """A document of one mutation that takes each argument from the variable of the same name."""
    return f"mutation{_by_variables(name, _field(SCHEMA.mutation_type, name))}"


@cache
def query_of(name: str) -> str:
    """A document of one query that takes each argument from the variable of the same name."""
    return f"query{_by_variables(name, _field(SCHEMA.query_type, name))}"


def mutation_with(name: str, arguments: Mapping[str, Any]) -> str:
    """A document of one mutation with these values written into it."""
    given = ", ".join(f"{argument}: {_literal(value)}" for argument, value in arguments.items())
    selection = _selection(_field(SCHEMA.mutation_type, name).type)
    return f"mutation {{ {name}{given and f'({given})'} {selection} }}"


def _field(root: GraphQLObjectType | None, name: str) -> GraphQLField:
    assert root is not None
    field: GraphQLField = root.fields[name]
    return field


def _by_variables(name: str, field: GraphQLField) -> str:
    variables = ", ".join(f"${argument}: {each.type}" for argument, each in field.args.items())
    arguments = ", ".join(f"{argument}: ${argument}" for argument in field.args)
    return f"({variables}) {{ {name}({arguments}) {_selection(field.type)} }}"


def _literal(value: Any) -> str:
    if isinstance(value, dict):
        return f"{{{', '.join(f'{name}: {_literal(each)}' for name, each in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(_literal(each) for each in value)}]"
    return json.dumps(value)


def _selection(kind: Any) -> str:
    named = get_named_type(kind)
    if not isinstance(named, GraphQLObjectType):
        return ""
    shown = {
        name: each for name, each in named.fields.items() if name not in LINKS and f"{named}.{name}" not in HEADERS
    }
    members = (f"{name} {_selection(each.type)}" for name, each in shown.items())
    return f"{{ {' '.join(members)} }}"
