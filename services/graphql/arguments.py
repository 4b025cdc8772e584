"""The arguments of a mutation, made from the body that its command takes: a member of one is in both."""

import dataclasses
import inspect
import types
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from typing import Annotated, Any, Literal, Optional, Union, get_args, get_origin

import strawberry
from pydantic import AwareDatetime, BaseModel
from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo
from strawberry import ID, UNSET

from services.graphql.scalars import Amount, Date, DateTime

SCALAR_OF_TYPE: Mapping[Any, Any] = {int: Amount, bool: bool, AwareDatetime: DateTime, date: Date, str: str}


def arguments_of(body: type[BaseModel]) -> Iterator[inspect.Parameter]:
    """A parameter for each member of a body, those that are not required with a default."""
    for name, member in body.model_fields.items():
        kind = _input_of(name, member.annotation)
        default = inspect.Parameter.empty if member.is_required() else UNSET
        told = _told(member)
        yield argument(name, kind if member.is_required() else Optional[kind], default, told)  # noqa: UP045


def argument(
    name: str, kind: Any, default: Any = inspect.Parameter.empty, description: str | None = None
) -> inspect.Parameter:
    """A parameter that a resolver takes by its name."""
    annotation = Annotated[kind, strawberry.argument(description=description)] if description else kind
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def members_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments as the members of a body, those left out or null left out."""
    return {to_camel(name): _plain(value) for name, value in given.items() if value is not None and value is not UNSET}


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return members_of(vars(value)) if dataclasses.is_dataclass(value) else value


def _told(member: FieldInfo) -> str | None:
    """What a body tells of a member, as a sentence. Where it may be None, that stands with its other values."""
    found = [member]
    for values in get_args(member.annotation):
        if get_origin(values) is Annotated:
            found += [part for part in get_args(values) if isinstance(part, FieldInfo)]
    told = [each.description for each in found if each.description]
    return f"{told[-1]}." if told else None


def _input_of(name: str, annotation: Any) -> Any:
    origin = get_origin(annotation)
    if origin in {Annotated, Union, types.UnionType}:  # the rest of it is a form, or None
        return _input_of(name, get_args(annotation)[0])
    if origin is list:
        return list[_input_of(name, get_args(annotation)[0])]  # type: ignore[misc]
    if origin is Literal:
        return str
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _input_object(annotation)
    return ID if f"_{name}".endswith("_id") else SCALAR_OF_TYPE[annotation]


@cache
def _input_object(part: type[BaseModel]) -> Any:
    """An input type for a part of a body, such as SettlementInput for SettlementPart."""
    annotations: dict[str, Any] = {}
    fields: dict[str, Any] = {}
    for name, parameter in zip(part.model_fields, arguments_of(part), strict=True):
        annotations[name] = parameter.annotation
        default = {} if parameter.default is inspect.Parameter.empty else {"default": UNSET}
        fields[name] = strawberry.field(description=_told(part.model_fields[name]), **default)
    name = part.__name__.removesuffix("Body").removesuffix("Part") + "Input"
    return strawberry.input(type(name, (), {"__annotations__": annotations, **fields}), description=part.__doc__)
