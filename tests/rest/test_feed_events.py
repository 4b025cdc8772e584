"""What an event shows to the outside: everything that is public, in the form of CloudEvents, and no guest."""

import copy
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_structured_event
from eventsourcing.persistence import MapperDeserialisationError, StoredEvent

from services.billing.event import LedgerEvent
from services.billing.feed import PlacedEvent
from services.desk.cloud_events import EVENT_VIEWS, cloud_event
from services.rest.schemas import CloudEvent
from services.store.codec import EventCodec
from tests.history.examples import Example, event_classes, examples

CODEC = EventCodec(transcoder=None)  # type: ignore[arg-type]
EXAMPLES = examples()
each_example = pytest.mark.parametrize("example", EXAMPLES, ids=[example.file for example in EXAMPLES])

WITHHELD = {"originator_topic", "sealed", "guest", "reply", "callback"}
"""The library's own name for a class, the guest, and digests of what held the guest."""
OTHER_VALUES = (
    "another", "URL", "TALK", "2027-01-02T03:04:05Z", "2027-01-02", "PAID_AFTER_END", "BILL_DELETED", "v1.AAAA",
    4711, True, False,
)  # fmt: skip


def place(event: LedgerEvent) -> dict[str, Any]:
    """The event as the feed shows it, decoded again."""
    shown: dict[str, Any] = msgspec.json.decode(
        msgspec.json.encode(cloud_event(PlacedEvent(4711, event, "HOTEL-1", "FOLIO-1")))
    )
    return shown


def load(example: Example, state: dict[str, Any]) -> LedgerEvent:
    stored = StoredEvent(example.stream, example.version, example.topic, json.dumps(state).encode())
    event: LedgerEvent = CODEC.to_domain_event(stored)
    return event


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value in a state that is neither an object nor a list, and not missing."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if items is None:
        if value is not None:
            yield path
        return
    for name, item in items:
        yield from leaves(item, (*path, name))


def with_other_values(example: Example, path: tuple[Any, ...]) -> Iterator[LedgerEvent]:
    """The event with one value changed, in every way that its type allows."""
    for other in OTHER_VALUES:
        state = copy.deepcopy(example.state)
        holder = state
        for name in path[:-1]:
            holder = holder[name]
        if holder[path[-1]] == other:
            continue
        holder[path[-1]] = other
        try:
            yield load(example, state)
        except MapperDeserialisationError:
            continue


@each_example
def test_every_value_of_an_event_is_shown_but_for_those_that_are_withheld(example: Example) -> None:
    shown = place(load(example, example.state))
    for path in leaves(example.state):
        others = [place(changed) for changed in with_other_values(example, path)]
        assert others, path
        withheld = path[-1] in WITHHELD
        assert all((other == shown) == withheld for other in others), path


@each_example
def test_no_guest_and_no_ciphertext_leaves_with_an_event(example: Example) -> None:
    state = json.dumps(example.state)
    text = json.dumps(place(load(example, example.state)), ensure_ascii=False)
    assert "v1." not in text
    assert "sealed" not in text
    if "v1." in state:
        assert "***" in text


@each_example
def test_an_event_is_a_cloud_event(example: Example) -> None:
    shown = cloud_event(PlacedEvent(4711, load(example, example.state), "HOTEL-1", "FOLIO-1"))
    body = msgspec.json.encode(shown)
    CloudEvent.model_validate_json(body)
    message = HTTPMessage({"content-type": "application/cloudevents+json"}, body)
    official = from_structured_event(message)
    assert (official.get_id(), official.get_type()) == ("4711", example.topic)
    assert official.get_source() == "/v1/accommodations/HOTEL-1"
    assert official.get_subject() == example.stream
    assert official.get_time() == datetime.fromisoformat(example.state["timestamp"])
    extensions = {name: official.get_extension(name) for name in ("accommodationid", "folioid", "version")}
    assert extensions == {"accommodationid": "HOTEL-1", "folioid": "FOLIO-1", "version": example.version}
    data = official.get_data()
    assert isinstance(data, dict)
    assert data["by"] == (example.state["user"] or example.state["key"])


def test_every_event_class_says_what_it_shows() -> None:
    assert set(EVENT_VIEWS) == event_classes()


def test_an_event_that_says_nothing_shows_nothing_of_its_own() -> None:
    class Unheard(LedgerEvent):
        TOPIC = "test.unheard_of"
        guest_name: str

    event = Unheard(
        originator_id="S", originator_version=1, timestamp=datetime.now(UTC), key="desk", user=None,
        request_id="R", reason=None, guest_name="홍길동",
    )  # type: ignore[call-arg]  # fmt: skip
    shown = place(event)
    assert shown["data"].keys() == {"by", "key", "user", "requestId", "reason"}
    assert "홍길동" not in json.dumps(shown, ensure_ascii=False)
