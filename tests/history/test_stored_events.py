"""Every event that was ever stored still loads, and means the same."""

import json
from dataclasses import MISSING, Field, fields, replace
from typing import Any

import pytest
from eventsourcing.persistence import MapperDeserialisationError, StoredEvent
from eventsourcing.utils import resolve_topic

from services.billing.event import LedgerEvent
from services.store.codec import EventCodec
from tests.history.examples import FOLDER, Example, event_classes, examples

CODEC = EventCodec(transcoder=None)  # type: ignore[arg-type]
EXAMPLES = examples()

each_example = pytest.mark.parametrize("example", EXAMPLES, ids=[example.file for example in EXAMPLES])
CLASSES = dict(sorted((each.TOPIC, each) for each in event_classes()))
each_class = pytest.mark.parametrize("event_class", CLASSES.values(), ids=CLASSES.keys())


def load(example: Example) -> LedgerEvent:
    """The example as the log of today would give it."""
    state = json.dumps(example.state, ensure_ascii=False).encode()
    event = CODEC.to_domain_event(StoredEvent(example.stream, example.version, example.topic, state))
    assert isinstance(event, LedgerEvent)
    return event


def fields_of(event_class: Any) -> tuple[Field[Any], ...]:
    """The fields of an event class, which the library makes a dataclass."""
    return fields(event_class)


def canonical(state: dict[str, Any]) -> str:
    """One text for one JSON value, so that 1, 1.0 and true differ."""
    return json.dumps(state, sort_keys=True)


@each_class
def test_every_event_class_has_a_stored_example(event_class: type[LedgerEvent]) -> None:
    assert (FOLDER / f"{event_class.TOPIC}.json").is_file(), (
        f"{event_class.__qualname__} has no stored example: put one as the log holds it into {event_class.TOPIC}.json"
    )


@each_example
def test_a_stored_event_loads_and_is_encoded_as_it_was(example: Example) -> None:
    event = load(example)
    again = CODEC.to_stored_event(event)
    assert (again.originator_id, again.originator_version, again.topic) == (
        example.stream,
        example.version,
        example.topic,
    )
    state = json.loads(again.state)
    added_since = {
        field.name for field in fields_of(type(event)) if field.default is not MISSING
    } - example.state.keys()
    assert canonical({name: value for name, value in state.items() if name not in added_since}) == canonical(
        example.state
    )


@each_example
def test_a_stored_event_belongs_to_the_class_of_its_topic(example: Example) -> None:
    event_class = resolve_topic(example.topic)
    assert type(load(example)) is event_class
    assert event_class in event_classes()
    assert example.file.removesuffix(".json").startswith(example.topic)


@each_class
def test_the_examples_of_a_class_show_every_field_with_a_value(event_class: type[LedgerEvent]) -> None:
    shown = {
        name
        for example in EXAMPLES
        if example.topic == event_class.TOPIC
        for name, value in example.state.items()
        if value is not None
    }
    assert {field.name for field in fields_of(event_class)} - {"originator_id", "originator_version"} <= shown


def test_no_two_classes_share_a_topic() -> None:
    topics = [event_class.TOPIC for event_class in event_classes()]
    assert len(topics) == len(set(topics))
    assert {resolve_topic(topic) for topic in topics} == event_classes()


def test_a_stored_event_that_misses_a_field_is_refused_by_name() -> None:
    example = next(example for example in EXAMPLES if example.topic == "bill.settled")
    state = {name: value for name, value in example.state.items() if name != "settled_amount"}
    with pytest.raises(MapperDeserialisationError, match=r"bill\.settled .*settled_amount"):
        load(replace(example, state=state))
